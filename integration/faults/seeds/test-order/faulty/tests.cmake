add_test(NAME makes COMMAND sh -c "echo made > made.txt")
add_test(NAME reads COMMAND grep -q made made.txt)
