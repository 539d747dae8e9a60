add_test(NAME fills COMMAND sh -c "head -c 1000000 /dev/zero > big")
add_test(NAME fills_itself COMMAND dd if=/dev/zero of=bigger bs=1M count=1)
add_test(NAME spins COMMAND sh -c "exit 0")
