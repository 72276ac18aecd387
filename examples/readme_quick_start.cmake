# cmake -D README=... -D SOURCE=... -D PROGRAM=... -P readme_quick_start.cmake
#
# Fails unless README's first block of C++ is SOURCE, and the block of text after it is what PROGRAM prints. A number
# with two decimals may differ by 0.01: processors round differently.
file(READ "${README}" readme)
file(READ "${SOURCE}" source)

# Takes the next fenced block of the language out of `readme`.
function(next_block language into)
  string(FIND "${readme}" "```${language}\n" start)
  if(start LESS 0)
    message(FATAL_ERROR "${README} has no block of ${language}")
  endif()
  string(LENGTH "```${language}\n" fence)
  math(EXPR start "${start} + ${fence}")
  string(SUBSTRING "${readme}" ${start} -1 rest)
  string(FIND "${rest}" "```" length)
  string(SUBSTRING "${rest}" 0 ${length} block)
  string(SUBSTRING "${rest}" ${length} -1 rest)
  set(${into} "${block}" PARENT_SCOPE)
  set(readme "${rest}" PARENT_SCOPE)
endfunction()

next_block(cpp program_text)
if(NOT program_text STREQUAL source)
  message(FATAL_ERROR "README's first program is not ${SOURCE}; copy the one over the other")
endif()

next_block(text promised)
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE printed RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}")
endif()
string(REGEX MATCHALL "[^ \n]+" promised_words "${promised}")
string(REGEX MATCHALL "[^ \n]+" printed_words "${printed}")
foreach(expected got IN ZIP_LISTS promised_words printed_words)
  if(expected MATCHES "^[0-9]+\\.[0-9][0-9]$" AND got MATCHES "^[0-9]+\\.[0-9][0-9]$")
    string(REPLACE "." "" expected_hundredths "${expected}")
    string(REPLACE "." "" got_hundredths "${got}")
    # The 1 before the digits keeps leading zeros from being read as octal.
    math(EXPR difference "1${expected_hundredths} - 1${got_hundredths}")
    if(difference LESS_EQUAL 1 AND difference GREATER_EQUAL -1)
      continue()
    endif()
  endif()
  if(NOT "${expected}" STREQUAL "${got}")
    message(FATAL_ERROR "README promises\n${promised}and quick_start prints\n${printed}")
  endif()
endforeach()
