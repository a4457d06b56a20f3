# limpet_layout_tests(): one compile-only test for every set of CPython headers on this machine.
#
# src/cpython/*layout_check.cc include the real headers of one CPython and hold our constexpr layouts against them
# with static_assert; compiling them is the test. Headers come from pyenv, from Debian (python3-dev) and from the
# interpreters that ./dev pythons fetched. A new set of headers is noticed at the next build.
function(limpet_layout_tests)
  file(GLOB checks CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cpython/*layout_check.cc)
  if(NOT checks OR LIMPET_SANITIZE OR LIMPET_FUZZ)
    return()
  endif()
  execute_process(COMMAND pyenv root OUTPUT_VARIABLE pyenv OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT pyenv)
    set(pyenv $ENV{HOME}/.pyenv)
  endif()
  file(GLOB headers CONFIGURE_DEPENDS
    ${pyenv}/versions/3.1[1-5]*/include/python3.1[1-5]/Python.h
    /usr/include/python3.1[1-5]/Python.h
    ${CMAKE_SOURCE_DIR}/.pythons/*/usr/include/python3.1[1-5]/Python.h)
  foreach(header ${headers})
    get_filename_component(include ${header} DIRECTORY)
    get_filename_component(parent ${include} DIRECTORY)
    limpet_layout_origin(${include} origin)
    # -idirafter: Debian's pyconfig.h lives beside the libc headers of that release, which must not be used here.
    foreach(check ${checks})
      get_filename_component(name ${check} NAME_WE)
      add_test(NAME layout/${origin}/${name}
        COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -fsyntax-only -w -I${CMAKE_SOURCE_DIR}/src -I${include}
          -I${include}/internal -idirafter ${parent} ${check})
      set_tests_properties(layout/${origin}/${name} PROPERTIES TIMEOUT 120)
    endforeach()
  endforeach()
endfunction()

# pyenv-3.12.1, debian-3.11, sid-3.14: where a folder of headers comes from.
function(limpet_layout_origin include out)
  if(include MATCHES "/versions/([^/]+)/include/")
    set(${out} pyenv-${CMAKE_MATCH_1} PARENT_SCOPE)
  elseif(include MATCHES "/\\.pythons/([^/]+)/usr/include/python([0-9.]+)$")
    set(${out} ${CMAKE_MATCH_1}-${CMAKE_MATCH_2} PARENT_SCOPE)
  elseif(include MATCHES "^/usr/include/python([0-9.]+)$")
    set(${out} debian-${CMAKE_MATCH_1} PARENT_SCOPE)
  endif()
endfunction()
