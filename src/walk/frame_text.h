// What a frame is called: "handle (app.py:88)".
#ifndef LIMPET_WALK_FRAME_TEXT_H_
#define LIMPET_WALK_FRAME_TEXT_H_

#include <cstring>

#include "cpython/decode.h"
#include "cpython/layouts.h"
#include "cpython/line_table.h"
#include "walk/classes.h"

namespace limpet::walk {

template <class L, class Memory>
class FrameText {
 public:
  explicit FrameText(Memory& memory) : memory_(memory) {}

  // Writes at most `capacity` bytes, without a terminating zero, and returns how many; 0 for what is no frame of Python code.
  // REQUIRES: capacity > 40.
  size_t Write(uint64_t frame, char* out, size_t capacity) {
    uint64_t code = 0, instruction = 0, name = 0, file = 0;
    if (!cpython::Get(memory_, frame + L::kFrameCode, &code)) return 0;
    code &= ~L::kFrameCodeTagMask;
    if (!cpython::Get(memory_, frame + L::kFrameInstruction, &instruction) ||
        !cpython::Get(memory_, code + L::kCodeQualifiedName, &name) ||
        !cpython::Get(memory_, code + L::kCodeFilename, &file)) {
      return 0;
    }
    SpanReader<Memory> reader{memory_};
    const size_t room = capacity - 16;  // of the line's digits and the brackets
    size_t length = cpython::CopyText<L>(reader, name, out, room / 2);
    if (length == 0) return 0;
    length += Put(" (", out + length);
    length += cpython::CopyText<L>(reader, file, out + length, room - length);
    const int32_t line = LineOf(code, instruction);
    if (line > 0) {
      length += Put(":", out + length);
      char digits[12];
      int count = 0;
      for (int32_t rest = line; rest != 0; rest /= 10) digits[count++] = static_cast<char>('0' + rest % 10);
      while (count) out[length++] = digits[--count];
    }
    return length + Put(")", out + length);
  }

 private:
  static constexpr int64_t kMostTable = 1 << 24;

  static size_t Put(const char* text, char* out) {
    const size_t length = strlen(text);
    memcpy(out, text, length);  // NOLINT(bugprone-not-null-terminated-result): the length is what counts
    return length;
  }

  int32_t LineOf(uint64_t code, uint64_t instruction) {
    uint64_t table = 0;
    int64_t size = 0;
    int32_t first = 0;
    if (!cpython::Get(memory_, code + L::kCodeLineTable, &table) ||
        !cpython::Get(memory_, table + L::kObjectSize, &size) ||
        !cpython::Get(memory_, code + L::kCodeFirstLine, &first) || size <= 0 || size > kMostTable) {
      return 0;
    }
    const char* bytes = memory_.Span(table + L::kBytesData, static_cast<size_t>(size));
    if (!bytes) return first;
    const int64_t offset = static_cast<int64_t>(instruction - (code + L::kCodeInstructions));
    cpython::SourceRange range;
    cpython::FindSourceRange(reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size), first, offset, &range);
    return range.line;
  }

  Memory& memory_;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_FRAME_TEXT_H_
