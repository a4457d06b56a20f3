// What a frame is called: "handle (app.py:88)".
#ifndef LIMPET_WALK_FRAME_TEXT_H_
#define LIMPET_WALK_FRAME_TEXT_H_

#include <cstring>

#include "cpython/decode.h"
#include "cpython/dict_keys.h"
#include "cpython/layouts.h"
#include "cpython/line_table.h"
#include "walk/decimal.h"

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
    const size_t room = capacity - 16;  // of the line's digits and the brackets
    size_t length = cpython::CopyObjectText<L>(memory_, name, out, room / 2);
    if (length == 0) return 0;
    length += Put(" (", out + length);
    length += cpython::CopyObjectText<L>(memory_, file, out + length, room - length);
    const int32_t line = LineOf(code, instruction);
    if (line > 0) {
      length += Put(":", out + length);
      length += PutDecimal(static_cast<uint64_t>(line), out + length);
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
