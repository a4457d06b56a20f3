// CPython's PyMemAllocatorEx, for test libraries that are built without Python.h so that one serves every version.
#ifndef LIMPET_TESTS_AGENT_PY_ALLOCATOR_H_
#define LIMPET_TESTS_AGENT_PY_ALLOCATOR_H_

#include <stddef.h>

typedef struct {
  void* ctx;
  void* (*malloc)(void* ctx, size_t size);
  void* (*calloc)(void* ctx, size_t count, size_t size);
  void* (*realloc)(void* ctx, void* block, size_t size);
  void (*free)(void* ctx, void* block);
} Allocator;

#endif  // LIMPET_TESTS_AGENT_PY_ALLOCATOR_H_
