cat "$1/in.txt" > out.txt
echo done > "$2/last-run.txt"
