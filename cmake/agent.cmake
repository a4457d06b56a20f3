# limpet_agent([EXTRA sources...]): liblimpet_agent.so, the library that lives inside the traced program.
#
# It must load into any CPython process, also one without libstdc++, and must never be seen by the program: so it is
# linked with libc alone, exports only what src/agent/exports.map names, and neither throws nor uses RTTI. EXTRA are
# sources of other rooms (relative to src/) that the agent needs besides src/agent and src/cpython.
function(limpet_agent)
  cmake_parse_arguments(arg "" "" "EXTRA" ${ARGN})
  limpet_room_sources(${CMAKE_SOURCE_DIR}/src/cpython)
  set(sources ${room_sources})
  limpet_room_sources(${CMAKE_CURRENT_SOURCE_DIR})
  set(agent_sources ${room_sources})
  list(TRANSFORM arg_EXTRA PREPEND ${CMAKE_SOURCE_DIR}/src/)
  list(APPEND sources ${agent_sources} ${arg_EXTRA})
  if(NOT agent_sources)
    return()
  endif()

  set(flags -O2 -fno-exceptions -fno-rtti -fvisibility=hidden -fvisibility-inlines-hidden -fno-threadsafe-statics
    -ffunction-sections -fdata-sections)
  # The library itself is never built with sanitizers: it would then need their run time inside the target.
  if(NOT LIMPET_SANITIZE AND NOT LIMPET_FUZZ)
    limpet_agent_library("${sources}" "${flags}")
  endif()
  # The same code as an archive, for the unit tests of the room and for sanitizers.
  add_library(limpet_agent_parts STATIC ${agent_sources} ${arg_EXTRA})
  target_compile_definitions(limpet_agent_parts PRIVATE LIMPET_HIDDEN_HOOKS=1)
  target_compile_options(limpet_agent_parts PRIVATE -fno-exceptions -fno-rtti -fno-threadsafe-statics)
  target_link_libraries(limpet_agent_parts PUBLIC limpet_options limpet_cpython limpet_base zstd::libzstd_static
    ${CMAKE_DL_LIBS})
  limpet_room_tests(agent limpet_agent_parts)
endfunction()

function(limpet_agent_library sources flags)
  add_library(limpet_agent SHARED ${sources})
  target_include_directories(limpet_agent PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_definitions(limpet_agent PRIVATE LIMPET_OWN_DLSYM=1)
  target_compile_options(limpet_agent PRIVATE -Wall -Wextra -Werror -g ${flags} -ftls-model=initial-exec
    -fomit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -include ${CMAKE_SOURCE_DIR}/src/base/glibc_floor.h)
  # zstd comes as an archive, and the program never sees our copy: it may have one of its own.
  target_link_options(limpet_agent PRIVATE -nodefaultlibs -Wl,-z,now -Wl,-z,defs -Wl,--gc-sections -Wl,--exclude-libs,ALL)
  # Empty since glibc 2.34. Before, a shell that starts Python would have neither of both, and the agent needs them there, too.
  target_link_options(limpet_agent PRIVATE -Wl,--push-state,--no-as-needed -l:libdl.so.2 -l:libpthread.so.0 -Wl,--pop-state)
  target_link_libraries(limpet_agent PRIVATE zstd::libzstd_static c gcc)
  file(GLOB map CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/exports.map)
  if(map)
    target_link_options(limpet_agent PRIVATE -Wl,--version-script=${map})
    set_target_properties(limpet_agent PROPERTIES LINK_DEPENDS ${map})
  endif()
  add_test(NAME agent/needs_libc_only
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/check_agent.py $<TARGET_FILE:limpet_agent>)
endfunction()
