// Where the bytes of a Python process are read from. The decoders of this room are templates over a class with
//
//     bool Read(uint64_t address, void* to, size_t size);   // all of it, or false
//
// so that the same code reads this very process, another one, or a core file.
#ifndef LIMPET_CPYTHON_MEMORY_H_
#define LIMPET_CPYTHON_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace limpet::cpython {

// This process. Never fails, and faults where nothing is mapped: for objects that are known to be alive only.
struct OwnMemory {
  bool Read(uint64_t address, void* to, size_t size) const {
    memcpy(to, reinterpret_cast<const void*>(address), size);
    return true;
  }
};

template <class Memory, class T>
inline bool ReadValue(Memory& memory, uint64_t address, T* value) {
  return memory.Read(address, value, sizeof *value);
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_MEMORY_H_
