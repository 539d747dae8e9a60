echo '#define MADE 3' > "$1"
