#include "capture/stacks.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>
#include <vector>

#include "base/text.h"

namespace limpet::capture {
namespace {

constexpr uint16_t kNoColumn = 0xffff;

Frame UnknownFrame() {
  Frame frame;
  frame.file = frame.function = frame.name = "?";
  return frame;
}

Frame MakeFrame(const FrameRecord& record, const CodeRecord& code, StringPool& strings) {
  Frame frame;
  frame.file = strings.Get(code.filename, "code", record.code);
  frame.name = strings.Get(code.name, "code", record.code);
  frame.function = code.qualname == 0 ? frame.name : strings.Get(code.qualname, "code", record.code);
  frame.first_line = code.first_line;
  frame.line = record.line;
  frame.end_line = record.end_line;
  if (record.column != kNoColumn) frame.column = record.column;
  if (record.end_column != kNoColumn) frame.end_column = record.end_column;
  frame.offset = record.offset;
  return frame;
}

}  // namespace

StringPool::StringPool(Records<char> table, ProblemLog& problems)
    : table_(std::move(table)), problems_(problems), strings_(std::make_shared<std::deque<std::string>>()) {}

const char* StringPool::Find(uint32_t id, uint32_t* length) const {
  const uint64_t offset = uint64_t(id) * 4;
  const uint64_t block_end = (offset / kBlockSize + 1) * kBlockSize;
  const uint64_t start = offset + sizeof(StringRecord);
  if (start > table_.size() || start > block_end) return nullptr;
  std::memcpy(length, &table_.items[offset], sizeof *length);
  if (*length > kMaxString || start + *length > table_.size() || start + *length > block_end) return nullptr;
  // Missing parts are cut at multiples of blocks or reach to the end of one, so looking at both ends is enough.
  if (!table_.Has(offset) || !table_.Has(start + *length - 1)) return nullptr;
  return table_.items.data() + start;
}

std::string_view StringPool::Get(uint32_t id, const char* what, size_t index) {
  if (id == 0) return {};
  if (const auto found = known_.find(id); found != known_.end()) return found->second;
  uint32_t length = 0;
  const char* bytes = Find(id, &length);
  std::string_view result = "?";
  if (bytes == nullptr) {
    LIMPET_PROBLEM(problems_, "references to strings that do not exist",
                   "{} {}: its string {} does not exist or is damaged", what, index, id);
  } else if (taken_ += length; taken_ > table_.size()) {
    LIMPET_PROBLEM(problems_, "references to strings that overlap others",
                   "{} {}: its string {} overlaps other strings", what, index, id);
  } else {
    result = strings_->emplace_back(base::ReplaceInvalidUtf8({bytes, length}));
  }
  known_.emplace(id, result);
  return result;
}

Records<NativeRecord> LoadNatives(const TableFile& file) { return file.Load<NativeRecord>(Table::kNatives); }

Records<NodeRecord> LoadNodes(const TableFile& file) { return file.Load<NodeRecord>(Table::kNodes); }

namespace {

void ReadNatives(const Records<NativeRecord>& records, StringPool& strings, ProblemLog& problems, Process& process) {
  process.natives.assign(records.size() == 0 ? 1 : records.size(), Native{});
  for (size_t i = 1; i < records.size(); ++i) {
    const NativeRecord& record = records[i];
    Native& native = process.natives[i];
    native.module = "?";
    if (!records.Has(i)) continue;
    if (record.parent >= i) {
      LIMPET_PROBLEM(problems, "native nodes with a parent that does not come before them",
                     "native node {}: its parent {} does not come before it; its callers are lost", i, record.parent);
    } else {
      native.parent = NativeId{record.parent};
    }
    const std::string_view text = strings.Get(record.module, "native node", i);
    const size_t space = text.find(' ');
    if (space == text.npos) continue;
    native.module = text.substr(space + 1);
    if (space != 1 || text[0] != '-') native.build_id = text.substr(0, space);
    native.address = record.address;
  }
}

}  // namespace

void ReadFrames(const TableFile& file, const Records<NativeRecord>& natives, ProblemLog& problems, Process& process) {
  const Records<FrameRecord> frames = file.Load<FrameRecord>(Table::kFrames);
  const Records<CodeRecord> codes = file.Load<CodeRecord>(Table::kCodes);
  StringPool strings(file.LoadStrings(), problems);
  process.frames.reserve(frames.size() + 1);
  for (size_t i = 0; i < frames.size(); ++i) {
    const FrameRecord& record = frames[i];
    if (!frames.Has(i)) {
      process.frames.push_back(UnknownFrame());
    } else if (!codes.Has(record.code)) {
      LIMPET_PROBLEM(problems, "frames of codes that do not exist", "frame {}: its code {} does not exist", i,
                     record.code);
      process.frames.push_back(UnknownFrame());
    } else {
      process.frames.push_back(MakeFrame(record, codes[record.code], strings));
    }
  }
  ReadNatives(natives, strings, problems, process);
  process.strings_storage = strings.storage();
}

void ReadNodes(const Records<NodeRecord>& records, ProblemLog& problems, Process& process) {
  const size_t frames = process.frames.size();
  process.frames.push_back(UnknownFrame());  // for nodes whose frame is lost; taken away again where there are none
  bool unknown_used = false;
  process.nodes.assign(records.size() == 0 ? 1 : records.size(), Node{});
  for (size_t i = 1; i < records.size(); ++i) {
    const NodeRecord& record = records[i];
    Node& node = process.nodes[i];
    uint32_t parent = record.parent;
    if (parent >= i) {
      LIMPET_PROBLEM(problems, "nodes with a parent that does not come before them",
                     "node {}: its parent {} does not come before it; its callers are lost", i, parent);
      parent = 0;
    }
    const bool has_frame = records.Has(i) && record.frame < frames;
    if (records.Has(i) && !has_frame) {
      LIMPET_PROBLEM(problems, "nodes of frames that do not exist", "node {}: its frame {} does not exist ({} frames)",
                     i, record.frame, frames);
    }
    unknown_used |= !has_frame;
    node = {NodeId{parent}, FrameId{has_frame ? record.frame : uint32_t(frames)}, process.nodes[parent].depth + 1};
    if (records.Has(i) && parent == record.parent && record.depth != node.depth && records.Has(parent)) {
      LIMPET_PROBLEM(problems, "nodes with a wrong depth", "node {}: its depth is {} and not {}", i, record.depth,
                     node.depth);
    }
  }
  if (!unknown_used) process.frames.pop_back();
}

std::vector<NativeId> Process::NativeStack(NativeId node) const {
  std::vector<NativeId> stack;
  if (node.value >= natives.size()) return stack;
  for (; node.value != 0; node = natives[node.value].parent) stack.push_back(node);
  return stack;
}

std::vector<FrameId> Process::Stack(NodeId node) const {
  std::vector<FrameId> stack;
  if (node.value >= nodes.size()) return stack;
  stack.reserve(nodes[node.value].depth);
  for (; node.value != 0; node = nodes[node.value].parent) stack.push_back(nodes[node.value].frame);
  return stack;
}

}  // namespace limpet::capture
