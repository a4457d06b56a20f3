// The types of a Python heap, each with what the decoding of its instances needs: found out once, when the type is first seen.
//
// How instances of a type are laid out follows from the chain of its bases. From the nearest base that is known (known_types.h) to the
// type itself, each step may add slots, a dict and a list of weak references; where a step adds bytes that none of these explains, the
// type is C code's own and its form unknown.
//
//     object (known) --> CType: 24 more bytes, no members       unknown
//     tuple (known) --> Point: nothing more                     tuple
//     object (known) --> Session: __slots__ of 2, 16 bytes      plain, with two slots
#ifndef LIMPET_CPYTHON_TYPE_TABLE_H_
#define LIMPET_CPYTHON_TYPE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/page_array.h"
#include "cpython/decode.h"
#include "cpython/known_types.h"
#include "cpython/layouts.h"
#include "cpython/library_types.h"
#include "cpython/type_reader.h"

namespace limpet::cpython {

// What a type's instances have, besides what their form and fields say. Bits of TypeInfo::traits.
enum TypeTrait : uint8_t {
  kTraitSlots = 1,         // references that tp_members shows
  kTraitManagedDict = 2,   // the attributes' dict, or in 3.11 and 3.12 their values, before the object
  kTraitInlineValues = 4,  // 3.13+: the attributes' values behind the object
  kTraitDict = 8,          // a dict at dict_offset
  kTraitDerived = 16,      // not the known type itself: allocated with room for one item more
  kTraitHeap = 32,         // made at run time
  kTraitUnknown = 64,      // somewhere between it and its known base, C code added what nobody knows
};

struct TypeInfo {
  uint64_t address;
  uint64_t flags;        // tp_flags
  uint64_t cached_keys;  // of split attributes; 0: none
  uint32_t index;        // 0, 1, 2 ... in order of first sight
  uint32_t basic_size;
  int32_t item_size;
  int32_t dict_offset;  // kTraitDict; negative: from the end of the object
  uint32_t first_slot;  // kTraitSlots
  uint16_t slot_count;
  uint16_t sequence_fields;  // kStructSequence: items in all, those that are no items to Python code included
  uint16_t pre_header;       // bytes before the object that its block begins with (GC head, managed dict words)
  Form form;
  uint8_t traits;              // TypeTrait
  FieldList fields;            // of the known base
  const LibraryType* library;  // what it or a base of it is in the standard library; null: nothing
};

// A reference that tp_members shows.
struct Slot {
  uint64_t name;  // a str of the target; 0: not known
  uint32_t offset;
};

template <class L, class Memory>
class TypeTable {
 public:
  explicit TypeTable(Memory& memory) : memory_(memory) {}

  // Null: there is no type object at this address. The pointer is valid until the next Find.
  const TypeInfo* Find(uint64_t address) {
    if (__builtin_expect(places_.empty(), 0) && !Grow()) return nullptr;
    for (uint64_t at = Hash(address);; ++at) {
      const uint32_t place = places_[at & (places_.size() - 1)];
      if (place == 0) return Add(address);
      if (types_[place - 1].address == address) return &types_[place - 1];
    }
  }
  uint32_t size() const { return static_cast<uint32_t>(types_.size()); }
  const TypeInfo& at(uint32_t index) const { return types_[index]; }
  const Slot* slots(const TypeInfo& type) const { return slots_.data() + type.first_slot; }

  // Writes the full name of a type ("collections.OrderedDict", "app.Session", "dict"), without a terminating zero, and returns how many
  // bytes; 0 if it cannot be read.
  size_t CopyName(uint32_t index, char* out, size_t capacity) {
    return CopyTypeName<L>(memory_, types_[index].address, types_[index].flags, out, capacity);
  }

 private:
  static constexpr int kMaxBases = 2000;  // a chain of bases that is longer is taken for a circle

  static uint64_t Hash(uint64_t address) { return (address >> 4) * 0x9e3779b97f4a7c15ull >> 32; }

  bool Grow() {
    const size_t size = places_.empty() ? 4096 : places_.size() * 2;
    if (!places_.Reserve(size)) return false;
    places_.Clear();
    places_.Resize(size);  // all of them zero
    for (uint32_t i = 0; i < types_.size(); ++i) Place(types_[i].address, i);
    return true;
  }
  void Place(uint64_t address, uint32_t index) {
    uint64_t at = Hash(address);
    while (places_[at & (places_.size() - 1)] != 0) ++at;
    places_[at & (places_.size() - 1)] = index + 1;
  }

  const TypeInfo* Add(uint64_t address) {
    RawType raw;
    if (!ReadType<L>(memory_, address, &raw) || !IsTypeObject(raw)) return nullptr;
    TypeInfo info{};
    info.address = address;
    info.flags = raw.flags;
    info.basic_size = static_cast<uint32_t>(raw.basic_size);
    info.item_size = static_cast<int32_t>(raw.item_size);
    info.pre_header = static_cast<uint16_t>(((raw.flags & L::kTypeFlagGc) != 0 ? L::kGcHead : 0) +
                                            ((raw.flags & L::kTypeFlagsPreHeader) != 0 ? L::kPreHeader : 0));
    if ((raw.flags & L::kTypeFlagHeap) != 0) {
      info.traits |= kTraitHeap;
      if (!Get(memory_, address + L::kHeapTypeCachedKeys, &info.cached_keys)) return nullptr;
    }
    AddDict(raw, &info);
    const size_t slots_before = slots_.size();
    if (!FollowBases(address, raw, &info)) {
      while (slots_.size() > slots_before) slots_.Pop();
      return nullptr;
    }
    info.index = size();
    if ((types_.size() + 1) * 2 > places_.size() && !Grow()) return nullptr;
    if (!types_.Push(info)) return nullptr;
    Place(address, info.index);
    return &types_.back();
  }

  bool IsTypeObject(const RawType& raw) {
    uint64_t meta_flags;
    return raw.metatype != 0 && Get(memory_, raw.metatype + L::kTypeFlags, &meta_flags) &&
           (meta_flags & L::kTypeFlagType) != 0;
  }

  static void AddDict(const RawType& raw, TypeInfo* info) {
    if ((raw.flags & L::kTypeFlagManagedDict) != 0) {
      info->traits |= kTraitManagedDict;
      if ((raw.flags & L::kTypeFlagInlineValues) != 0) info->traits |= kTraitInlineValues;
    } else if (raw.dict_offset != 0) {
      info->traits |= kTraitDict;
      info->dict_offset = static_cast<int32_t>(raw.dict_offset);
    }
  }

  // Goes from the type to the nearest known base, collecting slots.
  bool FollowBases(uint64_t address, RawType raw, TypeInfo* info) {
    bool explained = true;
    info->first_slot = static_cast<uint32_t>(slots_.size());
    for (int depth = 0;; ++depth) {
      if (IsKnown(raw, depth, info)) break;
      RawType base;
      if (depth == kMaxBases || raw.base == 0 || !ReadType<L>(memory_, raw.base, &base)) return false;
      if (base.basic_size > raw.basic_size) return false;
      const bool library = FindLibrary(raw, info);
      if (library && !info->library->extends_base) break;
      info->traits |= kTraitDerived;
      if (!library && !AddStep(address, raw, base, &explained)) return false;
      address = raw.base;
      raw = base;
    }
    if (!explained) info->traits |= kTraitUnknown;
    if (!explained && info->form == Form::kPlain) info->form = Form::kUnknown;
    const size_t count = slots_.size() - info->first_slot;
    if (count > 0xffff) return false;
    info->slot_count = static_cast<uint16_t>(count);
    if (count != 0) info->traits |= kTraitSlots;
    return true;
  }

  bool IsKnown(const RawType& raw, int depth, TypeInfo* info) {
    if (const KnownType* known = Recognise<L>(memory_, raw)) {
      info->form = known->form;
      info->fields = known->fields;
      return true;
    }
    return depth == 0 && IsStructSequence(raw, info);
  }

  // A type of the standard library; the one nearest to the type at hand is what counts.
  bool FindLibrary(const RawType& raw, TypeInfo* info) {
    char name[64];
    const size_t length = CopyCString(memory_, raw.name, name, sizeof name - 1);
    name[length] = 0;
    if (length == 0 || info->library != nullptr) return false;
    const LibraryType* found = FindLibraryType<L>(name, raw.basic_size, (raw.flags & L::kTypeFlagHeap) != 0);
    if (found == nullptr) return false;
    info->library = found;
    if (!found->extends_base) info->form = Form::kLibrary;
    return true;
  }

  // What a type adds to its base: *explained becomes false where that is neither slots nor a dict nor a list of weak references.
  bool AddStep(uint64_t address, const RawType& raw, const RawType& base, bool* explained) {
    int64_t added = raw.basic_size - base.basic_size;
    if (added == 0) return true;
    int64_t members;
    if (!AddSlots(address, raw, base, &members)) return false;
    added -= members;
    if (raw.weak_list_offset >= base.basic_size) added -= 8;
    if (raw.dict_offset != base.dict_offset && (raw.flags & L::kTypeFlagManagedDict) == 0) added -= 8;
    if (added > 0) *explained = false;
    return true;
  }

  // A struct sequence is a tuple whose members are its own items, by name.
  bool IsStructSequence(const RawType& raw, TypeInfo* info) {
    RawType base;
    if (raw.members == 0 || !ReadType<L>(memory_, raw.base, &base)) return false;
    const KnownType* known = Recognise<L>(memory_, base);
    if (known == nullptr || known->form != Form::kTuple) return false;
    int64_t end = L::kTupleItems;
    for (int i = 0; i < 1000; ++i) {
      RawMember member;
      if (!ReadMember<L>(memory_, raw.members + static_cast<uint64_t>(i) * L::kMemberSize, &member)) return false;
      if (member.name == 0) break;
      if (member.type != L::kMemberObject || member.offset < L::kTupleItems || member.offset > L::kTupleItems + 8000)
        return false;
      if (member.offset + 8 > end) end = member.offset + 8;
    }
    info->form = Form::kStructSequence;
    info->sequence_fields = static_cast<uint16_t>((end - L::kTupleItems) / 8);
    return info->sequence_fields != 0 && info->sequence_fields >= (raw.basic_size - base.basic_size) / 8;
  }

  // Adds the references among tp_members that lie between the base's end and the type's; *bytes is what all members there cover.
  bool AddSlots(uint64_t address, const RawType& raw, const RawType& base, int64_t* bytes) {
    *bytes = 0;
    if (raw.members == 0) return true;
    NameFinder<L, Memory> names(memory_, address, raw.flags);
    for (int i = 0; i < 0xffff; ++i) {
      RawMember member;
      if (!ReadMember<L>(memory_, raw.members + static_cast<uint64_t>(i) * L::kMemberSize, &member)) return false;
      if (member.name == 0) return true;
      if (member.offset < base.basic_size || member.offset >= raw.basic_size) continue;
      *bytes += MemberBytes(member.type);
      if (member.type != L::kMemberObject && member.type != L::kMemberObjectEx) continue;
      if (!slots_.Push({names.Find(i, member.name), static_cast<uint32_t>(member.offset)})) return false;
    }
    return false;
  }

  Memory& memory_;
  base::PageArray<TypeInfo> types_;
  base::PageArray<uint32_t> places_;  // 1 + index in types_; 0: free
  base::PageArray<Slot> slots_;
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_TYPE_TABLE_H_
