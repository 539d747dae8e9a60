(sleep 0.1; cat in.txt) </dev/null >/dev/null 2>&1 &
wait
