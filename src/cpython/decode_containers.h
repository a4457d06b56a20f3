// Decodes the containers whose items are told by their place: tuple, list, dict, set, and the split attributes of instances.
#ifndef LIMPET_CPYTHON_DECODE_CONTAINERS_H_
#define LIMPET_CPYTHON_DECODE_CONTAINERS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/dict_keys.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

// How many items are read at once: another process's memory comes in pieces of about this size.
inline constexpr uint64_t kItemsAtOnce = 16384;

// Tells `count` references that lie side by side, in the run begun last.
template <class Memory, class Sink>
inline bool TellTargets(Memory& memory, uint64_t address, uint64_t count, Sink& sink) {
  while (count != 0) {
    const uint64_t piece = count < kItemsAtOnce ? count : kItemsAtOnce;
    const char* words = memory.Span(address, piece * 8);
    if (!words) return false;
    sink.Targets(reinterpret_cast<const uint64_t*>(words), piece);
    address += piece * 8;
    count -= piece;
  }
  return true;
}

// False, for all decoders here: unreadable or torn.
template <class L, class Memory, class Sink>
inline bool DecodeTuple(Memory& memory, uint64_t object, Sink& sink) {
  int64_t size;
  if (!Get(memory, object + L::kObjectSize, &size) || size < 0 || size > kMaxItems) return false;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  return TellTargets(memory, object + L::kTupleItems, static_cast<uint64_t>(size), sink);
}

template <class L, class Memory, class Sink>
inline bool DecodeList(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, L::kListAllocated + 8);
  if (!bytes) return false;
  int64_t size, allocated;
  uint64_t items;
  memcpy(&size, bytes + L::kObjectSize, 8);
  memcpy(&items, bytes + L::kListItems, 8);
  memcpy(&allocated, bytes + L::kListAllocated, 8);
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  if (allocated == -1) return true;  // while list.sort has the items in its own hands
  if (size < 0 || size > allocated || allocated > kMaxItems || (items == 0 && allocated != 0)) return false;
  if (items == 0) return true;
  sink.OwnBlock(items, static_cast<uint64_t>(allocated) * 8);
  return TellTargets(memory, items, static_cast<uint64_t>(size), sink);
}

// The keys and values of a table. Deleted entries are left out.
template <class Memory, class Sink>
bool TellEntries(Memory& memory, const DictKeys& keys, Sink& sink) {
  constexpr uint64_t kPiece = 256;
  uint64_t words[2 * kPiece];
  const uint64_t entry_size = keys.entry_size();
  for (uint64_t done = 0; done < keys.count;) {
    const uint64_t piece = keys.count - done < kPiece ? keys.count - done : kPiece;
    const char* entry = memory.Span(keys.entries + done * entry_size, piece * entry_size);
    if (!entry) return false;
    entry += keys.key_offset();
    uint64_t told = 0;
    for (uint64_t i = 0; i < piece; ++i, entry += entry_size) {
      memcpy(words + told, entry, 16);
      if (words[told] != 0 && words[told + 1] != 0) told += 2;
    }
    sink.Targets(words, told);
    done += piece;
  }
  return true;
}

// Tells the values of an object's split attributes, by the names in `keys`.
template <class Memory, class Sink>
inline bool TellSplitValues(Memory& memory, const DictKeys& keys, uint64_t values, uint64_t capacity, Sink& sink) {
  const uint64_t count = keys.count < capacity ? keys.count : capacity;
  if (keys.kind == 0 || count == 0) return true;
  const char* names = memory.Span(keys.entries, count * 16);
  const char* targets = memory.Span(values, count * 8);
  if (!names || !targets) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t name, target;
    memcpy(&target, targets + 8 * i, 8);
    if (target == 0) continue;
    memcpy(&name, names + 16 * i, 8);
    sink.Run(RefKind::kAttribute, RefStrength::kOwned, Label::Name(name), false);
    sink.Target(target);
  }
  return true;
}

// Bytes of the values of 3.13+, from the capacity that they begin with: head, values, then a byte each of the order of insertion.
inline uint64_t InlineValuesBytes(uint64_t capacity) { return (capacity + 1) * 8 + ((capacity + 7) & ~uint64_t{7}); }

// How many values a block of 3.11 or 3.12 has room for. It was made for as many as the shared keys then had room for, which shrinks with
// every instance; the prefix tells that to within eight.
inline uint64_t ValuesCapacity(uint64_t room_now, uint64_t prefix) {
  const uint64_t most = prefix - 2;
  const uint64_t least = prefix > 9 ? prefix - 9 : 0;
  return room_now < least || room_now > most ? most : room_now;
}

// The values of a split table that lie in a block of their own.
template <class L, class Memory, class Sink>
inline bool DecodeOwnValues(Memory& memory, const DictKeys& keys, uint64_t values, Sink& sink) {
  if constexpr (L::kInlineValues) {
    const char* head = memory.Span(values, L::kValuesItems);
    if (!head) return false;
    const uint64_t capacity = static_cast<uint8_t>(head[L::kValuesCapacity]);
    // Embedded ones lie inside the instance, but once there is a dict, it is by the dict that they are reached.
    if (head[L::kValuesEmbedded] == 0) sink.OwnBlock(values, InlineValuesBytes(capacity));
    return TellSplitValues(memory, keys, values + L::kValuesItems, capacity, sink);
  } else {
    uint8_t prefix;  // bytes before the first value: those of the order of insertion, and two more
    if (!Get(memory, values - 1, &prefix) || prefix % 8 != 0 || prefix == 0) return false;
    const uint64_t capacity = ValuesCapacity(keys.count + keys.usable, prefix);
    sink.OwnBlock(values - prefix, prefix + capacity * 8);
    return TellSplitValues(memory, keys, values, keys.room, sink);
  }
}

// Whether this is the interpreter's own dict of interned strings, which has every string as key and value and counts neither. (Its
// address is known to the interpreter's state alone.) A program's own cache of strings holds such as nobody interned. Entries that were
// deleted speak for nothing: a queue in a dict has nothing else at its beginning.
template <class L, class Memory>
bool IsInternedDict(Memory& memory, const DictKeys& keys) {
  constexpr uint64_t kFewest = 256;
  if (keys.kind != L::kKeysUnicode || keys.count < kFewest) return false;
  uint64_t live = 0;
  for (uint64_t i = 0; i < keys.count && live < kFewest; ++i) {
    uint64_t entry[2];
    uint32_t state;
    if (!Get(memory, keys.entries + i * keys.entry_size(), &entry) || entry[0] != entry[1]) return false;
    if (entry[0] == 0) continue;
    if (!Get(memory, entry[0] + L::kUnicodeState, &state) || (state & L::kUnicodeInterned) == 0) return false;
    ++live;
  }
  return live == kFewest;
}

template <class L, class Memory, class Sink>
inline bool DecodeDict(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, L::kDictValues + 8);
  if (!bytes) return false;
  uint64_t keys_address, values;
  memcpy(&keys_address, bytes + L::kDictKeys, 8);
  memcpy(&values, bytes + L::kDictValues, 8);
  DictKeys keys;
  if (!ReadKeys<L>(memory, keys_address, &keys)) return false;
  if (values != 0) return DecodeOwnValues<L>(memory, keys, values, sink);
  if (keys.bytes != 0) sink.OwnBlock(keys_address, keys.bytes);
  const bool counted = !IsInternedDict<L>(memory, keys);
  sink.Run(RefKind::kKey, counted ? RefStrength::kOwned : RefStrength::kBorrowed, Label::Index(0), true);
  return TellEntries(memory, keys, sink);
}

template <class L, class Memory, class Sink>
inline bool DecodeSet(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, L::kSetSmallTable);
  if (!bytes) return false;
  int64_t mask;
  uint64_t table;
  memcpy(&mask, bytes + L::kSetMask, 8);
  memcpy(&table, bytes + L::kSetTable, 8);
  if (mask < 7 || mask > kMaxItems || (mask & (mask + 1)) != 0 || table == 0) return false;
  const uint64_t count = static_cast<uint64_t>(mask) + 1;
  if (table != object + L::kSetSmallTable) sink.OwnBlock(table, count * L::kSetEntrySize);
  sink.Run(RefKind::kElement, RefStrength::kOwned, Label::Index(0), true);
  for (uint64_t done = 0; done < count;) {
    const uint64_t piece = count - done < kItemsAtOnce / 2 ? count - done : kItemsAtOnce / 2;
    const char* entries = memory.Span(table + done * L::kSetEntrySize, piece * L::kSetEntrySize);
    if (!entries) return false;
    for (uint64_t i = 0; i < piece; ++i, entries += L::kSetEntrySize) {
      uint64_t key;
      int64_t hash;
      memcpy(&key, entries, 8);
      memcpy(&hash, entries + 8, 8);
      if (key != 0 && hash != -1) sink.Target(key);
    }
    done += piece;
  }
  return true;
}

// The attributes that an instance keeps without, or besides, a dict. `cached_keys` is its type's.
template <class L, class Memory, class Sink>
inline bool DecodeAttributes(Memory& memory, uint64_t object, uint64_t cached_keys, bool inline_values,
                             uint32_t basic_size, Sink& sink) {
  uint64_t dict = 0, values = 0, capacity = ~uint64_t{0};
  if (!Get(memory, object + L::kManagedDict, &dict)) return false;
  if constexpr (L::kManagedValues != kAbsent) {
    if (!Get(memory, object + L::kManagedValues, &values)) return false;
  } else if constexpr (L::kManagedDictTagged) {
    if ((dict & 1) != 0) {
      values = dict + 1;
      dict = 0;
    }
  } else if (inline_values) {
    const char* head = memory.Span(object + basic_size, L::kValuesItems);
    if (!head) return false;
    capacity = static_cast<uint8_t>(head[L::kValuesCapacity]);
    if (head[L::kValuesValid] != 0 && dict == 0) values = object + basic_size;
  }
  if (dict != 0) {
    sink.Run(RefKind::kAttribute, RefStrength::kOwned, Label::Literal("__dict__"), false);
    sink.Target(dict);
  }
  if (values == 0) return true;
  DictKeys keys;
  if (!ReadKeys<L>(memory, cached_keys, &keys)) return false;
  if constexpr (L::kInlineValues) return TellSplitValues(memory, keys, values + L::kValuesItems, capacity, sink);
  return DecodeOwnValues<L>(memory, keys, values, sink);
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_CONTAINERS_H_
