parts=$(cat "$1")
cat $parts > "$2"
echo "$2:" $parts > "$2.d"
