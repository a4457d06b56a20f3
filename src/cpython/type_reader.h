// Reads type objects: their fields, members and names, and tells which known type one is.
#ifndef LIMPET_CPYTHON_TYPE_READER_H_
#define LIMPET_CPYTHON_TYPE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/dict_keys.h"
#include "cpython/known_types.h"
#include "cpython/layouts.h"
#include "cpython/text.h"

namespace limpet::cpython {

// What PyTypeObject says, as far as it matters here.
struct RawType {
  uint64_t metatype;
  uint64_t name;  // a C string
  int64_t basic_size;
  int64_t item_size;
  uint64_t flags;
  int64_t weak_list_offset;
  uint64_t members;
  uint64_t base;
  int64_t dict_offset;
};

template <class T>
inline T At(const char* bytes, int offset) {
  T value;
  memcpy(&value, bytes + offset, sizeof value);
  return value;
}

// False also where the figures are none that a type object could have.
template <class L, class Memory>
bool ReadType(Memory& memory, uint64_t address, RawType* out) {
  if (address == 0 || (address & 7) != 0) return false;
  const char* bytes = memory.Span(address, L::kTypeSize);
  if (!bytes) return false;
  out->metatype = At<uint64_t>(bytes, L::kObjectType);
  out->name = At<uint64_t>(bytes, L::kTypeName);
  out->basic_size = At<int64_t>(bytes, L::kTypeBasicSize);
  out->item_size = At<int64_t>(bytes, L::kTypeItemSize);
  out->flags = At<uint64_t>(bytes, L::kTypeFlags);
  out->weak_list_offset = At<int64_t>(bytes, L::kTypeWeakListOffset);
  out->members = At<uint64_t>(bytes, L::kTypeMembers);
  out->base = At<uint64_t>(bytes, L::kTypeBase);
  out->dict_offset = At<int64_t>(bytes, L::kTypeDictOffset);
  constexpr int64_t kLargest = 1 << 30;
  return out->basic_size >= 0 && out->basic_size < kLargest && out->item_size > -kLargest &&
         out->item_size < kLargest && out->dict_offset > -kLargest && out->dict_offset < kLargest &&
         (out->flags & L::kTypeFlagReady) != 0;
}

struct RawMember {
  uint64_t name;  // a C string; 0 ends the list
  int type;
  int64_t offset;
};

template <class L, class Memory>
bool ReadMember(Memory& memory, uint64_t address, RawMember* out) {
  const char* bytes = memory.Span(address, L::kMemberSize);
  if (!bytes) return false;
  out->name = At<uint64_t>(bytes, L::kMemberName);
  out->type = At<int32_t>(bytes, L::kMemberType);
  out->offset = At<int64_t>(bytes, L::kMemberOffset);
  return true;
}

// How many bytes of an instance a member of this type (T_SHORT ... T_PYSSIZET) stands for.
inline int64_t MemberBytes(int type) {
  switch (type) {
    case 0:   // short
    case 10:  // unsigned short
      return 2;
    case 1:   // int
    case 3:   // float
    case 11:  // unsigned int
      return 4;
    case 7:   // char
    case 8:   // signed char
    case 9:   // unsigned char
    case 13:  // characters inside the object: at least one
    case 14:  // bool
      return 1;
    default:
      return 8;
  }
}

// Copies the C string at `address`, without its zero, and returns its length; what does not fit is left out.
template <class Memory>
size_t CopyCString(Memory& memory, uint64_t address, char* out, size_t capacity) {
  size_t length = 0;
  while (length < capacity) {
    // In pieces that no border of a page divides: the next page may not be there.
    const uint64_t from = address + length;
    size_t piece = 64 - (from & 63);
    if (piece > capacity - length) piece = capacity - length;
    const char* bytes = memory.Span(from, piece);
    if (!bytes) return length;
    for (size_t i = 0; i < piece; ++i) {
      if (bytes[i] == 0) return length;
      out[length++] = bytes[i];
    }
  }
  return length;
}

// The known type that this one is, not counting its bases; null if none.
template <class L, class Memory>
const KnownType* Recognise(Memory& memory, const RawType& raw) {
  char name[64];
  size_t length = CopyCString(memory, raw.name, name, sizeof name - 1);
  name[length] = 0;
  const bool heap = (raw.flags & L::kTypeFlagHeap) != 0;
  for (const KnownType& known : kKnownTypes<L>) {
    if (known.basic_size != raw.basic_size || strcmp(known.name, name) != 0) continue;
    // A class statement names its type without a module: `class list(object)` is none of ours.
    if (!heap || strchr(known.name, '.') != nullptr) return &known;
  }
  return nullptr;
}

// Finds the str objects that are the names of a type's members: a label of ours refers to a str of the target.
template <class L, class Memory>
class NameFinder {
 public:
  NameFinder(Memory& memory, uint64_t type, uint64_t flags) : memory_(memory), type_(type) {
    if ((flags & L::kTypeFlagHeap) != 0) Get(memory, type + L::kHeapTypeSlots, &slots_);
  }

  // The name of the `index`-th member, whose characters are at `text`; 0: there is no such str.
  uint64_t Find(int index, uint64_t text) {
    // A class's __slots__ are kept as a tuple, and the members point into its strings.
    uint64_t name = 0;
    int64_t count = 0;
    if (slots_ != 0 && Get(memory_, slots_ + L::kObjectSize, &count) && index < count &&
        Get(memory_, slots_ + L::kTupleItems + 8 * static_cast<uint64_t>(index), &name)) {
      return name;
    }
    return FindKey(text);
  }

 private:
  // C code's members have no str of their own, but each is a descriptor in the type's dict.
  uint64_t FindKey(uint64_t text) {
    char wanted[64];
    const size_t length = CopyCString(memory_, text, wanted, sizeof wanted);
    uint64_t dict = 0;
    if (length == sizeof wanted || !Get(memory_, type_ + L::kTypeDict, &dict) || dict == 0) return 0;
    return FindDictEntry<L>(memory_, dict, wanted, length).key;
  }

  Memory& memory_;
  uint64_t type_;
  uint64_t slots_ = 0;
};

// See TypeTable::CopyName.
template <class L, class Memory>
size_t CopyTypeName(Memory& memory, uint64_t type, uint64_t flags, char* out, size_t capacity) {
  uint64_t name = 0;
  if ((flags & L::kTypeFlagHeap) == 0) {
    return Get(memory, type + L::kTypeName, &name) ? CopyCString(memory, name, out, capacity) : 0;
  }
  size_t length = 0;
  uint64_t dict = 0;
  if (Get(memory, type + L::kTypeDict, &dict) && dict != 0) {
    const uint64_t module = FindDictEntry<L>(memory, dict, "__module__", 10).value;
    if (module != 0 && IsText<L>(memory, module)) length = CopyObjectText<L>(memory, module, out, capacity);
  }
  if (length == 8 && memcmp(out, "builtins", 8) == 0) length = 0;
  if (length != 0 && length < capacity) out[length++] = '.';
  if (!Get(memory, type + L::kHeapTypeQualifiedName, &name) || name == 0) return 0;
  return length + CopyObjectText<L>(memory, name, out + length, capacity - length);
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_TYPE_READER_H_
