# costate_embed(target file name): the bytes of a file as `const unsigned char name[]` and `const size_t name_size`, compiled
# into the target. Run as a script, this file writes the C source.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${FROM} bytes HEX)
  string(LENGTH ${bytes} size)
  math(EXPR size "${size} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n" bytes ${bytes})
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes ${bytes})
  file(WRITE ${TO} "#include <stddef.h>\n\nextern const unsigned char ${NAME}[];\nextern const size_t ${NAME}_size;\n\n"
                   "const unsigned char ${NAME}[] = {\n${bytes}\n};\nconst size_t ${NAME}_size = ${size};\n")
  return()
endif()

set(COSTATE_EMBED ${CMAKE_CURRENT_LIST_FILE})
function(costate_embed target file name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.c)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  add_custom_command(OUTPUT ${source} DEPENDS ${file} ${COSTATE_EMBED} VERBATIM
                     COMMAND ${CMAKE_COMMAND} -DFROM=${file} -DTO=${source} -DNAME=${name} -P ${COSTATE_EMBED})
  target_sources(${target} PRIVATE ${source})
endfunction()
