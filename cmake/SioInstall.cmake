# SPDX-License-Identifier: MIT
# Libraries, headers, CMake package, pkg-config files and man pages.
include(CMakePackageConfigHelpers)

set(SIO_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sio)

install(TARGETS sio_common_static sio_emitter_static sio_adapter_static EXPORT sioStatic
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(EXPORT sioStatic NAMESPACE sio:: DESTINATION ${SIO_CMAKE_DIR} COMPONENT development)
if(SIO_BUILD_SHARED)
  install(TARGETS sio_common sio_emitter sio_adapter EXPORT sioShared
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libraries NAMELINK_COMPONENT development
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
  install(EXPORT sioShared NAMESPACE sio:: DESTINATION ${SIO_CMAKE_DIR} COMPONENT development)
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sioConfig.cmake.in
  ${PROJECT_BINARY_DIR}/sioConfig.cmake INSTALL_DESTINATION ${SIO_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sioConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sioConfig.cmake ${PROJECT_BINARY_DIR}/sioConfigVersion.cmake
  DESTINATION ${SIO_CMAKE_DIR} COMPONENT development)

# Relative to the .pc file itself, so that an installed tree may be moved or staged.
file(RELATIVE_PATH SIO_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" SIO_PC_PREFIX "${SIO_PC_PREFIX}")
foreach(library common emitter adapter)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/sio-${library}.pc.in
                 ${PROJECT_BINARY_DIR}/sio-${library}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/sio-${library}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endforeach()

# That of the command is made from its option table, in emitter/cli.
foreach(page sio_emitter.3 sio_adapter.3)
  configure_file(${PROJECT_SOURCE_DIR}/man/${page}.in ${PROJECT_BINARY_DIR}/man/${page} @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/man/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3
          COMPONENT development)
endforeach()
