head -n 1 text.in > head.new
cmp -s head.new head.txt || cp head.new head.txt
tail -n 1 text.in > body.new
cmp -s body.new body.txt || cp body.new body.txt
rm head.new body.new
