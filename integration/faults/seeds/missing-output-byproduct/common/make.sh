cat "$1" > out.txt
echo extra > extra.log
