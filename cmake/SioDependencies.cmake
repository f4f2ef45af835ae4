# SPDX-License-Identifier: MIT
# The libraries underneath, through pkg-config. Debian calls msgpack-c 4 "msgpack"
# and 6 "msgpack-c".
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SIO_HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14.1)
pkg_check_modules(SIO_EVENT REQUIRED IMPORTED_TARGET libevent_core>=2.1)
if(SIO_TLS) # its headers: nothing is linked with it
  pkg_check_modules(SIO_OPENSSL REQUIRED openssl>=3.0)
endif()
pkg_search_module(SIO_MSGPACK REQUIRED IMPORTED_TARGET msgpack-c>=4 msgpack>=4)

# Debian 13's msgpack-c.pc (6.0.1-3) says "includedir=include", without the prefix.
get_target_property(directories PkgConfig::SIO_MSGPACK INTERFACE_INCLUDE_DIRECTORIES)
if(directories)
  list(TRANSFORM directories PREPEND "${SIO_MSGPACK_PREFIX}/" REGEX "^[^/]")
  set_target_properties(PkgConfig::SIO_MSGPACK PROPERTIES INTERFACE_INCLUDE_DIRECTORIES
                                                          "${directories}")
endif()
