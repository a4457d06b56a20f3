// glibc_floor.h: lets what lives in other people's processes (the agent, limpet._core) load with any glibc from 2.17 on.
//
// A library that is linked on a new system asks for the newest version of each function it calls, though it needs nothing
// that the oldest one has not: since 2.34 dlopen is dlopen@GLIBC_2.34, because it moved from libdl to libc, and before
// that the loader refuses the whole library. So these are asked for by their first version, which every glibc has, new
// ones for the sake of old programs. CMake puts this file before each source (-include); names that a source does not use
// leave nothing behind. tools/check_agent.py tells if a function is missing here. (The first versions lie in libc itself now,
// in libdl and libpthread before 2.34: the linker looks for them in all libraries of the process.)
#pragma once

#if defined(__x86_64__)
__asm__(".symver dladdr, dladdr@GLIBC_2.2.5");
__asm__(".symver dladdr1, dladdr1@GLIBC_2.3.3");
__asm__(".symver dlerror, dlerror@GLIBC_2.2.5");
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
#if !defined(LIMPET_OWN_DLSYM)  // the agent's is a hook
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
#endif
__asm__(".symver dlvsym, dlvsym@GLIBC_2.2.5");
__asm__(".symver pthread_key_create, pthread_key_create@GLIBC_2.2.5");
__asm__(".symver pthread_setspecific, pthread_setspecific@GLIBC_2.2.5");
#endif
