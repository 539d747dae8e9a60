mkdir -p "$(dirname "$2")"
sed 's/.*/#define &/' "$1" > "$2"
