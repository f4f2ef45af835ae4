# SPDX-License-Identifier: MIT
# sio_any_topology(NAME...): these tests mean the same whatever kind of Redis they meet, which
# SIO_TOPOLOGY in the environment chooses; ctest labels them "topology".
function(sio_any_topology)
  set_property(TEST ${ARGN} APPEND PROPERTY LABELS topology)
endfunction()

# sio_node_test(LABEL NAME) registers NAME.test.mjs of the current directory as the
# ctest entry "LABEL.NAME". It is skipped, visibly, without Node or npm packages.
find_program(SIO_NODE NAMES node nodejs)
set(SIO_NODE_RUNNER ${CMAKE_CURRENT_LIST_DIR}/lib/run.mjs)
function(sio_node_test label name)
  set(file ${CMAKE_CURRENT_SOURCE_DIR}/${name}.test.mjs)
  if(SIO_NODE)
    add_test(NAME ${label}.${name} COMMAND ${SIO_NODE} ${SIO_NODE_RUNNER} ${file})
  else()
    add_test(NAME ${label}.${name}
             COMMAND sh -c "echo 'SKIP: Node is missing; scripts/setup installs it'; exit 77")
  endif()
  set_tests_properties(${label}.${name} PROPERTIES
    LABELS ${label} TIMEOUT 180 SKIP_RETURN_CODE 77
    ENVIRONMENT "SIO_REDISD=$<TARGET_FILE:sio-redisd>;SIO_EMIT=$<TARGET_FILE:sio-emit>;SIO_EMIT_DRIVER=$<TARGET_FILE:sio-emit-driver>")
endfunction()
