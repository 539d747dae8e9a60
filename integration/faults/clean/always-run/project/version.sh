version=$(git -C "$1" describe --always --dirty 2>/dev/null || echo unknown)
echo "#define VERSION \"$version\"" > "$2.new"
if cmp -s "$2.new" "$2"; then rm "$2.new"; else mv "$2.new" "$2"; fi
