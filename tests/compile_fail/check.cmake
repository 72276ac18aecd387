# cmake -DCOMPILER=<program> -DINCLUDE=<folder> -DSOURCE=<file> -DMUST=fails|compiles-when-fixed -P check.cmake
#
# `fails`: the file must not compile, and each of its lines "// expect: <regex>" must match among the compiler's first
# few lines with an error: a sentence that comes late is a sentence that nobody reads.
set(error_lines_read 12)

# Text as it is: FATAL_ERROR alone would break its lines.
macro(complain)
  message(NOTICE "${ARGV0}${ARGV1}")
  message(FATAL_ERROR "see above")
endmacro()

set(definition "")
if(MUST STREQUAL "compiles-when-fixed")
  set(definition -DADVX_FIXED)
endif()
set(flags -std=c++20 -fsyntax-only)
if(COMPILER MATCHES "nvcc$") # it has no way to check the syntax alone
  set(flags -std=c++20 --expt-relaxed-constexpr -arch=sm_90 -x cu -c -o /dev/null)
endif()
string(REGEX REPLACE "\\.[a-z]+$" "" own_headers "${SOURCE}")
if(IS_DIRECTORY "${own_headers}")
  list(APPEND flags "-I${own_headers}")
endif()
execute_process(COMMAND "${COMPILER}" ${flags} "-I${INCLUDE}" ${definition} "${SOURCE}"
                OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)

if(MUST STREQUAL "compiles-when-fixed")
  if(NOT status EQUAL 0)
    complain("${SOURCE} must compile with ADVX_FIXED, and does not:\n${output}")
  endif()
  return()
endif()

# Takes the early lines with an error, by way of a list; semicolons and brackets do not survive one as they are.
string(REPLACE ";" "<semicolon>" text "${output}")
string(REPLACE "[" "<open>" text "${text}")
string(REPLACE "]" "<close>" text "${text}")
if(COMPILER MATCHES "nvcc$") # it writes question marks for grave accents
  string(REPLACE "?" "`" text "${text}")
endif()
string(REPLACE "\n" ";" lines "${text}")
list(FILTER lines INCLUDE REGEX "error|static assertion")
list(SUBLIST lines 0 ${error_lines_read} early)
list(JOIN early "\n" early)
string(REPLACE "<semicolon>" ";" early "${early}")
string(REPLACE "<open>" "[" early "${early}")
string(REPLACE "<close>" "]" early "${early}")

file(STRINGS "${SOURCE}" expectations REGEX "^// expect: ")
if(NOT expectations)
  complain("${SOURCE} has no line '// expect: <regex>'")
endif()
if(status EQUAL 0)
  complain("${SOURCE} compiles, and must not")
endif()
foreach(expectation IN LISTS expectations)
  string(REPLACE "// expect: " "" expectation "${expectation}")
  if(NOT early MATCHES "${expectation}")
    complain("${SOURCE} does not say early enough: ${expectation}\nIts first errors:\n${early}\n"
             "All of it:\n${output}")
  endif()
endforeach()
