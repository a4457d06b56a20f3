# limpet_room(NAME [DEPS rooms...] [LIBS libraries...])
#
# Builds src/NAME:
#   *.cc        -> static library limpet_NAME (an interface library while the room has headers only)
#   *_test.cc   -> one GoogleTest binary NAME_test; every test of it is a test of ctest
#   *_fuzz.cc   -> with LIMPET_FUZZ a libFuzzer binary each; otherwise the same source with a small main that
#                  replays fuzz/corpus/<name>/, so the fuzz target and the regression test are one piece of code
#   *_bench.cc  -> NAME_bench (Google Benchmark), only when asked for by name: ninja NAME_bench
#   main.cc and *_check.cc are left to whoever names them (the command, the layout check).
function(limpet_room room)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
  limpet_room_sources(${CMAKE_CURRENT_SOURCE_DIR})
  list(TRANSFORM arg_DEPS PREPEND limpet_)

  if(room_sources)
    add_library(limpet_${room} STATIC ${room_sources})
    target_link_libraries(limpet_${room} PUBLIC limpet_options ${arg_DEPS} ${arg_LIBS})
  else()
    add_library(limpet_${room} INTERFACE)
    target_link_libraries(limpet_${room} INTERFACE limpet_options ${arg_DEPS} ${arg_LIBS})
  endif()
  limpet_room_tests(${room} limpet_${room})
endfunction()

# Sorts the .cc files of a folder into room_sources, room_tests, room_fuzzers and room_benches of the caller.
function(limpet_room_sources folder)
  file(GLOB all CONFIGURE_DEPENDS ${folder}/*.cc)
  foreach(kind test fuzz bench check)
    set(${kind}_files ${all})
    list(FILTER ${kind}_files INCLUDE REGEX "_${kind}\\.cc$")
  endforeach()
  list(FILTER all EXCLUDE REGEX "(_test|_fuzz|_bench|_check|/main)\\.cc$")
  set(room_sources ${all} PARENT_SCOPE)
  set(room_tests ${test_files} PARENT_SCOPE)
  set(room_fuzzers ${fuzz_files} PARENT_SCOPE)
  set(room_benches ${bench_files} PARENT_SCOPE)
endfunction()

# Test, fuzz and bench binaries of the room whose code is in `library`. Reads the lists of limpet_room_sources.
# LIMPET_TEST_ROOMS, if set, names the only rooms that get any.
function(limpet_room_tests room library)
  if(LIMPET_TEST_ROOMS AND NOT room IN_LIST LIMPET_TEST_ROOMS)
    return()
  endif()
  # Tests are compiled far longer than they run: half the time without the second half of the optimiser, and with
  # sanitizers a third less without any (what they test, the library, is compiled as ever).
  if(LIMPET_SANITIZE)
    set_source_files_properties(${room_tests} ${room_fuzzers} PROPERTIES COMPILE_OPTIONS "-O0")
  elseif(NOT LIMPET_FUZZ)
    set_source_files_properties(${room_tests} ${room_fuzzers} PROPERTIES COMPILE_OPTIONS "-O1;-g1")
  endif()
  if(room_tests AND NOT LIMPET_FUZZ)
    add_executable(${room}_test ${room_tests})
    target_link_libraries(${room}_test PRIVATE ${library} GTest::gmock GTest::gtest GTest::gtest_main rapidcheck
      Threads::Threads)
    target_compile_definitions(${room}_test PRIVATE
      LIMPET_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LIMPET_BUILD_DIR="${CMAKE_BINARY_DIR}")
    gtest_discover_tests(${room}_test TEST_PREFIX "${room}/" DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 300)
  endif()
  foreach(source ${room_fuzzers})
    limpet_fuzzer(${source} ${library})
  endforeach()
  if(room_benches AND NOT LIMPET_FUZZ)
    find_package(benchmark REQUIRED)
    add_executable(${room}_bench EXCLUDE_FROM_ALL ${room_benches})
    target_link_libraries(${room}_bench PRIVATE ${library} benchmark::benchmark_main)
  endif()
endfunction()

# One fuzz target: src/room/NAME_fuzz.cc -> NAME_fuzz, corpus in fuzz/corpus/NAME/.
function(limpet_fuzzer source library)
  get_filename_component(binary ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" name ${binary})
  if(LIMPET_FUZZ)
    add_executable(${binary} ${source})
    target_link_options(${binary} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${binary} ${source} ${CMAKE_SOURCE_DIR}/cmake/fuzz_replay.cc)
    add_test(NAME fuzz_replay/${name} COMMAND ${binary} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz_replay/${name} PROPERTIES TIMEOUT 300)
  endif()
  target_link_libraries(${binary} PRIVATE ${library} Threads::Threads)
endfunction()
