add_test(NAME one COMMAND sh -c "echo one > one.txt")
add_test(NAME two COMMAND sh -c "echo two > two.txt")
