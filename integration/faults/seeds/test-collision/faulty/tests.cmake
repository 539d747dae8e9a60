add_test(NAME one COMMAND sh -c "echo one > out.txt")
add_test(NAME two COMMAND sh -c "echo two > out.txt")
