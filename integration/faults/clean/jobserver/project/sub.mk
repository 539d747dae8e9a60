sub.out: one.out two.out
	cat one.out two.out > sub.out
one.out two.out: in.txt
	cat in.txt > $@
