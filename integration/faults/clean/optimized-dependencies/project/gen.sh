echo "#define MADE 1" > $1
