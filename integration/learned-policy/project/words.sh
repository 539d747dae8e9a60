# words.sh FILE: its lines as a C array.
echo "static const char* const kWords[] = {"
sed 's/.*/  "&",/' "$1"
echo "};"
