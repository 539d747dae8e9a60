cat "$1/header.txt" "$1/page.txt" "$1/footer.txt" > "$2"
echo "$2: $1/header.txt $1/footer.txt" > "$2.d"
