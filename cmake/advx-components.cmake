# The parts of advx that need a third party: advx::xtensor, advx::nn_xtensor, advx::data, advx::onnx, advx::thrust,
# advx::nn_thrust, advx::thrust_cuda, advx::nn_thrust_cuda.
#
# advx_provide(<component>...) looks for what each component needs, and then either defines the target
# advx::<component> or sets advx_<component>_missing, in the caller, to what is missing and how to get it. It stays
# quiet, so that a user who wants the headers alone needs nothing. The build and the installed package share this
# file. The targets are imported: third parties' headers come in as system headers.

set(advx_known_components xtensor nn_xtensor data onnx thrust nn_thrust thrust_cuda nn_thrust_cuda)

function(advx_provide)
  foreach(component IN LISTS ARGN)
    if(TARGET advx::${component})
      continue()
    endif()
    set(missing "")
    set(libraries advx::advx)
    set(includes "")
    set(definitions "")
    set(options "")
    cmake_language(CALL _advx_find_${component})
    if(missing)
      list(JOIN missing "; " missing)
      set(advx_${component}_missing "${missing}" PARENT_SCOPE)
    else()
      add_library(advx::${component} INTERFACE IMPORTED GLOBAL)
      target_link_libraries(advx::${component} INTERFACE ${libraries})
      target_include_directories(advx::${component} INTERFACE ${includes})
      target_compile_definitions(advx::${component} INTERFACE ${definitions})
      target_compile_options(advx::${component} INTERFACE ${options})
    endif()
  endforeach()
endfunction()

# Each of these macros adds to `libraries`, `includes`, `definitions` and `options`, or to `missing`.

macro(_advx_find_xtensor)
  find_package(xtensor QUIET CONFIG)
  if(xtensor_FOUND)
    list(APPEND libraries xtensor)
  else()
    list(APPEND missing "xtensor was not found (Debian: libxtensor-dev)")
  endif()
endmacro()

macro(_advx_find_nn_xtensor)
  _advx_find_xtensor()
  find_package(xtensor-blas QUIET CONFIG)
  if(xtensor-blas_FOUND)
    list(APPEND libraries xtensor-blas)
  else()
    list(APPEND missing "xtensor-blas with BLAS and LAPACK was not found (Debian: libxtensor-blas-dev)")
  endif()
  _advx_find_host_kernels()
endmacro()

# What networks compute with on the host, whichever the backend.
macro(_advx_find_host_kernels)
  # By name: its configuration file defines variables and no target.
  find_package(OpenBLAS QUIET CONFIG)
  if(OpenBLAS_FOUND)
    list(APPEND libraries ${OpenBLAS_LIBRARIES})
    list(APPEND includes ${OpenBLAS_INCLUDE_DIRS})
  else()
    list(APPEND missing "OpenBLAS was not found (Debian: libopenblas-pthread-dev)")
  endif()
  # oneDNN's own configuration file stops with an error where OpenCL's headers are missing, which this library does
  # not need: so look for the header and the library themselves.
  if(NOT DEFINED ADVX_WITH_ONEDNN OR ADVX_WITH_ONEDNN)
    find_path(ADVX_ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
    find_library(ADVX_ONEDNN_LIBRARY dnnl)
    mark_as_advanced(ADVX_ONEDNN_INCLUDE_DIR ADVX_ONEDNN_LIBRARY)
    if(ADVX_ONEDNN_INCLUDE_DIR AND ADVX_ONEDNN_LIBRARY)
      list(APPEND libraries ${ADVX_ONEDNN_LIBRARY})
      list(APPEND includes ${ADVX_ONEDNN_INCLUDE_DIR})
      list(APPEND libraries gomp) # the threads of oneDNN, which sessions turn off
      list(APPEND definitions ADVX_WITH_ONEDNN)
    endif()
  endif()
endmacro()

macro(_advx_find_data)
  find_package(ZLIB QUIET)
  find_package(PNG QUIET)
  find_package(nlohmann_json QUIET CONFIG)
  if(NOT ZLIB_FOUND)
    list(APPEND missing "zlib was not found (Debian: zlib1g-dev)")
  endif()
  if(NOT PNG_FOUND)
    list(APPEND missing "libpng was not found (Debian: libpng-dev)")
  endif()
  if(NOT nlohmann_json_FOUND)
    list(APPEND missing "nlohmann-json was not found (Debian: nlohmann-json3-dev)")
  endif()
  list(APPEND libraries ZLIB::ZLIB PNG::PNG nlohmann_json::nlohmann_json)
endmacro()

# By header and library: ONNX's configuration file names a library without its version, which is not always there.
macro(_advx_find_onnx)
  find_path(ADVX_ONNX_INCLUDE_DIR onnx/onnx_pb.h)
  find_library(ADVX_ONNX_LIBRARY onnx_proto)
  find_path(ADVX_PROTOBUF_INCLUDE_DIR google/protobuf/message.h)
  find_library(ADVX_PROTOBUF_LIBRARY protobuf)
  mark_as_advanced(ADVX_ONNX_INCLUDE_DIR ADVX_ONNX_LIBRARY ADVX_PROTOBUF_INCLUDE_DIR ADVX_PROTOBUF_LIBRARY)
  if(ADVX_ONNX_INCLUDE_DIR AND ADVX_ONNX_LIBRARY)
    list(APPEND libraries ${ADVX_ONNX_LIBRARY})
    list(APPEND includes ${ADVX_ONNX_INCLUDE_DIR})
    list(APPEND definitions ONNX_ML=1 ONNX_NAMESPACE=onnx) # the forms that the library was built with
  else()
    list(APPEND missing "ONNX was not found (Debian: libonnx-dev)")
  endif()
  if(ADVX_PROTOBUF_INCLUDE_DIR AND ADVX_PROTOBUF_LIBRARY)
    list(APPEND libraries ${ADVX_PROTOBUF_LIBRARY})
    list(APPEND includes ${ADVX_PROTOBUF_INCLUDE_DIR})
  else()
    list(APPEND missing "protobuf was not found (Debian: libprotobuf-dev)")
  endif()
endmacro()

# Thrust comes from CCCL 3, found beside the CUDA toolkit or where CCCL_DIR says; never another Thrust of the system.
macro(_advx_find_cccl)
  find_package(CUDAToolkit QUIET)
  set(message_level "${CMAKE_MESSAGE_LOG_LEVEL}")
  set(CMAKE_MESSAGE_LOG_LEVEL NOTICE) # its configuration file speaks even when asked to be quiet
  find_package(CCCL 3.0 QUIET CONFIG COMPONENTS Thrust CUB libcudacxx HINTS "${CUDAToolkit_LIBRARY_DIR}/cmake")
  set(CMAKE_MESSAGE_LOG_LEVEL "${message_level}")
  if(NOT CCCL_FOUND)
    list(APPEND missing "CCCL 3 was not found (it comes with the CUDA toolkit 13, or set CCCL_DIR)")
  endif()
endmacro()

# The systems cpp and, where the compiler has OpenMP, omp.
macro(_advx_find_thrust)
  _advx_find_cccl()
  if(CCCL_FOUND)
    list(APPEND libraries Thrust::Thrust)
    # By language: in one program a CUDA source keeps Thrust's default, the system CUDA.
    list(APPEND definitions "$<$<COMPILE_LANGUAGE:CXX>:THRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP>"
         "$<$<COMPILE_LANGUAGE:CXX>:THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP>")
  endif()
  if(NOT DEFINED ADVX_THRUST_SYSTEMS OR "omp" IN_LIST ADVX_THRUST_SYSTEMS)
    find_package(OpenMP QUIET COMPONENTS CXX)
    if(OpenMP_CXX_FOUND)
      list(APPEND libraries OpenMP::OpenMP_CXX)
    endif()
  endif()
endmacro()

macro(_advx_find_nn_thrust)
  _advx_find_thrust()
  _advx_find_host_kernels()
endmacro()

# The system cuda. The project must have enabled the language CUDA.
macro(_advx_find_thrust_cuda)
  if(NOT CMAKE_CUDA_COMPILER_LOADED)
    list(APPEND missing "no CUDA compiler: put nvcc 13 on the PATH, and enable_language(CUDA) in the project")
  elseif(CMAKE_CUDA_COMPILER_ID STREQUAL "NVIDIA" AND CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND missing "nvcc is ${CMAKE_CUDA_COMPILER_VERSION}, and must be 13 or newer")
  endif()
  _advx_find_cccl()
  if(CCCL_FOUND AND CUDAToolkit_FOUND)
    list(APPEND libraries Thrust::Thrust CCCL::CUB CUDA::cudart)
  endif()
  # By options, not by features: CMake 3.25 does not know that nvcc has C++20. Row programs are constexpr functions,
  # which the device may call only where it is told so.
  list(APPEND options "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;--expt-relaxed-constexpr;--extended-lambda>")
endmacro()

# Convolution is cuDNN's where it is found.
macro(_advx_find_nn_thrust_cuda)
  _advx_find_thrust_cuda()
  if(TARGET CUDA::cublas)
    list(APPEND libraries CUDA::cublas)
  else()
    list(APPEND missing "cuBLAS was not found (it comes with the CUDA toolkit)")
  endif()
  if(NOT DEFINED ADVX_WITH_CUDNN OR ADVX_WITH_CUDNN)
    find_path(ADVX_CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
    find_library(ADVX_CUDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR})
    mark_as_advanced(ADVX_CUDNN_INCLUDE_DIR ADVX_CUDNN_LIBRARY)
    if(ADVX_CUDNN_INCLUDE_DIR AND ADVX_CUDNN_LIBRARY)
      list(APPEND libraries ${ADVX_CUDNN_LIBRARY})
      list(APPEND includes ${ADVX_CUDNN_INCLUDE_DIR})
      list(APPEND definitions ADVX_WITH_CUDNN)
    endif()
  endif()
endmacro()
