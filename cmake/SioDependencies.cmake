# SPDX-License-Identifier: MIT
# The libraries underneath, through pkg-config. Debian calls msgpack-c 4 "msgpack"
# and 6 "msgpack-c".
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SIO_HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14.1)
pkg_check_modules(SIO_EVENT REQUIRED IMPORTED_TARGET libevent_core>=2.1)
pkg_search_module(SIO_MSGPACK REQUIRED IMPORTED_TARGET msgpack-c>=4 msgpack>=4)
