# Third-party libraries (Debian 12 packages) and the compiler options that everything shares.
#
# The command must start in any root file system that has a glibc (the tests run it inside other Debian releases), so
# libraries are taken as headers or archives, and libstdc++ is linked in.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tsl-robin-map REQUIRED)
find_package(zstd REQUIRED)
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
  find_library(LIMPET_LIB_${part} NAMES lib${part}.a REQUIRED)
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
