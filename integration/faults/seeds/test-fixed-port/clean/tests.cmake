find_program(PYTHON python3 REQUIRED)
foreach(name one two alone)
  add_test(NAME ${name} COMMAND ${PYTHON} -B -S ${CMAKE_SOURCE_DIR}/serve.py 0)
endforeach()
