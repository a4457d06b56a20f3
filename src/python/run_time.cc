// The little of a C++ run time that the module needs: it is linked without libstdc++, so that it loads wherever the interpreter does.
#include <Python.h>

#include <cstdlib>
#include <exception>
#include <new>

namespace {

void* Allocate(size_t size) {
  void* block = malloc(size);
  if (!block) Py_FatalError("limpet: out of memory");
  return block;
}

}  // namespace

// Exceptions are not thrown: what would throw is a bug, or the end of all memory.
void* operator new(size_t size) { return Allocate(size); }
void operator delete(void* block) noexcept { free(block); }
void operator delete(void* block, size_t) noexcept { free(block); }

// NOLINTBEGIN(bugprone-std-namespace-modification): what libstdc++ calls, in its place.
namespace std {

void terminate() noexcept { Py_FatalError("limpet: a bug in the extension module"); }
void __throw_length_error(const char* what) { Py_FatalError(what); }
void __throw_bad_alloc() { Py_FatalError("limpet: out of memory"); }
void __throw_bad_array_new_length() { Py_FatalError("limpet: out of memory"); }

}  // namespace std
// NOLINTEND(bugprone-std-namespace-modification)
