// Two layers of allocators around tracemalloc's, so that limpet does not count what tracemalloc takes for itself.
//
//     PyMem_RawMalloc -> Outer -> tracemalloc -> Inner -> limpet -> malloc
//
// tracemalloc asks the allocator that it found under itself both for the program's raw blocks and for its own tables. What comes
// first after Outer was entered is the program's; everything else that reaches Inner is tracemalloc's own, and goes to malloc
// directly (where limpet counts it too, but as malloc's and not as Python's).
// Built without Python.h: one library serves every version.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

#include "../agent/py_allocator.h"

static Allocator g_limpet, g_tracemalloc;
static __thread int tls_programs_turn;

static int TakeTurn(void) {
  const int turn = tls_programs_turn;
  tls_programs_turn = 0;
  return turn;
}

static void* InnerMalloc(void* ctx, size_t size) {
  return TakeTurn() ? g_limpet.malloc(g_limpet.ctx, size) : malloc(size ? size : 1);
}
static void* InnerCalloc(void* ctx, size_t count, size_t size) {
  return TakeTurn() ? g_limpet.calloc(g_limpet.ctx, count, size) : calloc(count ? count : 1, size ? size : 1);
}
static void* InnerRealloc(void* ctx, void* block, size_t size) {
  return TakeTurn() ? g_limpet.realloc(g_limpet.ctx, block, size) : realloc(block, size ? size : 1);
}
static void InnerFree(void* ctx, void* block) { g_limpet.free(g_limpet.ctx, block); }

static void* OuterMalloc(void* ctx, size_t size) {
  tls_programs_turn = 1;
  return g_tracemalloc.malloc(g_tracemalloc.ctx, size);
}
static void* OuterCalloc(void* ctx, size_t count, size_t size) {
  tls_programs_turn = 1;
  return g_tracemalloc.calloc(g_tracemalloc.ctx, count, size);
}
static void* OuterRealloc(void* ctx, void* block, size_t size) {
  tls_programs_turn = 1;
  return g_tracemalloc.realloc(g_tracemalloc.ctx, block, size);
}
static void OuterFree(void* ctx, void* block) { g_tracemalloc.free(g_tracemalloc.ctx, block); }

static void Put(Allocator* under, Allocator over) {
  void (*get)(int, Allocator*) = (void (*)(int, Allocator*))dlsym(RTLD_DEFAULT, "PyMem_GetAllocator");
  void (*set)(int, Allocator*) = (void (*)(int, Allocator*))dlsym(RTLD_DEFAULT, "PyMem_SetAllocator");
  get(0, under);
  set(0, &over);
}

void PutUnderTracemalloc(void) { Put(&g_limpet, (Allocator){NULL, InnerMalloc, InnerCalloc, InnerRealloc, InnerFree}); }
void PutOverTracemalloc(void) {
  Put(&g_tracemalloc, (Allocator){NULL, OuterMalloc, OuterCalloc, OuterRealloc, OuterFree});
}
