# The parts of advx that need a third party: advx::xtensor, advx::nn_xtensor, advx::data.
#
# advx_provide(<component>...) looks for what each component needs, and then either defines the target
# advx::<component> or sets advx_<component>_missing, in the caller, to what is missing and how to get it. It stays
# quiet, so that a user who wants the headers alone needs nothing. The build and the installed package share this
# file. The targets are imported: third parties' headers come in as system headers.

set(advx_known_components xtensor nn_xtensor data)

function(advx_provide)
  foreach(component IN LISTS ARGN)
    if(TARGET advx::${component})
      continue()
    endif()
    set(missing "")
    set(libraries advx::advx)
    set(includes "")
    set(definitions "")
    cmake_language(CALL _advx_find_${component})
    if(missing)
      list(JOIN missing "; " missing)
      set(advx_${component}_missing "${missing}" PARENT_SCOPE)
    else()
      add_library(advx::${component} INTERFACE IMPORTED GLOBAL)
      target_link_libraries(advx::${component} INTERFACE ${libraries})
      target_include_directories(advx::${component} INTERFACE ${includes})
      target_compile_definitions(advx::${component} INTERFACE ${definitions})
    endif()
  endforeach()
endfunction()

# Each of these macros adds to `libraries` and `includes`, or to `missing`.

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
