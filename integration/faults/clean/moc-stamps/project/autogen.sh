mkdir -p "$2"
new() { if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi; }
sed -n 's/^SLOT(\(.*\))/int moc_\1(void) { return 1; }/p' "$1/app.h" > "$2/moc_app.c.new"
new "$2/moc_app.c"
echo '#include "moc_app.c"' > "$2/mocs_compilation.c.new"
new "$2/mocs_compilation.c"
echo "$2/timestamp: $1/app.h" > "$2/deps"
touch "$2/timestamp"
