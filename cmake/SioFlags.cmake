# SPDX-License-Identifier: MIT
# Warnings and instrumentation for our own targets only: linked as a build
# interface, so that users of the installed package inherit none of it.
add_library(sio_flags INTERFACE)
target_compile_features(sio_flags INTERFACE c_std_11)
target_compile_definitions(sio_flags INTERFACE _GNU_SOURCE)
target_compile_options(sio_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wwrite-strings -Wvla -fno-strict-overflow)
if(SIO_WERROR)
  target_compile_options(sio_flags INTERFACE -Werror)
endif()
if(SIO_SANITIZE)
  target_compile_options(sio_flags INTERFACE -fsanitize=${SIO_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
  target_link_options(sio_flags INTERFACE -fsanitize=${SIO_SANITIZE})
endif()
if(SIO_COVERAGE)
  # clang's: exact for each condition. Whichever directory and environment a process ends in,
  # its counts are added to those of this build (tests/coverage/report reads them).
  set(counts -fprofile-instr-generate=${PROJECT_BINARY_DIR}/profiles/%4m.profraw)
  target_compile_options(sio_flags INTERFACE ${counts} -fcoverage-mapping -fprofile-update=atomic)
  target_link_options(sio_flags INTERFACE ${counts})
  target_compile_definitions(sio_flags INTERFACE SIO_COVERAGE) # no times are measured in it
endif()

if(SIO_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(LANGUAGES C)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU") # machine code too, for linkers that know no better
    set(CMAKE_C_COMPILE_OPTIONS_IPO -flto=auto -ffat-lto-objects)
  endif()
endif()
