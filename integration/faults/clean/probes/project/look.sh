command -v no-such-program >/dev/null || true
[ -e absent.cfg ] && exit 1
[ -d ../.git ] && :
[ -r /etc/no-such.conf ] && exit 1
id -un >/dev/null 2>&1
LC_ALL=C.UTF-8 sort "$1" > "$2"
ls -ld . .. / /tmp >/dev/null
echo </dev/null >/dev/null
