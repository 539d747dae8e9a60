# Writes the page as a C++ file: page.html with its style and its scripts in the places of {{css}} and {{js}}, cut in two at
# {{data}}.
#
# usage: cmake -D PAGE=page.html -D STYLE=page.css -D SCRIPTS=a.js,b.js -D OUTPUT=page_text.cc -P embed.cmake
cmake_minimum_required(VERSION 3.25)

file(READ "${PAGE}" page)
file(READ "${STYLE}" css)
set(js "")
string(REPLACE "," ";" scripts "${SCRIPTS}")
foreach(script IN LISTS scripts)
  file(READ "${script}" text)
  string(APPEND js "${text}")
endforeach()

foreach(part page css js)
  # A compiler may take other characters for wrong ones, and cutting could tear them: the page writes them as \u2713 or &#10003;.
  if("${${part}}" MATCHES "[^\t\n -~]")
    message(FATAL_ERROR "embed: the page's ${part} has a character that is not ASCII: '${CMAKE_MATCH_0}'")
  endif()
  if("${${part}}" MATCHES "\\)~page~\"")
    message(FATAL_ERROR "embed: the page's ${part} has )~page~\", which ends a string here")
  endif()
endforeach()
if(css MATCHES "</style" OR js MATCHES "</script|<!--")
  message(FATAL_ERROR "embed: a style or script that would end its own element")
endif()
foreach(mark css js data)
  string(REGEX MATCHALL "{{${mark}}}" marks "${page}")
  list(LENGTH marks count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "embed: {{${mark}}} stands ${count} times in ${PAGE}, not once")
  endif()
endforeach()

string(REPLACE "{{css}}" "${css}" page "${page}")
string(REPLACE "{{js}}" "${js}" page "${page}")
string(FIND "${page}" "{{data}}" cut)
string(SUBSTRING "${page}" 0 ${cut} head)
math(EXPR cut "${cut} + 8")
string(SUBSTRING "${page}" ${cut} -1 tail)

# As an array of raw strings of 8,000 characters.
function(pieces name text)
  set(out "constexpr absl::string_view ${name}[] = {\n")
  string(LENGTH "${text}" length)
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 piece)
    string(APPEND out "R\"~page~(${piece})~page~\",\n")
    math(EXPR at "${at} + 8000")
  endwhile()
  string(APPEND out "};\n")
  set(${name} "${out}" PARENT_SCOPE)
endfunction()
pieces(kHead "${head}")
pieces(kTail "${tail}")

file(WRITE "${OUTPUT}" "// Made by embed.cmake of src/report/page: edit the files there.
#include \"report/page_text.h\"

namespace glovebox::report {
namespace {
${kHead}${kTail}}  // namespace

absl::Span<const absl::string_view> PageHead() { return kHead; }
absl::Span<const absl::string_view> PageTail() { return kTail; }

}  // namespace glovebox::report
")
