# advx_executable_options(<target>): how the project compiles its own programs and tests. None of it reaches a user:
# the library's targets carry no flag.
function(advx_executable_options target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  # nvcc hands its host compiler sources of its own making: -Wpedantic would find fault with those.
  target_compile_options(
    ${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>"
                      "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>")
  if(ADVX_WERROR)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-Werror>"
                                             "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xcompiler=-Werror>")
  endif()
  if(ADVX_NATIVE)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-march=native>")
    # Where the processor has 512-bit vectors, the element-wise loops gain a tenth by them; compilers hold back.
    include(CheckCXXCompilerFlag)
    check_cxx_compiler_flag("-march=native -mprefer-vector-width=512" ADVX_HAS_PREFER_VECTOR_WIDTH)
    if(ADVX_HAS_PREFER_VECTOR_WIDTH)
      target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-mprefer-vector-width=512>")
    endif()
  endif()
  if(ADVX_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${ADVX_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${ADVX_SANITIZE})
  endif()
endfunction()
