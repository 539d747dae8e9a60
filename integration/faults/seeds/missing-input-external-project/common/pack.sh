cat "$1"/a.txt "$1"/b.txt > "$2"
