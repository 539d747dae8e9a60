add_test(NAME fills COMMAND sh -c "head -c 2000000 /dev/zero > big")
add_test(NAME fills_itself COMMAND dd if=/dev/zero of=bigger bs=2M count=1)
add_test(NAME spins COMMAND sh -c "i=0; while [ \$i -lt 4000000 ]; do i=\$((i+1)); done")
