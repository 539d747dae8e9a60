# cmake -DNM=nm -DALLOWED=allowed_symbols.txt -DOBJECTS=a.o,b.o -DBAD=bad.o -P check_symbols.cmake
#
# Fails when the objects need a symbol that is neither their own nor on the list. BAD is an object that must
# be refused: a check that cannot fail says nothing.

cmake_minimum_required(VERSION 3.25)

function(foreign_symbols out objects)
  execute_process(COMMAND ${NM} ${objects} OUTPUT_VARIABLE text RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${NM} failed on ${objects}")
  endif()
  file(STRINGS ${ALLOWED} allowed REGEX "^[^#]")
  string(REPLACE ";" "," text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  set(defined "")
  set(needed "")
  foreach(line IN LISTS lines)
    if(line MATCHES "^ +[Uwv] (.+)$")
      list(APPEND needed "${CMAKE_MATCH_1}")
    elseif(line MATCHES "^[0-9a-f]+ [A-Za-z] (.+)$")
      list(APPEND defined "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  if(NOT needed)
    message(FATAL_ERROR "${NM} shows no needed symbol: is its output read rightly?")
  endif()
  list(REMOVE_DUPLICATES needed)
  list(REMOVE_ITEM needed ${defined} ${allowed})
  set(${out} "${needed}" PARENT_SCOPE)
endfunction()

string(REPLACE "," ";" objects "${OBJECTS}")
foreign_symbols(foreign "${objects}")
if(foreign)
  message(FATAL_ERROR "the pipeline needs symbols that are not allowed: ${foreign}")
endif()

foreign_symbols(foreign "${objects};${BAD}")
foreach(symbol IN ITEMS malloc _Znwm pthread_mutex_lock printf __cxa_throw)
  if(NOT symbol IN_LIST foreign)
    message(FATAL_ERROR "the check does not see ${symbol} in ${BAD}: ${foreign}")
  endif()
endforeach()
