#include "agent/source.h"

#include "agent/stacks.h"
#include "cpython/frame.h"
#include "cpython/line_table.h"
#include "cpython/memory.h"
#include "cpython/text.h"

namespace limpet::agent {

namespace {

using cpython::Load;

// Under the agent's lock; too large for the stacks of small threads.
char g_text[capture::kMaxString];

template <class L>
bool IsText(const char* object) {
  if (!object) return false;
  const char* type = Load<const char*>(object, L::kObjectType);
  return type == g_python.text_type || Load<uint64_t>(type, L::kTypeFlags) & L::kTypeFlagUnicode;
}

template <class L>
uint32_t InternText(const char* object) {
  cpython::OwnMemory memory;
  const size_t size = cpython::CopyText<L>(memory, reinterpret_cast<uint64_t>(object), g_text, sizeof g_text);
  return InternString(g_text, uint32_t(size));
}

struct LineTable {
  const uint8_t* bytes;
  size_t size;
};

template <class L>
LineTable TableOf(const char* code) {
  const char* table = Load<const char*>(code, L::kCodeLineTable);
  if (!table || Load<const char*>(table, L::kObjectType) != g_python.bytes_type) return {nullptr, 0};
  const int64_t size = Load<int64_t>(table, L::kObjectSize);
  return {reinterpret_cast<const uint8_t*>(table + L::kBytesData), size > 0 ? size_t(size) : 0};
}

uint16_t ColumnOf(int32_t column) { return column < 0 || column >= 0xffff ? uint16_t(0xffff) : uint16_t(column); }

}  // namespace

template <class L>
bool ReadCode(const char* code, CodeSource* source) {
  const char* filename = nullptr;
  const char* name = nullptr;
  const char* qualname = nullptr;
  const bool is_code = code && Load<const char*>(code, L::kObjectType) == g_python.code_type;
  if (is_code) {
    filename = Load<const char*>(code, L::kCodeFilename);
    name = Load<const char*>(code, L::kCodeName);
    qualname = Load<const char*>(code, L::kCodeQualifiedName);
  }
  if (!is_code || !IsText<L>(filename) || !IsText<L>(name) || !IsText<L>(qualname)) {
    StopRecording("the interpreter's frames are not laid out as expected for its version");
    return false;
  }
  source->filename = InternText<L>(filename);
  source->name = InternText<L>(name);
  source->qualname = InternText<L>(qualname);
  source->first_line = Load<uint32_t>(code, L::kCodeFirstLine);
  const LineTable table = TableOf<L>(code);
  uint64_t hash = HashStep(source->filename, source->name);
  hash = HashStep(HashStep(hash, source->qualname), source->first_line);
  source->identity = HashStep(hash, HashBytes(table.bytes, table.size)) | 1;
  return true;
}

template <class L>
void ReadPosition(const char* code, int64_t offset, capture::FrameRecord* frame) {
  const LineTable table = TableOf<L>(code);
  cpython::SourceRange range;
  cpython::FindSourceRange(table.bytes, table.size, Load<int32_t>(code, L::kCodeFirstLine), offset, &range);
  frame->line = range.line > 0 ? uint32_t(range.line) : 0;
  frame->end_line = range.end_line > 0 ? uint32_t(range.end_line) : 0;
  frame->column = ColumnOf(range.column);
  frame->end_column = ColumnOf(range.end_column);
}

#define LIMPET_INSTANTIATE(Layout)                                               \
  template bool ReadCode<cpython::Layout>(const char* code, CodeSource* source); \
  template void ReadPosition<cpython::Layout>(const char* code, int64_t offset, capture::FrameRecord* frame);
LIMPET_INSTANTIATE(Layout311)
LIMPET_INSTANTIATE(Layout312)
LIMPET_INSTANTIATE(Layout313)
LIMPET_INSTANTIATE(Layout314)
LIMPET_INSTANTIATE(Layout315)

}  // namespace limpet::agent
