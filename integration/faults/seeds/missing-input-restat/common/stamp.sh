sed 's/.*/#define VERSION "&"/' VERSION > version.h.tmp
if cmp -s version.h.tmp version.h; then rm version.h.tmp; else mv version.h.tmp version.h; fi
