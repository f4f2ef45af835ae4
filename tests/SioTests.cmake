# SPDX-License-Identifier: MIT
# sio_c_test(NAME [LABEL label] [TIMEOUT seconds] [SOURCES extra.c ...]) builds
# test_NAME.c and registers every cmocka_unit_test() in it as the ctest entry
# "LABEL.NAME.case"; a cmocka_unit_test_any_topology() has the label "topology" as well.
function(sio_c_test name)
  cmake_parse_arguments(T "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT T_LABEL)
    set(T_LABEL unit)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  add_executable(test_${name} test_${name}.c ${T_SOURCES})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support
                                                  ${PROJECT_SOURCE_DIR}/common ${PROJECT_SOURCE_DIR})
  target_compile_definitions(test_${name} PRIVATE
    SIO_FIXTURES="${PROJECT_SOURCE_DIR}/tests/fixtures")
  target_link_libraries(test_${name} PRIVATE ${T_LIBRARIES} sio_emitter_static sio_common_static
                                             PkgConfig::CMOCKA
                                             sio_flags)
  file(READ test_${name}.c source)
  string(REGEX MATCHALL "cmocka_unit_test[a-z_]*\\([^,)]*" entries "${source}") # several a line
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS test_${name}.c)
  foreach(entry IN LISTS entries)
    string(REGEX REPLACE ".*\\([ \n]*" "" case "${entry}")
    add_test(NAME ${T_LABEL}.${name}.${case} COMMAND test_${name} ${case})
    set_tests_properties(${T_LABEL}.${name}.${case} PROPERTIES
      LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT} SKIP_RETURN_CODE 77
      ENVIRONMENT "SIO_REDISD=$<TARGET_FILE:sio-redisd>")
    if(entry MATCHES any_topology)
      set_property(TEST ${T_LABEL}.${name}.${case} APPEND PROPERTY LABELS topology)
    endif()
  endforeach()
endfunction()
