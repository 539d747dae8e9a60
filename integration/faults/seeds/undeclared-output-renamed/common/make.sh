cat in.txt > out.txt
cat in.txt > map.tmp
mv map.tmp out.map
