// The keys tables of dicts, and finding an entry by its name.
//
//     PyDictKeysObject | indices (hash table of entry numbers) | entries, in order of insertion
//
// The entries alone say everything that matters here: the indices are never read.
#ifndef LIMPET_CPYTHON_DICT_KEYS_H_
#define LIMPET_CPYTHON_DICT_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/layouts.h"
#include "cpython/memory.h"
#include "cpython/text.h"

namespace limpet::cpython {

struct DictKeys {
  uint64_t entries = 0;  // where the first is
  uint64_t count = 0;    // used so far, deleted ones included
  uint64_t room = 0;     // how many there is room for
  uint64_t usable = 0;   // how many more it takes before it must grow
  uint64_t bytes = 0;    // of the whole table; 0: the shared empty one, nobody's
  int kind = 0;          // L::kKeysGeneral, kKeysUnicode or kKeysSplit
  uint64_t entry_size() const { return kind == 0 ? 24 : 16; }
  int key_offset() const { return kind == 0 ? 8 : 0; }
};

// False: unreadable, or no keys table.
template <class L, class Memory>
inline bool ReadKeys(Memory& memory, uint64_t address, DictKeys* out) {
  const char* bytes = address != 0 ? memory.Span(address, L::kKeysIndices) : nullptr;
  if (!bytes) return false;
  const unsigned log2_size = static_cast<uint8_t>(bytes[L::kKeysLog2Size]);
  const unsigned log2_index_bytes = static_cast<uint8_t>(bytes[L::kKeysLog2IndexBytes]);
  out->kind = static_cast<uint8_t>(bytes[L::kKeysKind]);
  int64_t count;
  memcpy(&count, bytes + L::kKeysEntryCount, sizeof count);
  if (log2_size > 36 || log2_index_bytes < log2_size || log2_index_bytes > log2_size + 3 || out->kind > 2) return false;
  out->room = (uint64_t{2} << log2_size) / 3;
  if (count < 0 || static_cast<uint64_t>(count) > out->room) return false;
  int64_t usable;
  memcpy(&usable, bytes + L::kKeysEntryCount - 8, sizeof usable);  // dk_usable stands right before dk_nentries
  out->usable = usable < 0 ? 0 : static_cast<uint64_t>(usable);
  out->count = static_cast<uint64_t>(count);
  out->entries = address + L::kKeysIndices + (uint64_t{1} << log2_index_bytes);
  out->bytes = log2_size == 0 ? 0 : out->entries - address + out->room * out->entry_size();
  return true;
}

// Adapts a Memory that has Span to the decoders of text.h, which copy.
template <class Memory>
struct ReadBySpan {
  Memory& memory;
  bool Read(uint64_t address, void* to, size_t size) {
    const char* bytes = memory.Span(address, size);
    if (bytes) memcpy(to, bytes, size);
    return bytes != nullptr;
  }
};

template <class L, class Memory>
inline bool IsText(Memory& memory, uint64_t object) {
  uint64_t type, flags;
  return object != 0 && (object & 7) == 0 && Get(memory, object + L::kObjectType, &type) && type != 0 &&
         (type & 7) == 0 && Get(memory, type + L::kTypeFlags, &flags) && (flags & L::kTypeFlagUnicode) != 0;
}

// CopyText of text.h for a Memory that has Span. REQUIRES: over our own memory, `object` is a str.
template <class L, class Memory>
size_t CopyObjectText(Memory& memory, uint64_t object, char* out, size_t capacity) {
  ReadBySpan<Memory> reader{memory};
  return CopyText<L>(reader, object, out, capacity);
}

struct DictEntry {
  uint64_t key = 0;  // 0: there is none
  uint64_t value = 0;
};

// The entry of the (not split) dict whose key is this ASCII text: looks at every entry. `length` is at most 64.
template <class L, class Memory>
DictEntry FindDictEntry(Memory& memory, uint64_t dict, const char* text, size_t length) {
  uint64_t keys_address;
  DictKeys keys;
  if (!Get(memory, dict + L::kDictKeys, &keys_address) || !ReadKeys<L>(memory, keys_address, &keys)) return {};
  for (uint64_t i = 0; i < keys.count; ++i) {
    DictEntry entry;
    if (!Get(memory, keys.entries + i * keys.entry_size() + keys.key_offset(), &entry)) return {};
    if (entry.key == 0 || !IsText<L>(memory, entry.key)) continue;
    char found[72];
    if (CopyObjectText<L>(memory, entry.key, found, length + 1) == length && memcmp(found, text, length) == 0)
      return entry;
  }
  return {};
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DICT_KEYS_H_
