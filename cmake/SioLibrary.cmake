# SPDX-License-Identifier: MIT
# sio_library(NAME SOURCES ... HEADERS ... [NEEDS NAME ...] [LIBRARIES ...])
# compiles the sources once and makes of them libsio-NAME.so and libsio-NAME.a:
# targets sio_NAME and sio_NAME_static, for users sio::NAME and sio::NAME_static.
# With SIO_BUILD_SHARED off, sio::NAME is the static one.
function(sio_library name)
  cmake_parse_arguments(L "" "" "SOURCES;HEADERS;NEEDS;LIBRARIES" ${ARGN})
  add_library(sio_${name}_objects OBJECT ${L_SOURCES})
  set_target_properties(sio_${name}_objects PROPERTIES
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden C_EXTENSIONS OFF)
  target_include_directories(sio_${name}_objects PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/common ${PROJECT_SOURCE_DIR})
  target_link_libraries(sio_${name}_objects PRIVATE sio_flags ${L_LIBRARIES})

  add_library(sio_${name}_static STATIC $<TARGET_OBJECTS:sio_${name}_objects>)
  _sio_library_finish(${name} sio_${name}_static _static)
  if(SIO_BUILD_SHARED)
    add_library(sio_${name} SHARED $<TARGET_OBJECTS:sio_${name}_objects>)
    _sio_library_finish(${name} sio_${name} "")
    set_target_properties(sio_${name} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    target_link_options(sio_${name} PRIVATE $<BUILD_INTERFACE:-Wl,--no-undefined>)
    if(SIO_SANITIZE)
      target_link_options(sio_${name} PRIVATE -Wl,-z,undefs)
    endif()
    add_library(sio::${name} ALIAS sio_${name})
  else()
    add_library(sio::${name} ALIAS sio_${name}_static)
  endif()
  add_library(sio::${name}_static ALIAS sio_${name}_static)
endfunction()

macro(_sio_library_finish name target suffix)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME sio-${name} EXPORT_NAME ${name}${suffix}
                                             LINKER_LANGUAGE C)
  target_compile_features(${target} INTERFACE c_std_11)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                                  FILES ${L_HEADERS})
  foreach(need IN LISTS L_NEEDS)
    target_link_libraries(${target} PUBLIC sio_${need}${suffix})
  endforeach()
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:sio_flags> ${L_LIBRARIES})
endmacro()
