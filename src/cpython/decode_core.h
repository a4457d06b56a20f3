// Decodes str, functions' closures, types and code objects, and says how large objects are.
#ifndef LIMPET_CPYTHON_DECODE_CORE_H_
#define LIMPET_CPYTHON_DECODE_CORE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/decode_containers.h"
#include "cpython/decode_frame.h"
#include "cpython/dict_keys.h"
#include "cpython/layouts.h"
#include "cpython/static_types.h"
#include "cpython/type_table.h"

namespace limpet::cpython {

// The number of items of a variable-sized object. False: unreadable, or nothing that can be.
template <class L, class Memory>
inline bool ItemCount(Memory& memory, uint64_t object, Form form, int64_t* count) {
  if (!Get(memory, object + L::kObjectSize, count)) return false;
  if (form == Form::kLong) {
    if constexpr (L::kLongTagShift != 0) {
      *count = static_cast<int64_t>(static_cast<uint64_t>(*count) >> L::kLongTagShift);
    }
  }
  if (*count < -kMaxItems || *count > kMaxItems) return false;
  if (*count < 0) *count = -*count;
  return true;
}

// Bytes of a str's own block: characters included where they follow the object.
template <class L, class Memory>
uint64_t TextSize(Memory& memory, uint64_t object, const TypeInfo& type) {
  int64_t length;
  uint32_t state;
  if (!Get(memory, object + L::kUnicodeLength, &length) || !Get(memory, object + L::kUnicodeState, &state) ||
      length < 0 || length > kMaxItems || (state & L::kUnicodeCompact) == 0) {
    return type.basic_size;
  }
  const uint64_t kind = (state & L::kUnicodeKindMask) >> L::kUnicodeKindShift;
  const int head = (state & L::kUnicodeAscii) != 0 ? L::kUnicodeAsciiData : L::kUnicodeCompactData;
  return static_cast<uint64_t>(head) + (static_cast<uint64_t>(length) + 1) * kind;
}

// Bytes from the start of the object on.
template <class L, class Memory>
inline uint64_t ObjectSize(Memory& memory, uint64_t object, const TypeInfo& type) {
  if (type.form == Form::kUnicode) return TextSize<L>(memory, object, type);
  if (type.item_size == 0) return type.basic_size;
  if (type.form == Form::kGenerator) {
    return type.basic_size + 8 * static_cast<uint64_t>(FrameSlots<L>(memory, object + L::kGeneratorFrame));
  }
  if (type.form == Form::kFrame) {
    uint64_t frame = 0;
    Get(memory, object + L::kFrameObjectFrame, &frame);
    return type.basic_size + 8 * static_cast<uint64_t>(frame != 0 ? FrameSlots<L>(memory, frame) : 0);
  }
  int64_t items = 0;
  if (!ItemCount<L>(memory, object, type.form, &items)) items = 0;
  if (type.form == Form::kStructSequence) {
    const uint64_t all = static_cast<uint64_t>(items > type.sequence_fields ? items : type.sequence_fields);
    return L::kTupleItems + 8 * all;
  }
  const uint64_t item_size = static_cast<uint64_t>(type.item_size < 0 ? -int64_t{type.item_size} : type.item_size);
  if (type.form == Form::kType) {
    uint64_t flags = 0;
    Get(memory, object + L::kTypeFlags, &flags);
    // A static type is no heap type cut short: it lies in its library, without what would stand before it.
    if ((flags & L::kTypeFlagHeap) == 0) return L::kTypeSize - type.pre_header;
    ++items;
  } else if ((type.traits & kTraitDerived) != 0) {
    ++items;  // allocated by PyType_GenericAlloc, which leaves room for one more
  } else if (type.form == Form::kBytes) {
    return type.basic_size + static_cast<uint64_t>(items) * item_size;  // not rounded up
  } else if (type.form == Form::kLong) {
    return L::kLongDigits + static_cast<uint64_t>(items > 0 ? items : 1) * item_size;  // zero has a digit, too
  }
  return (type.basic_size + static_cast<uint64_t>(items) * item_size + 7) & ~uint64_t{7};
}

template <class Sink>
inline void Tell(Sink& sink, RefKind kind, RefStrength strength, const char* name, uint64_t target) {
  if (target == 0) return;
  sink.Run(kind, strength, Label::Literal(name), false);
  sink.Target(target);
}

template <class L, class Memory, class Sink>
bool DecodeText(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, L::kUnicodeAsciiData);
  if (!bytes) return false;
  int64_t length;
  uint32_t state;
  memcpy(&length, bytes + L::kUnicodeLength, 8);
  memcpy(&state, bytes + L::kUnicodeState, 4);
  if (length < 0 || length > kMaxItems) return false;
  const bool compact = (state & L::kUnicodeCompact) != 0, ascii = (state & L::kUnicodeAscii) != 0;
  if (compact && ascii) return true;
  const uint64_t kind = (state & L::kUnicodeKindMask) >> L::kUnicodeKindShift;
  uint64_t utf8, utf8_length, data = 0;
  if (!Get(memory, object + L::kUnicodeUtf8Length, &utf8_length) || !Get(memory, object + L::kUnicodeUtf8, &utf8) ||
      (!compact && !Get(memory, object + L::kUnicodeLegacyData, &data))) {
    return false;
  }
  if (data != 0) sink.OwnBlock(data, (static_cast<uint64_t>(length) + 1) * kind);
  if (utf8 != 0 && utf8 != data && utf8_length <= static_cast<uint64_t>(kMaxItems))
    sink.OwnBlock(utf8, utf8_length + 1);
  return true;
}

// The cells of a function's closure by the names of their variables. It is the tuple __closure__ that owns them, so these are borrowed.
template <class L, class Memory, class Sink>
bool DecodeClosure(Memory& memory, uint64_t object, Sink& sink) {
  uint64_t closure, code, names;
  if (!Get(memory, object + L::kFunctionClosure, &closure) || !Get(memory, object + L::kFunctionCode, &code))
    return false;
  if (closure == 0) return true;
  int64_t cells, known;
  if (code == 0 || !Get(memory, closure + L::kObjectSize, &cells) ||
      !Get(memory, code + L::kCodeLocalsPlusNames, &names) || names == 0 ||
      !Get(memory, names + L::kObjectSize, &known) || cells < 0 || cells > known || known > kMaxItems) {
    return false;
  }
  // The free variables of a code object are the last of its names.
  const uint64_t count = static_cast<uint64_t>(cells);
  const uint64_t first_name = names + L::kTupleItems + 8 * (static_cast<uint64_t>(known) - count);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t name, cell;
    if (!Get(memory, first_name + 8 * i, &name) || !Get(memory, closure + L::kTupleItems + 8 * i, &cell)) return false;
    if (cell == 0 || name == 0) continue;
    sink.Run(RefKind::kClosure, RefStrength::kBorrowed, Label::Name(name), false);
    sink.Target(cell);
  }
  return true;
}

// A tuple of which Python code sees a part as items (os.stat_result: 10 of 19) and the others by name only.
template <class L, class Memory, class Sink>
bool DecodeStructSequence(Memory& memory, uint64_t object, const TypeInfo& type, Sink& sink) {
  int64_t items;
  if (!Get(memory, object + L::kObjectSize, &items) || items < 0 || items > kMaxItems) return false;
  if (items < type.sequence_fields) items = type.sequence_fields;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  return TellTargets(memory, object + L::kTupleItems, static_cast<uint64_t>(items), sink);
}

template <class L, class Memory, class Sink>
bool DecodeByteArray(Memory& memory, uint64_t object, Sink& sink) {
  if constexpr (L::kByteArrayObject != kAbsent) {
    uint64_t bytes;
    if (!Get(memory, object + L::kByteArrayObject, &bytes)) return false;
    Tell(sink, RefKind::kField, RefStrength::kOwned, "ob_bytes_object", bytes);
  } else {
    int64_t allocated;
    uint64_t block;
    if (!Get(memory, object + L::kByteArrayAllocated, &allocated) ||
        !Get(memory, object + L::kByteArrayBlock, &block) || allocated < 0 || allocated > kMaxItems) {
      return false;
    }
    if (block != 0) sink.OwnBlock(block, static_cast<uint64_t>(allocated));
  }
  return true;
}

// The names of the attributes of a class's instances, and the table that they share.
template <class L, class Memory, class Sink>
bool DecodeCachedKeys(Memory& memory, uint64_t address, Sink& sink) {
  if (address == 0) return true;
  DictKeys keys;
  if (!ReadKeys<L>(memory, address, &keys)) return false;
  sink.OwnBlock(address, keys.bytes);
  const char* entries = memory.Span(keys.entries, keys.count * 16);
  if (!entries || keys.kind == L::kKeysGeneral) return false;
  for (uint64_t i = 0; i < keys.count; ++i) {
    uint64_t name;
    memcpy(&name, entries + 16 * i, 8);
    Tell(sink, RefKind::kField, RefStrength::kOwned, "ht_cached_keys", name);
  }
  return true;
}

template <class L, class Memory, class Sink>
bool DecodeType(Memory& memory, uint64_t object, StaticTypeStates<L>& states, Sink& sink) {
  const char* bytes = memory.Span(object, L::kTypeSize);
  if (!bytes) return false;
  const auto word = [&](int offset) {
    uint64_t value;
    memcpy(&value, bytes + offset, 8);
    return value;
  };
  const uint64_t flags = word(L::kTypeFlags);
  const bool heap = (flags & L::kTypeFlagHeap) != 0;
  // Its __dict__ is where the metatype's tp_dictoffset says, and told with all other objects' dicts.
  Tell(sink, RefKind::kAttribute, RefStrength::kOwned, "__mro__", word(L::kTypeMro));
  Tell(sink, RefKind::kAttribute, RefStrength::kOwned, "__bases__", word(L::kTypeBases));
  Tell(sink, RefKind::kAttribute, heap ? RefStrength::kOwned : RefStrength::kBorrowed, "__base__", word(L::kTypeBase));
  Tell(sink, RefKind::kField, RefStrength::kOwned, "tp_cache", word(L::kTypeCache));
  uint64_t subclasses = word(L::kTypeSubclasses);
  if ((flags & L::kTypeFlagStaticBuiltin) != 0) {
    const StaticTypeState state = states.Find(memory, object, subclasses);
    Tell(sink, RefKind::kAttribute, RefStrength::kOwned, "__dict__", state.dict);
    subclasses = state.subclasses;
  }
  Tell(sink, RefKind::kField, RefStrength::kOwned, "tp_subclasses", subclasses);
  if (!heap) return true;
  uint64_t name, qualified_name, slots, module, cached_keys;
  if (!Get(memory, object + L::kHeapTypeName, &name) ||
      !Get(memory, object + L::kHeapTypeQualifiedName, &qualified_name) ||
      !Get(memory, object + L::kHeapTypeSlots, &slots) || !Get(memory, object + L::kHeapTypeModule, &module) ||
      !Get(memory, object + L::kHeapTypeCachedKeys, &cached_keys)) {
    return false;
  }
  Tell(sink, RefKind::kAttribute, RefStrength::kOwned, "__name__", name);
  Tell(sink, RefKind::kAttribute, RefStrength::kOwned, "__qualname__", qualified_name);
  Tell(sink, RefKind::kField, RefStrength::kOwned, "ht_slots", slots);
  Tell(sink, RefKind::kField, RefStrength::kOwned, "ht_module", module);
  return DecodeCachedKeys<L>(memory, cached_keys, sink);
}

// What tools have attached to a code object, and the table of lines that 3.11 makes for tracing.
template <class L, class Memory, class Sink>
bool TellCodeBlocks(Memory& memory, uint64_t object, Sink& sink) {
  uint64_t extra;
  if (!Get(memory, object + L::kCodeExtra, &extra)) return false;
  if (extra != 0) {  // a count, and as many words
    int64_t count;
    if (!Get(memory, extra, &count) || count < 0 || count > 255) return false;
    sink.OwnBlock(extra, 8 + 8 * static_cast<uint64_t>(count));
  }
  if constexpr (L::kCodeLineArray != kAbsent) {
    uint64_t lines;
    int64_t units;
    int16_t entry_size;
    if (!Get(memory, object + L::kCodeLineArray, &lines) || !Get(memory, object + L::kCodeLineEntrySize, &entry_size) ||
        !Get(memory, object + L::kObjectSize, &units)) {
      return false;
    }
    if (lines != 0 && units >= 0 && units <= kMaxItems && (entry_size == 2 || entry_size == 4)) {
      sink.OwnBlock(lines, static_cast<uint64_t>(units) * static_cast<uint64_t>(entry_size));
    }
  }
  return true;
}

// What a code object keeps besides its fields.
template <class L, class Memory, class Sink>
bool DecodeCode(Memory& memory, uint64_t object, Sink& sink) {
  if (!TellCodeBlocks<L>(memory, object, sink)) return false;
  if constexpr (L::kCodeCached != kAbsent) {  // made up on demand
    uint64_t cached;
    if (!Get(memory, object + L::kCodeCached, &cached)) return false;
    if (cached == 0) return true;
    const char* bytes = memory.Span(cached, 32);
    if (!bytes) return false;
    static constexpr const char* kNames[] = {"co_code", "co_varnames", "co_cellvars", "co_freevars"};
    sink.OwnBlock(cached, 32);
    for (int i = 0; i < 4; ++i) {
      uint64_t target;
      memcpy(&target, bytes + 8 * i, 8);
      Tell(sink, RefKind::kField, RefStrength::kOwned, kNames[i], target);
    }
  }
  return true;
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_CORE_H_
