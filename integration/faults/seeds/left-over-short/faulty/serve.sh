(sleep 0.2; cat in.txt) </dev/null >/dev/null 2>&1 &
