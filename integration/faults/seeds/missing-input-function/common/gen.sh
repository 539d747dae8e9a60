sed 's/.*/#define &/' "$1" > "$2.h"
wc -l < "$1" > "$2.log"
