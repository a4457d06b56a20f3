// Objects that nothing refers to, and that no collector would track, but that live: somebody took a reference and never gave it back (a missing
// decref of a str, bytes, int ...), or has it in a register. Found by looking into every block that is allocated.
#ifndef LIMPET_WALK_LOST_OBJECTS_H_
#define LIMPET_WALK_LOST_OBJECTS_H_

#include <cstdint>

#include "cpython/object_decoder.h"
#include "cpython/type_table.h"
#include "walk/numbering.h"
#include "walk/reference_sink.h"
#include "walk/walk.h"

namespace limpet::walk {

// Whether the count of an object says that it lives. A dead object's block on a free list has the address of the next one where its count was.
// (From 3.14 on, the two highest bytes of a living one are flags.)
inline bool IsLivingCount(uint64_t count) { return static_cast<uint32_t>(count) != 0 && (count >> 32 & 0xffff) == 0; }

// The type of what looks like a living object at this address that no collector would track (a str, an array ...), or null: its type is
// an object that is known to be a type, and it is referred to. Types whose objects the collector tracks are left out: those that live are
// on its lists, and what is not is half made or dead. REQUIRES: over our own memory, the address is readable.
template <class L, class Memory>
const cpython::TypeInfo* UntrackedAt(Memory& memory, const Numbering& numbers, cpython::TypeTable<L, Memory>& types,
                                     uint64_t object) {
  uint64_t type = 0, count = 0;
  if (!cpython::Get(memory, object + L::kObjectType, &type) || !numbers.IsKnown(type)) return nullptr;
  if (!cpython::Get(memory, object, &count) || !IsLivingCount(count)) return nullptr;
  const cpython::TypeInfo* info = types.Find(type);
  return info && (info->flags & L::kTypeFlagGc) == 0 ? info : nullptr;
}

// Whether so many bytes at the address are among a library's variables.
inline bool IsVariable(const WalkOptions& options, uint64_t address, uint64_t size) {
  for (size_t i = 0; i < options.module_count; ++i) {
    if (address >= options.modules[i].begin && address + size <= options.modules[i].end) return true;
  }
  return false;
}

// Dicts and tuples that hold nothing which could be part of a cycle are taken off the collector's lists; frame objects join them when the
// call ends; the list of audit hooks is hidden from it.
inline bool IsOftenUntracked(cpython::Form form) {
  return form == cpython::Form::kDict || form == cpython::Form::kTuple || form == cpython::Form::kFrame ||
         form == cpython::Form::kList;
}

// The type of such an object that lives at this address, which may be anything, in a block that is known to be allocated; else null.
template <class L, class Memory>
const cpython::TypeInfo* UntrackedContainerAt(Memory& memory, const WalkOptions& options, const Numbering& numbers,
                                              cpython::TypeTable<L, Memory>& types, uint64_t address) {
  constexpr uint64_t kHead = 16;  // of what the collector can track
  if (!options.size_of || !IsPlausible(address) || options.size_of(address - kHead) <= kHead) return nullptr;
  uint64_t type = 0, count = 0, next = 0;
  if (!cpython::Get(memory, address + L::kObjectType, &type)) return nullptr;
  if (!numbers.IsKnown(type) && !IsVariable(options, type, L::kTypeSize)) return nullptr;
  if (!cpython::Get(memory, address, &count) || !IsLivingCount(count)) return nullptr;
  const cpython::TypeInfo* info = types.Find(type);
  const bool fits = info && info->pre_header == kHead && IsOftenUntracked(info->form) &&
                    cpython::Get(memory, address - kHead, &next) && next == 0;
  return fits ? info : nullptr;
}

template <class L, class Memory>
class LostObjects {
 public:
  using Types = cpython::TypeTable<L, Memory>;
  using Decoder = cpython::ObjectDecoder<L, Memory, ReferenceSink>;

  LostObjects(Memory& memory, Numbering& numbers, Types& types, Decoder& decoder)
      : memory_(memory), numbers_(numbers), types_(types), decoder_(decoder) {}

  // Gives the object in this block a number, if there is one that has none. REQUIRES: the block is readable.
  void LookInto(uint64_t block, uint64_t size) {
    if (size >= 16 && !numbers_.IsKnown(block) && IsObject(block, size)) numbers_.NumberOf(block);
  }

 private:
  static constexpr uint64_t kMostSlack = 64;  // a block may be larger than what lives in it, but not by much

  // Whether such an object is there, and what it says of its size fits the block.
  bool IsObject(uint64_t object, uint64_t size) {
    const cpython::TypeInfo* info = UntrackedAt<L>(memory_, numbers_, types_, object);
    if (!info || info->pre_header != 0) return false;
    const uint64_t own = decoder_.OwnSize(object, *info);
    return own <= size && size <= 2 * own + kMostSlack;
  }

  Memory& memory_;
  Numbering& numbers_;
  Types& types_;
  Decoder& decoder_;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_LOST_OBJECTS_H_
