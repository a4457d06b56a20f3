// The few texts that a snapshot keeps: names of functions, classes and modules, and short previews of the keys of dicts, so that a path
// can be written as people know it. Values are never kept.
//
// Of a large dict only some keys are kept: nobody reads a path for each of a million entries. Names in code are all kept, since a large
// dict may be a module's.
#ifndef LIMPET_WALK_TEXT_TELLER_H_
#define LIMPET_WALK_TEXT_TELLER_H_

#include <cstdint>

#include "capture/snapshot_writer.h"
#include "cpython/decode_collections.h"
#include "cpython/object_decoder.h"
#include "cpython/text.h"
#include "cpython/type_table.h"
#include "walk/classes.h"
#include "walk/decimal.h"
#include "walk/numbering.h"

namespace limpet::walk {

template <class L, class Memory>
class TextTeller {
 public:
  TextTeller(Memory& memory, capture::SnapshotWriter& writer, const Numbering& numbers, bool redact)
      : memory_(memory), writer_(writer), numbers_(numbers), redact_(redact) {}

  // Keys and values alternate in pairs[0 .. 2 * count).
  void TellKeys(const uint32_t* pairs, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (i >= kMostKeys) break;
      const uint32_t key = pairs[2 * i];
      if (key <= numbers_.nowhere()) continue;
      if (i >= kAllKeys && i % kOneKeyIn != 0 && !IsName(numbers_.address(key))) continue;
      if (MarkTold(key)) TellKey(key);
    }
  }

  // The name of a function, class or module.
  void TellName(uint32_t node, uint64_t object, const cpython::TypeInfo& info, cpython::TypeTable<L, Memory>& types) {
    using Fields = cpython::CoreFields<L>;
    if (info.form == cpython::Form::kFunction) {
      TellTextAt(node, object + L::kFunctionQualifiedName);
    } else if (info.form == cpython::Form::kCode) {
      TellTextAt(node, object + L::kCodeQualifiedName);
    } else if (info.fields.fields == Fields::kModule) {
      TellTextAt(node, object + L::kModuleName);
    } else if (info.form == cpython::Form::kType) {
      const cpython::TypeInfo* type = types.Find(object);
      if (!type) return;
      char text[kMostBytes];
      const size_t length = types.CopyName(type->index, text, sizeof text);
      if (length) writer_.AddText(node, text, length);
    } else if (info.library) {
      TellBound(node, object, info.library->form);
    }
  }

 private:
  static constexpr size_t kAllKeys = 64;
  static constexpr size_t kOneKeyIn = 64;
  static constexpr size_t kMostKeys = 1 << 16;
  static constexpr size_t kMostBytes = 64;

  // "maxlen=100" of a deque, "maxsize=128" of a function with an lru_cache: what they hold will not become more.
  void TellBound(uint32_t node, uint64_t object, cpython::LibraryForm form) {
    const bool deque = form == cpython::LibraryForm::kDeque;
    if (!deque && form != cpython::LibraryForm::kLruCache) return;
    const int field = deque ? cpython::DequeLayout::kMaxLength : cpython::LruCacheLayout::kMaxSize;
    int64_t most = -1;
    if (!cpython::Get(memory_, object + static_cast<uint64_t>(field), &most) || most < 0) return;
    const char* const name = deque ? "maxlen=" : "maxsize=";
    char text[kMostBytes];
    size_t length = 0;
    for (; name[length]; ++length) text[length] = name[length];
    length += PutDecimal(static_cast<uint64_t>(most), text + length);
    writer_.AddText(node, text, length);
  }

  // False: it was told before.
  bool MarkTold(uint32_t node) {
    if (node / 64 >= told_.size() && !told_.Resize((node / 64 + 1024) & ~size_t{1023})) return false;
    const uint64_t bit = uint64_t{1} << (node % 64);
    if (told_[node / 64] & bit) return false;
    told_[node / 64] |= bit;
    return true;
  }

  // The flags of the object's type, 0 if that is none.
  uint64_t TypeFlags(uint64_t object) {
    uint64_t type = 0, flags = 0;
    if (!cpython::Get(memory_, object + L::kObjectType, &type) || !IsPlausible(type)) return 0;
    return cpython::Get(memory_, type + L::kTypeFlags, &flags) ? flags : 0;
  }

  bool IsName(uint64_t object) { return (TypeFlags(object) & L::kTypeFlagUnicode) != 0 && IsInterned(object); }

  void TellKey(uint32_t node) {
    const uint64_t object = numbers_.address(node);
    const uint64_t flags = TypeFlags(object);
    if (flags & L::kTypeFlagUnicode) {
      if (redact_ && !IsInterned(object)) return;
      TellText(node, object);
    } else if ((flags & L::kTypeFlagLong) && !redact_) {
      TellInteger(node, object);
    }
  }

  void TellTextAt(uint32_t node, uint64_t field) {
    uint64_t object = 0;
    if (cpython::Get(memory_, field, &object) && IsPlausible(object)) TellText(node, object);
  }

  void TellText(uint32_t node, uint64_t object) {
    char text[kMostBytes];
    const size_t length = cpython::CopyObjectText<L>(memory_, object, text, sizeof text);
    if (length) writer_.AddText(node, text, length);
  }

  // Names in code are interned, data hardly ever is.
  bool IsInterned(uint64_t object) {
    uint32_t state = 0;
    return cpython::Get(memory_, object + L::kUnicodeState, &state) && (state & 3) != 0;
  }

  // Of one or two digits of 30 bits; larger ones have no preview.
  void TellInteger(uint32_t node, uint64_t object) {
    uint64_t tag = 0;
    uint32_t digits[2] = {0, 0};
    if (!cpython::Get(memory_, object + L::kObjectSize, &tag)) return;
    int64_t count = static_cast<int64_t>(tag);
    bool negative = count < 0;
    if constexpr (L::kMinor >= 12) {
      count = static_cast<int64_t>(tag >> 3);
      negative = (tag & 3) == 2;
    }
    if (count < 0) count = -count;
    if (count > 2) return;
    for (int64_t i = 0; i < count; ++i) {
      if (!cpython::Get(memory_, object + kDigits + 4 * static_cast<uint64_t>(i), &digits[i])) return;
    }
    const uint64_t value = digits[0] | uint64_t{digits[1]} << 30;
    char text[24];
    text[0] = '-';
    const size_t sign = negative ? 1 : 0;
    writer_.AddText(node, text, sign + PutDecimal(value, text + sign));
  }
  static constexpr uint64_t kDigits = 24;

  Memory& memory_;
  capture::SnapshotWriter& writer_;
  const Numbering& numbers_;
  bool redact_;
  base::PageArray<uint64_t> told_;  // one bit for each node
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_TEXT_TELLER_H_
