add_test(NAME makes COMMAND sh -c "echo made > made.txt")
add_test(NAME reads COMMAND grep -q made made.txt)
set_tests_properties(makes PROPERTIES FIXTURES_SETUP made)
set_tests_properties(reads PROPERTIES FIXTURES_REQUIRED made)
