// Decodes Python str objects to UTF-8.
//
// A str is stored in one of three places, with 1, 2 or 4 bytes a character:
//
//     compact ASCII   | PyASCIIObject | characters ...            state: compact, ascii
//     compact         | PyCompactUnicodeObject | characters ...   state: compact
//     not compact     | PyUnicodeObject, pointer -+               (subclasses of str)
//                                                 '-> characters ...
//
// The characters' count comes from the object, so it is only believed up to what fits into the output.
#ifndef LIMPET_CPYTHON_TEXT_H_
#define LIMPET_CPYTHON_TEXT_H_

#include <cstddef>
#include <cstdint>

#include "cpython/memory.h"

namespace limpet::cpython {

// Collects UTF-8 in a buffer of fixed size. What does not fit is cut off at a whole character and replaced by "...".
class Utf8Writer {
 public:
  // REQUIRES: `out` has room for `capacity` bytes.
  Utf8Writer(char* out, size_t capacity) : out_(out), capacity_(capacity) {}

  // False, with the "..." in place, once the buffer is full. Surrogates and numbers above U+10FFFF become U+FFFD.
  bool Append(uint32_t character);
  size_t size() const { return size_; }

 private:
  char* out_;
  size_t capacity_;
  size_t size_ = 0;
  size_t cut_ = 0;  // the longest prefix of whole characters that leaves room for the "..."
  bool full_ = false;
};

// Where a str's characters are. Empty (kind 0) when the object cannot be one.
struct TextLocation {
  uint64_t address = 0;
  uint64_t length = 0;  // characters, as the object claims
  int kind = 0;         // bytes per character: 1, 2 or 4
};

template <class L, class Memory>
TextLocation FindText(Memory& memory, uint64_t object) {
  int64_t length;
  uint32_t state;
  if (object == 0 || !ReadValue(memory, object + L::kUnicodeLength, &length) ||
      !ReadValue(memory, object + L::kUnicodeState, &state)) {
    return {};
  }
  const int kind = static_cast<int>((state & L::kUnicodeKindMask) >> L::kUnicodeKindShift);
  if (length < 0 || (state & L::kUnicodeReady) != L::kUnicodeReady || (kind != 1 && kind != 2 && kind != 4)) return {};
  if ((state & L::kUnicodeAscii) != 0 && kind != 1) return {};

  TextLocation text{0, static_cast<uint64_t>(length), kind};
  if ((state & L::kUnicodeCompact) == 0) {
    if (!ReadValue(memory, object + L::kUnicodeLegacyData, &text.address) || text.address == 0) return {};
  } else {
    text.address = object + ((state & L::kUnicodeAscii) != 0 ? L::kUnicodeAsciiData : L::kUnicodeCompactData);
  }
  return text;
}

// Writes the str at `object` to `out` as UTF-8, without a terminating zero, and returns how many bytes: at most
// `capacity`, 0 also where the object is no readable str. A longer text ends in "..." (if capacity is at least 3).
// REQUIRES: over OwnMemory, `object` is a live object of type str.
template <class L, class Memory>
size_t CopyText(Memory& memory, uint64_t object, char* out, size_t capacity) {
  const TextLocation text = FindText<L>(memory, object);
  if (text.kind == 0) return 0;
  Utf8Writer writer(out, capacity);
  unsigned char chunk[256];
  uint64_t done = 0;
  while (done < text.length) {
    // Each character takes at least a byte of output, so this never reads far past what can be kept.
    uint64_t count = sizeof chunk / static_cast<unsigned>(text.kind);
    if (count > text.length - done) count = text.length - done;
    if (count > capacity - writer.size() + 1) count = capacity - writer.size() + 1;
    const size_t bytes = static_cast<size_t>(count) * static_cast<unsigned>(text.kind);
    if (!memory.Read(text.address + done * static_cast<unsigned>(text.kind), chunk, bytes)) return writer.size();
    for (size_t i = 0; i < bytes; i += static_cast<unsigned>(text.kind)) {
      uint32_t character = 0;
      memcpy(&character, chunk + i, static_cast<unsigned>(text.kind));
      if (!writer.Append(character)) return writer.size();
    }
    done += count;
  }
  return writer.size();
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_TEXT_H_
