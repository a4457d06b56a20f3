# Third-party libraries (Debian 12 packages) and the compiler options that everything shares.
#
# The command starts in any root file system (it is linked statically; the tests run it inside other Debian releases), so
# libraries are taken as headers or archives.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "limpet is C++20 and needs g++ 12 or later; this is ${CMAKE_CXX_COMPILER_VERSION}.")
endif()

# Whoever builds from source hears at once of all that is missing, by the names of Debian's packages.
set(missing "")
foreach(pair Threads:libc6-dev fmt:libfmt-dev CLI11:libcli11-dev nlohmann_json:nlohmann-json3-dev tsl-robin-map:robin-map-dev
    zstd:libzstd-dev)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 library)
  find_package(${library} QUIET)
  if(NOT ${library}_FOUND)
    list(GET pair 1 package)
    list(APPEND missing ${package})
  endif()
endforeach()
foreach(pair dw:libdw-dev elf:libelf-dev lzma:liblzma-dev bz2:libbz2-dev z:zlib1g-dev event_core:libevent-dev event_extra:libevent-dev)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 part)
  find_library(LIMPET_LIB_${part} NAMES lib${part}.a)
  if(NOT LIMPET_LIB_${part})
    list(GET pair 1 package)
    list(APPEND missing ${package})
  endif()
endforeach()
find_path(LIMPET_PROTOZERO protozero/pbf_writer.hpp)
if(NOT LIMPET_PROTOZERO)
  list(APPEND missing libprotozero-dev)
endif()
if(missing)
  list(REMOVE_DUPLICATES missing)
  list(JOIN missing " " missing)
  message(FATAL_ERROR "limpet is built with libraries that are not here. On Debian 12:\n"
    "  apt-get install ${missing}\n"
    "Elsewhere they have similar names; headers and static archives (lib*.a) are needed. A wheel needs none of them.")
endif()
if(NOT SKBUILD)  # who builds a wheel needs no tests
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()

add_library(limpet_options INTERFACE)
target_include_directories(limpet_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(limpet_options INTERFACE
  -Wall -Wextra -Werror -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

# libdw, as archives too (what it may load at run time for downloads of debug files stays away).
add_library(limpet_dw INTERFACE)
foreach(part dw elf lzma bz2 z)
  target_link_libraries(limpet_dw INTERFACE ${LIMPET_LIB_${part}})
endforeach()
target_link_libraries(limpet_dw INTERFACE ${CMAKE_DL_LIBS} Threads::Threads)

# {fmt} as an archive: see the source for why.
add_library(limpet_fmt STATIC ${CMAKE_SOURCE_DIR}/cmake/fmt_library.cc)
target_link_libraries(limpet_fmt PUBLIC limpet_options)

if(LIMPET_SANITIZE)
  # -Wno-maybe-uninitialized: instrumentation hides from g++ 12 that an optional is looked at only after its flag, so it
  # warns of correct code (documented with -fsanitize). The plain build keeps the warning.
  # -O1 -g1: half the time to compile, and reports still name functions and lines.
  target_compile_options(limpet_options INTERFACE -fsanitize=${LIMPET_SANITIZE} -fno-sanitize-recover=all
    -Wno-maybe-uninitialized -O1 -g1)
  if(LIMPET_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not know fences, and g++ warns of each. What our fences order are atomic accesses all the same.
    target_compile_options(limpet_options INTERFACE -Wno-tsan)
  endif()
  target_link_options(limpet_options INTERFACE -fsanitize=${LIMPET_SANITIZE})
endif()
if(LIMPET_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "LIMPET_FUZZ needs clang: configure with -DCMAKE_CXX_COMPILER=clang++-14")
  endif()
  target_compile_options(limpet_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=all)
  target_link_options(limpet_options INTERFACE -fsanitize=address,undefined)
endif()
