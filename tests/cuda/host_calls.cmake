# cmake -DNVCC=<program> "-DINCLUDES=<folder>|<folder>..." "-DDEFINITIONS=<macro>|<macro>..." -DSOURCE=<file.cu>
#       -DPTX=<file> -P host_calls.cmake
#
# No kernel may call a function of the host. With --expt-relaxed-constexpr nvcc accepts such a call from a constexpr
# function, says nothing, and leaves it out with all that depends on it: the kernel then does less, or nothing. Without
# optimization the call is still there, as one through a null pointer, of which the device's code names the type
# (.callprototype). The library's kernels call through no other pointer.
string(REPLACE "|" ";" includes "${INCLUDES}")
list(TRANSFORM includes PREPEND "-I")
string(REPLACE "|" ";" definitions "${DEFINITIONS}")
list(TRANSFORM definitions PREPEND "-D")
execute_process(COMMAND "${NVCC}" -std=c++20 -G -arch=sm_90 --expt-relaxed-constexpr --extended-lambda ${includes}
                        ${definitions} -ptx "${SOURCE}" -o "${PTX}"
                OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile:\n${output}")
endif()

file(STRINGS "${PTX}" lines REGEX "^ *(\\.[a-z]+ )*\\.(func|entry)|\\.callprototype")
list(LENGTH lines count)
if(count LESS 2)
  message(FATAL_ERROR "${PTX} holds no function: the check is blind")
endif()
set(faults 0)
set(function "")
foreach(line IN LISTS lines)
  if(line MATCHES "\\.callprototype")
    # Thrust's own functions for the host, which it compiles for both sides, and which no kernel calls.
    if(NOT function MATCHES "^_ZN?K?(6thrust|3cub|4cuda)")
      message(NOTICE "a function of the host is called in ${function}")
      math(EXPR faults "${faults} + 1")
    endif()
  elseif(line MATCHES "(_Z[A-Za-z0-9_]+)")
    set(function "${CMAKE_MATCH_1}")
  endif()
endforeach()
if(faults GREATER 0)
  message(FATAL_ERROR "${SOURCE}: ${faults} calls of functions that are not constexpr; the names above are for c++filt")
endif()
