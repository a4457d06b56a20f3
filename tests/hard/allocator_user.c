// A library that puts its own counting allocators into Python and takes them out again, as some profilers do.
// Built without Python.h: the entry points are looked up, so that one library serves every version.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include "../agent/py_allocator.h"

static Allocator g_below[3];
static long g_calls;

static void* Malloc(void* ctx, size_t size) {
  Allocator* below = ctx;
  __atomic_fetch_add(&g_calls, 1, __ATOMIC_RELAXED);
  return below->malloc(below->ctx, size);
}
static void* Calloc(void* ctx, size_t count, size_t size) {
  Allocator* below = ctx;
  __atomic_fetch_add(&g_calls, 1, __ATOMIC_RELAXED);
  return below->calloc(below->ctx, count, size);
}
static void* Realloc(void* ctx, void* block, size_t size) {
  Allocator* below = ctx;
  __atomic_fetch_add(&g_calls, 1, __ATOMIC_RELAXED);
  return below->realloc(below->ctx, block, size);
}
static void Free(void* ctx, void* block) {
  Allocator* below = ctx;
  below->free(below->ctx, block);
}

void InstallAllocators(void) {
  void (*get)(int, Allocator*) = (void (*)(int, Allocator*))dlsym(RTLD_DEFAULT, "PyMem_GetAllocator");
  void (*set)(int, Allocator*) = (void (*)(int, Allocator*))dlsym(RTLD_DEFAULT, "PyMem_SetAllocator");
  for (int domain = 0; domain < 3; ++domain) {
    get(domain, &g_below[domain]);
    Allocator mine = {&g_below[domain], Malloc, Calloc, Realloc, Free};
    set(domain, &mine);
  }
}

void RemoveAllocators(void) {
  void (*set)(int, Allocator*) = (void (*)(int, Allocator*))dlsym(RTLD_DEFAULT, "PyMem_SetAllocator");
  for (int domain = 0; domain < 3; ++domain) set(domain, &g_below[domain]);
}

long CountedCalls(void) { return g_calls; }
