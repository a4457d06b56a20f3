// Where an interpreter keeps its own part of the static types: from 3.12 on, each interpreter has its own dict and list of subclasses of every
// builtin type, and the type object holds only a number.
//
//     type object | ... tp_dict: null | tp_subclasses: 1 + number |          interpreter state | ... | type, ..., dict, subclasses | type, ... | ...
//                                              '------------------------------------------------------^ by number
//
// Where that array begins moves between patch releases, so it is looked for: its records begin with the address of their type.
#ifndef LIMPET_CPYTHON_STATIC_TYPES_H_
#define LIMPET_CPYTHON_STATIC_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

// What an interpreter keeps for one static type. 0: nothing.
struct StaticTypeState {
  uint64_t dict = 0;
  uint64_t subclasses = 0;
};

template <class L>
class StaticTypeStates {
 public:
  // The interpreter state at `interpreter`, of at most `size` bytes.
  void set_interpreter(uint64_t interpreter, uint64_t size) {
    interpreter_ = interpreter;
    size_ = size;
    tables_[0] = tables_[1] = 0;
    searches_ = 0;
  }

  // REQUIRES: the type has the flag kTypeFlagStaticBuiltin, and `subclasses` is its tp_subclasses.
  template <class Memory>
  StaticTypeState Find(Memory& memory, uint64_t type, uint64_t subclasses) {
    constexpr uint64_t kMostTypes = 2000;
    StaticTypeState state;
    if (interpreter_ == 0 || subclasses == 0 || subclasses > kMostTypes) return state;
    const uint64_t offset = (subclasses - 1) * L::kStaticTypeSize;
    // There is one table of the interpreter's own types, and one (3.13+) of its modules'.
    for (const uint64_t table : tables_) {
      if (table != 0 && ReadRecord(memory, table + offset, type, &state)) return state;
    }
    if (searches_ < kMostSearches) {
      ++searches_;
      if (const uint64_t record = Search(memory, type, &state)) tables_[tables_[0] != 0] = record - offset;
    }
    return state;
  }

 private:
  static constexpr int kMostSearches = 100;  // each goes through the whole state

  template <class Memory>
  bool ReadRecord(Memory& memory, uint64_t record, uint64_t type, StaticTypeState* out) {
    if (record < interpreter_ || record + L::kStaticTypeSize > interpreter_ + size_) return false;
    const char* bytes = memory.Span(record, L::kStaticTypeSize);
    if (!bytes) return false;
    uint64_t owner;
    memcpy(&owner, bytes, 8);
    if (owner != type) return false;
    memcpy(&out->dict, bytes + L::kStaticTypeDict, 8);
    memcpy(&out->subclasses, bytes + L::kStaticTypeDict + 8, 8);
    return true;
  }

  // The record of `type`, found by its first word and by what its dict is; 0: none.
  template <class Memory>
  uint64_t Search(Memory& memory, uint64_t type, StaticTypeState* out) {
    constexpr uint64_t kPiece = 4096;
    for (uint64_t at = interpreter_; at + kPiece <= interpreter_ + size_; at += kPiece) {
      const char* words = memory.Span(at, kPiece);
      if (!words) continue;
      for (uint64_t i = 0; i < kPiece; i += 8) {
        uint64_t word;
        memcpy(&word, words + i, 8);
        if (word == type && ReadRecord(memory, at + i, type, out) && IsDict(memory, out->dict)) return at + i;
      }
    }
    *out = {};
    return 0;
  }

  template <class Memory>
  static bool IsDict(Memory& memory, uint64_t object) {
    uint64_t type, flags;
    return object != 0 && (object & 7) == 0 && Get(memory, object + L::kObjectType, &type) && type != 0 &&
           (type & 7) == 0 && Get(memory, type + L::kTypeFlags, &flags) && (flags & L::kTypeFlagDict) != 0;
  }

  uint64_t interpreter_ = 0;
  uint64_t size_ = 0;
  uint64_t tables_[2] = {0, 0};
  int searches_ = 0;
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_STATIC_TYPES_H_
