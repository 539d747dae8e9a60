# A room of the house: one folder, one library target glovebox::NAME, its unit tests beside its code.
#
#   glovebox_room(NAME
#     SOURCES a.cc b.cc          (none: a header-only room)
#     DEPENDS glovebox::base absl::status
#     TESTS   a_test.cc b_test.cc
#     TEST_DEPENDS ...)          (what only the tests link)
#
# Which room may include which is written down once, in src/rooms.txt, and held by .ci/check-rooms.

add_library(glovebox_options INTERFACE)
target_include_directories(glovebox_options INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/src)
target_compile_definitions(glovebox_options INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_compile_options(glovebox_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wundef
  # In a unit of several files, a variable may rightly have the name of another file's constant (gcc alone knows `local`).
  $<$<NOT:$<BOOL:${GLOVEBOX_UNITY}>>:-Wshadow>
  $<$<AND:$<BOOL:${GLOVEBOX_UNITY}>,$<CXX_COMPILER_ID:GNU>>:-Wshadow=local>
  # gcc 12 takes "x" + std::string for overlapping copies at -O3 (https://gcc.gnu.org/PR105651, mended in 13).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${GLOVEBOX_WERROR}>:-Werror>)

# Sanitizers reach everything but the static launcher (a static program cannot carry ASan's runtime).
add_library(glovebox_sanitize INTERFACE)
if(GLOVEBOX_SANITIZE)
  target_compile_options(glovebox_sanitize INTERFACE
    -fsanitize=${GLOVEBOX_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Without half a million relocations at each start: a quarter of what a test of one case takes then.
  target_link_options(glovebox_sanitize INTERFACE -fsanitize=${GLOVEBOX_SANITIZE} -no-pie)
endif()

# What nearly every test includes, compiled once: a third of a test file's compile time. With ALL the rooms' own files have
# it too. The dev preset does without it in the rooms and the clang preset everywhere (and both without units of several
# files, below), so that a file which forgets an include of its own is found; ./check compiles what was changed last alone.
function(glovebox_precompile_for_tests)
  add_library(glovebox_test_headers OBJECT ${PROJECT_SOURCE_DIR}/src/base/test_headers.cc)
  target_link_libraries(glovebox_test_headers PRIVATE glovebox_options glovebox_sanitize
    absl::flat_hash_map absl::statusor absl::strings GTest::gmock GTest::gtest)
  target_precompile_headers(glovebox_test_headers PRIVATE
    <algorithm> <functional> <map> <memory> <optional> <string> <thread> <variant> <vector>
    <absl/container/flat_hash_map.h> <absl/status/statusor.h> <absl/strings/str_cat.h> <gmock/gmock.h> <gtest/gtest.h>)
endfunction()

# With GLOVEBOX_UNITY, the files of a target that can stand together are compiled as one: what they include is read once
# for all of them. .ci/packing.py says which.
function(glovebox_unity target)
  if(NOT GLOVEBOX_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "^[a-z_0-9]+\\.cc$") # not what is generated
  execute_process(COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/.ci/packing.py ${sources}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE units COMMAND_ERROR_IS_FATAL ANY)
  string(STRIP "${units}" units)
  string(REPLACE ";" "," units "${units}")
  string(REPLACE "\n" ";" units "${units}")
  foreach(unit ${units})
    string(REPLACE "," ";" unit "${unit}")
    list(GET unit 0 first)
    set_source_files_properties(${unit} PROPERTIES UNITY_GROUP ${first})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

function(glovebox_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPENDS;TESTS;TEST_DEPENDS" ${ARGN})
  if(ROOM_SOURCES)
    add_library(glovebox_${name} STATIC ${ROOM_SOURCES})
    target_link_libraries(glovebox_${name}
      PUBLIC glovebox_options glovebox_sanitize ${ROOM_DEPENDS})
    glovebox_unity(glovebox_${name})
    if(GLOVEBOX_PRECOMPILE STREQUAL "ALL")
      target_precompile_headers(glovebox_${name} REUSE_FROM glovebox_test_headers)
      target_compile_definitions(glovebox_${name} PRIVATE GTEST_HAS_PTHREAD=1) # as what was precompiled
    endif()
  else()
    add_library(glovebox_${name} INTERFACE)
    target_link_libraries(glovebox_${name} INTERFACE glovebox_options glovebox_sanitize ${ROOM_DEPENDS})
  endif()
  add_library(glovebox::${name} ALIAS glovebox_${name})
  if(GLOVEBOX_BUILD_TESTS AND ROOM_TESTS)
    glovebox_test(${name}_test SOURCES ${ROOM_TESTS} DEPENDS glovebox::${name} ${ROOM_TEST_DEPENDS})
  endif()
endfunction()

# A libFuzzer target (clang): NAME_fuzz, and with SEEDS a program NAME_seeds DIRECTORY that writes inputs to begin with. Run by
# .ci/fuzz; the libraries are built for it by the preset `fuzz`.
function(glovebox_fuzz name)
  if(NOT GLOVEBOX_FUZZ)
    return()
  endif()
  cmake_parse_arguments(F "" "" "SOURCES;SEEDS;DEPENDS" ${ARGN})
  add_executable(${name}_fuzz ${F_SOURCES})
  target_link_libraries(${name}_fuzz PRIVATE ${F_DEPENDS})
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY GLOVEBOX_FUZZ_TARGETS ${name}_fuzz)
  if(F_SEEDS)
    add_executable(${name}_seeds ${F_SEEDS})
    target_link_libraries(${name}_seeds PRIVATE ${F_DEPENDS})
    set_property(GLOBAL APPEND PROPERTY GLOVEBOX_FUZZ_TARGETS ${name}_seeds)
  endif()
endfunction()

# One test program; each of its cases becomes a CTest test of its own, so that a hang or a crash is one case's.
function(glovebox_test name)
  cmake_parse_arguments(T "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_DEPENDS} GTest::gmock GTest::gtest_main)
  glovebox_unity(${name})
  if(GLOVEBOX_PRECOMPILE)
    target_precompile_headers(${name} REUSE_FROM glovebox_test_headers)
    # clang-tidy cannot read gcc's: what it looks at is compiled without.
    foreach(source ${T_SOURCES})
      if(NOT source MATCHES "_test.cc$")
        set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
      endif()
    endforeach()
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
endfunction()
