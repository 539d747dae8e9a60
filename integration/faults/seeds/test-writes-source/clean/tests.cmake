add_test(NAME golden COMMAND sh -c "cat ${CMAKE_SOURCE_DIR}/golden.txt > golden.txt")
add_test(NAME leaves COMMAND sh -c "mkdir out")
