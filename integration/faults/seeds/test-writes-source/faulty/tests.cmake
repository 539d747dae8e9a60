add_test(NAME golden COMMAND sh -c "echo new > ${CMAKE_SOURCE_DIR}/golden.txt")
add_test(NAME leaves COMMAND sh -c "mkdir ${CMAKE_SOURCE_DIR}/out")
