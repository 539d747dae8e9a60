. "$(dirname "$0")/common.sh"
mkdir -p "$(dirname "$1")"
echo "#define NAME \"$name\"" > "$1"
