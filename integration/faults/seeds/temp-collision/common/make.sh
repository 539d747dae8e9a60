{ cat in.txt; echo "$2"; } > "$1"
cat "$1" > "$2"
rm -f "$1"
