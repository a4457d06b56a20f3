// Taking one Python object apart: how many bytes it owns, and what it refers to, each reference with its name.
//
// Decoders are templates over a layout L (layouts.h), a Memory and a Sink, so that one piece of code reads the frozen copy of our own
// process, another process and a core file, on every version. They allocate nothing, call nothing of the interpreter (but for
// tp_traverse of unknown types, see Unknown below) and write nothing.
//
// Memory:
//     const char* Span(uint64_t address, size_t size);   // the bytes [address, address + size), or null if they cannot be read
//     static constexpr bool kOwn;                         // they are this process's own memory: Span returns the address itself,
//                                                         // whatever it is, and the caller survives the fault (see walk)
//   What Span returns stays valid until the object at hand is done. Nothing read is trusted: a length is believed only up to what
//   the allocation or kMaxItems allows, and every pointer is only followed by way of Span.
//
// Sink: what a decoder tells. References come in runs; a run is a label, and one or more targets:
//     void Run(RefKind, RefStrength, Label, bool open);   // begins a run. At most one run of an object is `open`: that whose number of
//                                                         // targets differs from object to object (the items of a list)
//     void Target(uint64_t address);                      // the next reference of the run. Null is a target, too: the sink leaves it out
//                                                         // and numbers items on
//     void Targets(const uint64_t* words, size_t count);  // the same for many at once (the words may be unaligned host memory)
//     void Bytes(uint64_t bytes);                         // memory that the object owns besides its own block
//     void OwnBlock(uint64_t address, uint64_t bytes);    // the same, and the block has an address of its own: the allocator knows it
//   kItem, kElement and kStack runs number their targets from Label::index on. A run of dict entries is one Run(kKey, ..., open) whose
//   targets alternate key, value; a null value makes the sink drop the pair. All else has one target to a run.
#ifndef LIMPET_CPYTHON_DECODE_H_
#define LIMPET_CPYTHON_DECODE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/reference.h"

namespace limpet::cpython {

using base::RefKind;
using base::RefStrength;

// The argument of a reference: a name, or an index. A name is either a str object of the target or a literal of ours.
struct Label {
  uint64_t bits = 0;
  static constexpr uint64_t kLiteral = 1ull << 63;

  static Label Index(uint64_t index) { return {index}; }
  static Label Name(uint64_t text_object) {
    return {text_object & ~kLiteral};
  }  // a damaged address must not pass for a literal
  static Label Literal(const char* text) { return {reinterpret_cast<uint64_t>(text) | kLiteral}; }  // of static storage
  bool is_literal() const { return (bits & kLiteral) != 0; }
  const char* literal() const { return reinterpret_cast<const char*>(bits & ~kLiteral); }
};

// A list, dict or string that claims to be larger is taken for damaged.
inline constexpr int64_t kMaxItems = int64_t{1} << 36;

template <class T, class Memory>
inline bool Get(Memory& memory, uint64_t address, T* value) {
  const char* bytes = memory.Span(address, sizeof(T));
  if (!bytes) return false;
  memcpy(value, bytes, sizeof(T));
  return true;
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_H_
