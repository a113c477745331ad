# What costate is built on, as imported targets. The build includes this file, and so does the installed package.
include(CMakeFindDependencyMacro)
find_dependency(Threads)

# costate_library(NAME header.h SUFFIXES...): costate::NAME from libNAME and the folder of its header. A library that several
# packages provide (OpenBLAS with OpenMP, threads or neither) is looked for in the SUFFIXES first.
function(costate_library name header)
  if(TARGET costate::${name})
    return()
  endif()
  foreach(suffix IN LISTS ARGN ITEMS "")
    find_library(COSTATE_${name}_LIBRARY ${name} PATH_SUFFIXES ${suffix})
    find_path(COSTATE_${name}_INCLUDE ${header} PATH_SUFFIXES ${suffix})
  endforeach()
  mark_as_advanced(COSTATE_${name}_LIBRARY COSTATE_${name}_INCLUDE)
  if(NOT COSTATE_${name}_LIBRARY OR NOT COSTATE_${name}_INCLUDE)
    message(FATAL_ERROR "costate needs lib${name} and <${header}>; on Debian they are in a package of packages.txt "
                        "(type `make setup`). Elsewhere, set CMAKE_PREFIX_PATH to where they are installed.")
  endif()
  add_library(costate::${name} UNKNOWN IMPORTED)
  set_target_properties(costate::${name} PROPERTIES IMPORTED_LOCATION ${COSTATE_${name}_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${COSTATE_${name}_INCLUDE})
endfunction()

costate_library(openblas cblas.h openblas-openmp)
costate_library(lapacke lapacke.h)
costate_library(sleef sleef.h)
costate_library(z zlib.h)
costate_library(jansson jansson.h)
