#include "interchange/hprof_classes.h"

#include <algorithm>

namespace limpet::interchange {

using heap::NodeId;
using heap::RefStrength;
using heap::Run;

HprofClasses::HprofClasses(const heap::Graph& graph) : graph_(graph) {
  for (const heap::Class& cls : graph.classes()) {
    bool open = false, holds = false;
    for (uint32_t r = cls.first_run; r < cls.first_run + cls.run_count; ++r) {
      const Run& run = graph.runs()[r];
      if (run.count != heap::kOpenRun) continue;
      open = true;
      holds = run.strength == RefStrength::kOwned || run.strength == RefStrength::kMaybe;
    }
    has_open_.push_back(open);
    has_array_.push_back(open && holds);
  }
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    const uint64_t key = KeyOf(node);
    const auto [at, fresh] = index_of_.insert({key, uint32_t(all_.size())});
    const bool array = uint32_t(key) == 0xffffffff;
    if (fresh) {
      all_.push_back({.class_id = graph.class_of(node), .array = array, .open = array ? 0 : uint32_t(key)});
    }
    HprofClass& cls = all_[at->second];
    const uint64_t spare = Spare(node, array);
    if (!fresh && spare != cls.declared) cls.storage = true;
    cls.declared = std::min(cls.declared, spare);
  }
  for (HprofClass& cls : all_) {
    constexpr uint64_t kMost = 0xffffffff;
    if (cls.declared <= kMost) continue;
    cls.declared = kMost;
    cls.storage = true;
  }
}

uint32_t HprofClasses::OpenCount(NodeId node) const {
  const heap::ClassId class_id = graph_.class_of(node);
  return has_open_[class_id] ? graph_.degree(node) - graph_.classes()[class_id].fixed : 0;
}

uint64_t HprofClasses::Spare(NodeId node, bool array) const {
  const uint64_t taken = array ? uint64_t{8} * OpenCount(node) : 0;
  return graph_.size(node) > taken ? graph_.size(node) - taken : 0;
}

uint64_t HprofClasses::KeyOf(NodeId node) const {
  const heap::ClassId class_id = graph_.class_of(node);
  if (!has_array_[class_id]) return Key(class_id, false, 0);  // what does not hold is left out where it has no name
  const uint32_t open = OpenCount(node);
  const bool fits = graph_.size(node) >= uint64_t{8} * open;
  return Key(class_id, fits || open > kMostFields, open);
}

uint32_t HprofClasses::Of(NodeId node) const { return index_of_.at(KeyOf(node)); }

uint64_t HprofClasses::StorageBytes(NodeId node, const HprofClass& cls) const {
  return Spare(node, cls.array) - cls.declared;
}

}  // namespace limpet::interchange
