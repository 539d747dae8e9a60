# glovebox_enable(): runs every compile, link and custom command of a build, and every test, through glovebox-launch.
#
#   glovebox_enable()              at the top level: the whole build. In a project that is part of another
#                                  one's build: its own directory and those below, not its parent's.
#   glovebox_enable(TARGET t...)   compile and link of these targets (Ninja takes no RULE_LAUNCH_CUSTOM
#                                  from a target), and no test
#   -DGLOVEBOX_TESTS=OFF           leaves the tests alone
#
# The properties are set when the directory has been read to its end: include(CTest) with CTEST_USE_LAUNCHERS
# and projects themselves set theirs on the way, and those are kept, behind ours. The command string is the
# same in every configure run (Ninja runs an edge again when its command changes): it holds no option of a run.

if(CMAKE_VERSION VERSION_LESS 3.20)
  message(FATAL_ERROR "Glovebox needs CMake 3.20 or newer, this is ${CMAKE_VERSION}: "
    "run the build under glovebox-ninja, which needs nothing of CMake.")
endif()

# The project that this is injected into may be older than IN_LIST (CMP0057): its policies are its own affair. A function
# keeps the policies under which it was defined, and include() restores the project's at the end of this file.
cmake_policy(VERSION 3.20)

include("${CMAKE_CURRENT_LIST_DIR}/GloveboxPlainWord.cmake")
set_property(GLOBAL PROPERTY GLOVEBOX_MODULES "${CMAKE_CURRENT_LIST_DIR}")

# GLOVEBOX_LAUNCHER: set by whoever wants another launcher; else the one that belongs to this file.
if(NOT GLOVEBOX_LAUNCHER)
  get_filename_component(_glovebox_here "${CMAKE_CURRENT_LIST_FILE}" REALPATH)
  get_filename_component(_glovebox_here "${_glovebox_here}" DIRECTORY)
  include("${_glovebox_here}/GloveboxPaths.cmake")
  set_property(GLOBAL PROPERTY GLOVEBOX_LAUNCHER "${_glovebox_launcher}")
  unset(_glovebox_launcher)
  unset(_glovebox_here)
else()
  set_property(GLOBAL PROPERTY GLOVEBOX_LAUNCHER "${GLOVEBOX_LAUNCHER}")
endif()

# The words before the command. An unset placeholder decays to its bare word, which the launcher knows. The build
# directory goes with them: a command may be run anywhere.
function(_glovebox_launch kind out)
  get_property(launcher GLOBAL PROPERTY GLOVEBOX_LAUNCHER)
  _glovebox_plain_word("${CMAKE_BINARY_DIR}" build)
  if(kind STREQUAL "COMPILE")
    set(words "--role=compile --lang=<LANGUAGE> --target=<TARGET_NAME> --type=<TARGET_TYPE> --out=<OBJECT> --dep=<DEP_FILE>")
  elseif(kind STREQUAL "LINK")
    set(words "--role=link --lang=<LANGUAGE> --target=<TARGET_NAME> --type=<TARGET_TYPE> --out=<TARGET>")
  else()
    set(words "--role=custom --target=<TARGET_NAME> --out=<OUTPUT>")
  endif()
  set(${out} "\"${launcher}\" --build=${build} ${words} --" PARENT_SCOPE)
endfunction()

# A custom command may begin with a word that only the step's own shell can obey: `cd DIR && ...`, `. env.sh && ...`,
# `! cmp a b`. So what stands before it is a function of that shell, which leaves those words where they are and gives
# all else to the launcher, whose own words come first:
#
#   glovebox() { case $6 in
#     .) glovebox_file="$7"; set --; . "$glovebox_file" ;;      a file that is read sees no arguments
#     cd|...) shift 5; "$@" ;;                                  those of base/shell_words.h that begin a command
#     !) shift 6; ! "$@" ;;
#     exec) shift 5; "$@"; exit 127 ;;                          back from it: `exec > FILE` means nothing in a function
#     *) "$@" ;; esac; }
#
# A dollar must not show (CMake writes no `test` and no `install` for Ninja then): printf makes them.
function(_glovebox_shell_function launch out)
  string(REGEX REPLACE "^\"[^\"]*\"" "" options "${launch}")
  string(REGEX MATCHALL " --" words "${options}")
  list(LENGTH words own)
  math(EXPR first "${own} + 2")  # the first word of the command
  math(EXPR second "${own} + 3")
  math(EXPR before "${own} + 1")
  string(CONCAT builtins ":|alias|cd|command|eval|exit|export|popd|pushd|read|readonly|return|set|shift|shopt|"
    "source|trap|type|ulimit|umask|unalias|unset|wait")
  set(all "\\042\\044@\\042")
  string(CONCAT text "glovebox() { case \\044{${first}} in "
    ".) glovebox_file=\\042\\044{${second}}\\042; set --; . \\042\\044glovebox_file\\042;; "
    "${builtins}) shift ${before}; ${all};; "
    "!) shift ${first}; ! ${all};; "
    "exec) shift ${before}; ${all}; exit 127;; "
    "*) ${all};; esac; }")
  set(${out} "eval \"`printf '${text}'`\" && glovebox ${launch}" PARENT_SCOPE)
endfunction()

# Puts ours before `value`, unless it is there already: a subproject may have done it, or the same run of CMake
# through a second way in.
function(_glovebox_chain kind value out)
  _glovebox_launch(${kind} ours)
  if(kind STREQUAL "CUSTOM")
    _glovebox_shell_function("${ours}" ours)
  endif()
  string(FIND "${value}" "${ours}" at)
  if(at EQUAL -1)
    string(STRIP "${ours} ${value}" value)
  endif()
  set(${out} "${value}" PARENT_SCOPE)
endfunction()

# One directory: what stands in its own property, or above it, is kept behind ours.
function(_glovebox_wrap_directory directory)
  foreach(kind COMPILE LINK CUSTOM)
    get_property(old DIRECTORY "${directory}" PROPERTY RULE_LAUNCH_${kind})
    if(NOT old)
      get_property(old GLOBAL PROPERTY RULE_LAUNCH_${kind})
    endif()
    _glovebox_chain(${kind} "${old}" new)
    set_property(DIRECTORY "${directory}" PROPERTY RULE_LAUNCH_${kind} "${new}")
  endforeach()
endfunction()

# What stands nearer to a rule than ours defeats it: a property of a subdirectory, then of a target. A launcher
# that is found there is kept behind ours; an empty value is the project's own wish, kept and reported where it
# stands: what is below directory `above` takes it from there.
function(_glovebox_repair scope name above)
  set(kinds COMPILE LINK CUSTOM)
  if(scope STREQUAL "TARGET")
    set(kinds COMPILE LINK)
  endif()
  foreach(kind ${kinds})
    get_property(set_here ${scope} "${name}" PROPERTY RULE_LAUNCH_${kind} SET)
    get_property(value ${scope} "${name}" PROPERTY RULE_LAUNCH_${kind})
    if(value STREQUAL "")
      get_property(from_above DIRECTORY "${above}" PROPERTY RULE_LAUNCH_${kind})
      if(set_here AND NOT from_above STREQUAL "")
        string(TOLOWER "${kind}" what)
        message(WARNING "Glovebox: RULE_LAUNCH_${kind} is empty in ${scope} ${name}: its ${what} rules are "
          "not wrapped. Remove the property to have them seen under plain ninja or make; under "
          "glovebox-ninja they are seen as they are.")
      endif()
      continue()
    endif()
    _glovebox_chain(${kind} "${value}" new)
    if(NOT new STREQUAL value)
      message(STATUS "Glovebox: RULE_LAUNCH_${kind} of ${scope} ${name} is kept, behind ours")
      set_property(${scope} "${name}" PROPERTY RULE_LAUNCH_${kind} "${new}")
    endif()
  endforeach()
endfunction()

function(_glovebox_walk directory)
  get_property(targets DIRECTORY "${directory}" PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY" AND NOT type STREQUAL "UTILITY")
      _glovebox_repair(TARGET ${target} "${directory}")
    endif()
  endforeach()
  get_property(below DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS below)
    _glovebox_repair(DIRECTORY "${subdirectory}" "${directory}")
    _glovebox_walk("${subdirectory}")
  endforeach()
endfunction()

# The file that CTest reads before the tests of a directory (GloveboxTests.cmake.in says what it does). What is there
# already holds no option of a run either: it is written anew only where it differs.
function(_glovebox_write_test_hook out)
  get_property(launcher GLOBAL PROPERTY GLOVEBOX_LAUNCHER)
  get_property(modules GLOBAL PROPERTY GLOVEBOX_MODULES)
  _glovebox_plain_word("${CMAKE_BINARY_DIR}" build)
  file(READ "${modules}/GloveboxPlainWord.cmake" plain_word)
  set(hook "${CMAKE_BINARY_DIR}/CMakeFiles/GloveboxTests.cmake")
  configure_file("${modules}/GloveboxTests.cmake.in" "${hook}" @ONLY)
  set(${out} "${hook}" PARENT_SCOPE)
endfunction()

# In front of what the project has CTest read, in each directory: `cd sub && ctest` begins in the middle. The old
# TEST_INCLUDE_FILE would be read before all of them.
function(_glovebox_wrap_tests hook directory)
  get_property(theirs DIRECTORY "${directory}" PROPERTY TEST_INCLUDE_FILES)
  get_property(first DIRECTORY "${directory}" PROPERTY TEST_INCLUDE_FILE)
  if(NOT first STREQUAL "")
    list(PREPEND theirs "${first}")
    set_property(DIRECTORY "${directory}" PROPERTY TEST_INCLUDE_FILE)
  endif()
  if(NOT hook IN_LIST theirs)
    list(PREPEND theirs "${hook}")
  endif()
  set_property(DIRECTORY "${directory}" PROPERTY TEST_INCLUDE_FILES "${theirs}")
  get_property(below DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS below)
    _glovebox_wrap_tests("${hook}" "${subdirectory}")
  endforeach()
endfunction()

function(_glovebox_finish directory)
  _glovebox_wrap_directory("${directory}")
  _glovebox_walk("${directory}")
  if(NOT DEFINED GLOVEBOX_TESTS OR GLOVEBOX_TESTS)
    _glovebox_write_test_hook(hook)
    _glovebox_wrap_tests("${hook}" "${directory}")
  endif()
endfunction()

# The query of client glovebox. CMake 3.25 reads queries before the project: its answer comes with the next
# configure run; 3.27 and later take it at once.
function(_glovebox_query_file_api)
  set(query "${CMAKE_BINARY_DIR}/.cmake/api/v1/query/client-glovebox")
  foreach(object codemodel-v2 toolchains-v1 cmakeFiles-v1 cache-v2)
    if(NOT EXISTS "${query}/${object}")
      file(WRITE "${query}/${object}" "")
    endif()
  endforeach()
  if(NOT CMAKE_VERSION VERSION_LESS 3.27)
    cmake_language(EVAL CODE
      "cmake_file_api(QUERY API_VERSION 1 CODEMODEL 2 TOOLCHAINS 1 CMAKEFILES 1 CACHE 2)")
  endif()
endfunction()

function(glovebox_enable)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "TARGET")
  if(DEFINED arg_UNPARSED_ARGUMENTS OR DEFINED arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "glovebox_enable() or glovebox_enable(TARGET <target>...); "
      "not understood: ${arg_UNPARSED_ARGUMENTS}${arg_KEYWORDS_MISSING_VALUES}")
  endif()
  get_property(in_try_compile GLOBAL PROPERTY IN_TRY_COMPILE)
  if(in_try_compile)
    return()
  endif()
  get_property(launcher GLOBAL PROPERTY GLOVEBOX_LAUNCHER)
  if(NOT EXISTS "${launcher}")
    message(FATAL_ERROR "Glovebox: there is no launcher at ${launcher}: install Glovebox again, or say "
      "-DGLOVEBOX_LAUNCHER=/path/to/glovebox-launch")
  endif()
  if(NOT CMAKE_GENERATOR MATCHES "Ninja|Makefiles")
    message(WARNING "Glovebox: the generator ${CMAKE_GENERATOR} takes no RULE_LAUNCH properties: nothing "
      "will be wrapped. Ninja and Makefiles do.")
    return()
  endif()
  _glovebox_query_file_api()
  if(arg_TARGET)
    foreach(target ${arg_TARGET})
      if(NOT TARGET "${target}")
        message(FATAL_ERROR "glovebox_enable(TARGET ${target}): there is no such target here; say it after "
          "add_executable() or add_library()")
      endif()
      get_target_property(aliased ${target} ALIASED_TARGET)
      if(aliased)
        set(target "${aliased}")  # an alias takes no property
      endif()
      foreach(kind COMPILE LINK)
        get_property(old TARGET ${target} PROPERTY RULE_LAUNCH_${kind})
        _glovebox_chain(${kind} "${old}" new)
        set_property(TARGET ${target} PROPERTY RULE_LAUNCH_${kind} "${new}")
      endforeach()
    endforeach()
    return()
  endif()
  set(directory "${CMAKE_CURRENT_SOURCE_DIR}")
  if(ARGC EQUAL 0 AND (PROJECT_SOURCE_DIR STREQUAL "" OR PROJECT_SOURCE_DIR STREQUAL CMAKE_SOURCE_DIR))
    set(directory "${CMAKE_SOURCE_DIR}")
  endif()
  get_property(enabled GLOBAL PROPERTY GLOVEBOX_ENABLED)
  if(directory IN_LIST enabled OR CMAKE_SOURCE_DIR IN_LIST enabled)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY GLOVEBOX_ENABLED "${directory}")
  cmake_language(EVAL CODE
    "cmake_language(DEFER DIRECTORY [==[${directory}]==] CALL _glovebox_finish [==[${directory}]==])")
endfunction()
