// The decoders of src/cpython behind a C interface, for ctypes: the tests load it into each interpreter and hold the
// decoders against the live one. Built by test_decoders.py.
#include <cstdint>

#include "cpython/frame.h"
#include "cpython/gc_state.h"
#include "cpython/line_table.h"
#include "cpython/text.h"

using namespace limpet::cpython;

namespace {

template <class F>
auto WithLayout(int minor, F&& f) {
  switch (minor) {
    case 11:
      return f(Layout311{});
    case 12:
      return f(Layout312{});
    case 13:
      return f(Layout313{});
    case 14:
      return f(Layout314{});
    default:
      return f(Layout315{});
  }
}

}  // namespace

extern "C" {

// Fills `out` with four numbers per code unit (line, end line, column, end column) and returns how many units the table
// covers, at most `capacity`; -1 when it is damaged.
int64_t probe_positions(const uint8_t* table, uint64_t size, int32_t first_line, int32_t* out, int64_t capacity) {
  LineTableReader reader(table, size, first_line);
  int64_t units = 0;
  while (reader.Next()) {
    for (uint64_t at = reader.begin(); at < reader.end() && units < capacity; at += 2, ++units) {
      const SourceRange range = reader.range();
      out[4 * units] = range.line;
      out[4 * units + 1] = range.end_line;
      out[4 * units + 2] = range.column;
      out[4 * units + 3] = range.end_column;
    }
  }
  return reader.damaged() ? -1 : units;
}

int32_t probe_line(const uint8_t* table, uint64_t size, int32_t first_line, int64_t offset) {
  SourceRange range;
  return FindSourceRange(table, size, first_line, offset, &range) ? range.line : -1;
}

uint64_t probe_text(int minor, uint64_t object, char* out, uint64_t capacity) {
  OwnMemory memory;
  return WithLayout(minor, [&](auto layout) { return CopyText<decltype(layout)>(memory, object, out, capacity); });
}

// Writes {code, lasti} of each complete frame of the calling thread, running one first; returns how many.
int64_t probe_frames(int minor, const char* thread, int64_t* out, int64_t capacity) {
  return WithLayout(minor, [&](auto layout) {
    using L = decltype(layout);
    int64_t count = 0;
    for (const char* frame = CurrentFrame<L>(thread); frame && count < capacity; frame = PreviousFrame<L>(frame)) {
      if (IsIncomplete<L>(frame)) continue;
      const char* code = FrameCode<L>(frame);
      out[2 * count] = reinterpret_cast<int64_t>(code);
      out[2 * count + 1] = LastInstruction<L>(code, FrameInstruction<L>(frame));
      ++count;
    }
    return count;
  });
}

int probe_gc(int minor, const char* runtime, const char* thread, uint64_t* out) {
  const char* interpreter = Load<const char*>(thread, LayoutCommon::kThreadInterpreter);
  GcCounts counts;
  if (!ReadGcCounts(minor, runtime, interpreter, &counts)) return 0;
  for (int i = 0; i < 3; ++i) out[i] = counts.collections[i];
  out[3] = counts.collected;
  out[4] = counts.uncollectable;
  out[5] = counts.enabled;
  out[6] = counts.collecting;
  return 1;
}
}
