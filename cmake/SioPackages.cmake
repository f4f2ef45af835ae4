# SPDX-License-Identifier: MIT
# Debian packages, by CPack (scripts/package): libsio0.1, the shared libraries, named after
# the soname that they share; libsio-dev; sio-emit. What they depend on is what
# dpkg-shlibdeps finds.
set(SIO_PACKAGE_MAINTAINER "The sio authors <sio@localhost>"
    CACHE STRING "Who answers for the packages: name <address>")

get_target_property(soversion sio_common SOVERSION)
set(CPACK_DEBIAN_LIBRARIES_PACKAGE_NAME libsio${soversion})
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsio-dev)
set(CPACK_DEBIAN_SIO-EMIT_PACKAGE_NAME sio-emit)

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL libraries development sio-emit)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each has its own, its description's first line
set(CPACK_PACKAGE_CONTACT ${SIO_PACKAGE_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/finish.cmake)

set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY >=)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS # the other two need libsio-common.so
    ${PROJECT_BINARY_DIR}/common)
if(SIO_TLS) # loaded when it is wanted, and so not found; Debian 13's name and Debian 12's
  set(CPACK_DEBIAN_LIBRARIES_PACKAGE_DEPENDS "libssl3t64 | libssl3")
  set(CPACK_DEBIAN_SIO-EMIT_PACKAGE_DEPENDS "libssl3t64 | libssl3")
  set(CPACK_DEBIAN_LIBRARIES_PACKAGE_RECOMMENDS ca-certificates)
  set(CPACK_DEBIAN_SIO-EMIT_PACKAGE_RECOMMENDS ca-certificates)
endif()

set(CPACK_DEBIAN_LIBRARIES_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARIES_DESCRIPTION
"Socket.IO cluster toolkit in C, shared libraries
libsio-emitter lets a program that holds no client connection send events to
the clients of Node's Socket.IO servers, through Redis: to rooms, to sockets
or to everybody. libsio-adapter lets a server that does hold connections
share its rooms with those servers. libsio-common has the wire format and the
link to Redis.")
# Debian's way to have ldconfig run, beside the scripts that CPack makes for it.
set(CPACK_DEBIAN_LIBRARIES_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/triggers)

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
"Socket.IO cluster toolkit in C, development files
Headers, static libraries, manual pages, and what CMake and pkg-config need to
find them, for programs that send events to the clients of Node's Socket.IO
servers, and for servers that share rooms with these.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS # what the static libraries are linked with
"libsio${soversion} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libhiredis-dev (>= 0.14.1), libevent-dev (>= 2.1)")

set(CPACK_DEBIAN_SIO-EMIT_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SIO-EMIT_DESCRIPTION
"send events to the clients of a Socket.IO cluster
sio-emit sends an event to browsers and apps that are connected to Node's
Socket.IO servers, through the Redis that these servers share: one emit from
a shell script or cron job, or one for every line of its standard input.")

# Only in packages: not where cmake --install puts things.
string(TIMESTAMP SIO_PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${PROJECT_SOURCE_DIR}/packaging/changelog.in
               ${PROJECT_BINARY_DIR}/packaging/changelog.Debian)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(directory share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE RENAME copyright
    DESTINATION ${directory} COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_SOURCE_DIR}/CHANGELOG.md RENAME changelog
    DESTINATION ${directory} COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_BINARY_DIR}/packaging/changelog.Debian
    DESTINATION ${directory} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
include(CPack)
