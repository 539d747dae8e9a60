# tamper.sh WAY LOG: LOG is how its name begins. Takes something away from CTest's own log, as a test would that failed and does not want it known.
for log in "$2" "$2"?????; do [ -e "$log" ] && break; done
case $1 in
  overwrite) printf gone 1<>"$log" ;;
  empty) : >"$log" ;;
  truncate) truncate -s 0 "$log" ;;
  remove) rm -f "$log" ;;
  rename) mv "$log" "$log.old" ;;
  replace) echo new >"$log.new" && mv -f "$log.new" "$log" ;;
  link) ln "$log" "$log.too" && : >"$log.too" ;;
  chmod) chmod 000 "$log" ;;
  # ctest leaks its log as one of the first descriptors: to us, or to who started us.
  inherited) for fd in /proc/self/fd/3 /proc/self/fd/4 /proc/$PPID/fd/3 /proc/$PPID/fd/4 /proc/$PPID/fd/5; do
               [ "$(readlink $fd)" = "$log" ] && exec truncate -s 0 $fd
             done ;;
  copy) cp /dev/null "$log" ;;
esac
