parts=$(cat "$1")
cat $parts > "$2"
echo "$2: part1.txt" > "$2.d"
