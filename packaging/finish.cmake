# SPDX-License-Identifier: MIT
# Run by CPack on the files of the packages before it packs them: manual pages and
# changelogs are compressed, as Debian's policy wants them (12.1, 12.7).
file(GLOB_RECURSE files
  ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/man/*
  ${CPACK_TEMPORARY_DIRECTORY}/*/usr/share/doc/*/changelog*)
foreach(file IN LISTS files)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
