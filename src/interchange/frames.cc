#include "interchange/frames.h"

#include <functional>

#include "interchange/stacks.h"

namespace limpet::interchange {

size_t FrameTable::Hash::operator()(const Place& place) const {
  size_t hash = std::hash<std::string_view>()(place.file);
  hash = hash * 0x9e3779b97f4a7c15u + std::hash<std::string_view>()(place.function);
  return hash * 0x9e3779b97f4a7c15u + place.line;
}

uint32_t FrameTable::Add(const Place& place) {
  const auto [at, fresh] = number_of_.insert({place, uint32_t(places_.size())});
  if (fresh) places_.push_back(place);
  return at->second;
}

void FrameTable::Enter(const capture::Process& process) {
  process_ = &process;
  number_of_frame_.clear();
  for (const capture::Frame& frame : process.frames)
    number_of_frame_.push_back(Add({frame.function, frame.file, frame.line, frame.first_line}));
}

const std::vector<uint32_t>& FrameTable::Stack(capture::NodeId node) {
  stack_.clear();
  for (; node.value != 0; node = process_->nodes[node.value].parent)
    stack_.push_back(number_of_frame_[process_->nodes[node.value].frame.value]);
  if (stack_.empty()) stack_.push_back(Add({kNoFrame, "", 0, 0}));
  return stack_;
}

}  // namespace limpet::interchange
