grep mode tool.cfg > mid.tmp
cmp -s mid.tmp mid.txt || cp mid.tmp mid.txt
rm mid.tmp
