# Public headers: those that stand directly in a room and are not marked as internal: "(internal"
# in the first line, or _internal.h.
function(costate_public_headers result)
  set(public)
  foreach(room IN LISTS COSTATE_ROOMS)
    file(GLOB headers RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${room}/*.h)
    foreach(header IN LISTS headers)
      file(STRINGS ${CMAKE_SOURCE_DIR}/${header} first LIMIT_COUNT 1)
      if(NOT first MATCHES "\\(internal" AND NOT header MATCHES "_internal.h$")
        list(APPEND public ${header})
      endif()
    endforeach()
  endforeach()
  set(${result} ${public} PARENT_SCOPE)
endfunction()

# <costate/costate.h>, which includes them all.
function(costate_umbrella file)
  set(text "/* costate.h - every public header of costate (made by cmake/headers.cmake). */\n")
  string(APPEND text "#ifndef COSTATE_H\n#define COSTATE_H\n\n")
  foreach(header IN LISTS ARGN)
    string(APPEND text "#include <costate/${header}>\n")
  endforeach()
  string(APPEND text "\n#endif\n")
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY) # rewritten only when it changes
endfunction()
