#include "viewer/treemap.h"

#include <algorithm>
#include <map>
#include <queue>
#include <utility>

#include "heap/naming.h"

namespace limpet::viewer {
namespace {

using heap::NodeId;

class Treemap {
 public:
  Treemap(heap::Analysis& analysis, const TreemapOptions& options)
      : analysis_(analysis), graph_(analysis.graph()), dominators_(analysis.dominators()), options_(options) {}

  std::vector<TreemapRow> Make() {
    const uint64_t all = dominators_.live_bytes() + dominators_.garbage_bytes();
    least_ = uint64_t(double(all) * options_.least);
    rows_.push_back({0, "everything", "", 1, dominators_.order().size(), all});
    Expand(0, {heap::kSuperRoot});
    if (dominators_.garbage_bytes() > least_) {
      rows_.push_back({0, "garbage that waits for the collector", "", 1,
                       dominators_.order().size() - dominators_.live_count(), dominators_.garbage_bytes()});
      Expand(uint32_t(rows_.size() - 1), {heap::kGarbageRoot});
    }
    while (!open_.empty() && rows_.size() < options_.rows) {
      const Open next = open_.top();
      open_.pop();
      const std::vector<NodeId> group = std::exchange(groups_[next.group], {});
      Expand(next.row, group);
    }
    return std::move(rows_);
  }

 private:
  struct Group {
    std::vector<NodeId> nodes;
    uint64_t bytes = 0;
    uint64_t objects = 0;
  };
  // A row whose children have not been looked at, heaviest first.
  struct Open {
    uint64_t bytes = 0;
    uint32_t row = 0;
    size_t group = 0;  // its objects, in groups_
    bool operator<(const Open& other) const { return bytes < other.bytes; }
  };

  static constexpr uint32_t kOwnName = 0x80000000;

  const std::string& TypeName(NodeId node) const { return graph_.types()[graph_.type_of(node)].name; }

  // Objects of one key are one row: those of one type, or one object that has a name of its own or is heavy by itself.
  uint64_t KeyOf(NodeId node) const {
    const heap::TypeId type = graph_.type_of(node);
    constexpr uint64_t kAlone = 5;  // times the least share of a row
    if (dominators_.retained_bytes(node) >= kAlone * least_) return uint64_t(kOwnName) << 32 | node;
    return heap::NodeName(graph_, node) == TypeName(node) ? uint64_t(type) : uint64_t(kOwnName) << 32 | node;
  }

  void Expand(uint32_t parent, const std::vector<NodeId>& above) {
    std::map<uint64_t, Group> groups;
    for (const NodeId node : above) {
      dominators_.ForEachChild(node, [&](NodeId child) {
        // What is too small to be a row by itself may be one together with others of its type, so all without a name are added up.
        const uint64_t bytes = dominators_.retained_bytes(child);
        const bool small = bytes < least_;
        Group& group = groups[small ? uint64_t(graph_.type_of(child)) : KeyOf(child)];
        group.nodes.push_back(child);
        group.bytes += bytes;
        group.objects += dominators_.retained_count(child);
      });
    }
    std::vector<Group*> heavy;
    for (auto& [key, group] : groups)
      if (group.bytes >= std::max<uint64_t>(least_, 1)) heavy.push_back(&group);
    std::sort(heavy.begin(), heavy.end(), [](const Group* a, const Group* b) {
      return a->bytes != b->bytes ? a->bytes > b->bytes : a->nodes.front() < b->nodes.front();
    });
    for (size_t i = 0; i < heavy.size() && i < options_.children && rows_.size() < options_.rows; ++i)
      AddRow(parent, heavy[i]);
  }

  void AddRow(uint32_t parent, Group* group) {
    const NodeId first = group->nodes.front();
    const std::string type = TypeName(first);
    rows_.push_back({parent, group->nodes.size() == 1 ? LabelOf(first, type) : type, type, group->nodes.size(),
                     group->objects, group->bytes});
    groups_.push_back(std::move(group->nodes));
    open_.push({rows_.back().bytes, uint32_t(rows_.size() - 1), groups_.size() - 1});
  }

  // A name of its own; else how the best way leads to it.
  std::string LabelOf(NodeId node, const std::string& type) {
    std::string name = heap::NodeName(graph_, node);
    if (name != type) return name;
    const heap::PathTree& paths = analysis_.paths();
    if (!paths.reached(node) || paths.is_start(node)) return type;
    const std::vector<heap::EdgeIndex> path = paths.To(node);
    const std::vector<heap::PathPart> parts = heap::NamePath(graph_, graph_.Source(path.front()), path);
    return parts.empty() ? type : parts.back().edge;
  }

  heap::Analysis& analysis_;
  const heap::Graph& graph_;
  const heap::Dominators& dominators_;
  TreemapOptions options_;
  uint64_t least_ = 0;
  std::vector<TreemapRow> rows_;
  std::vector<std::vector<NodeId>> groups_;
  std::priority_queue<Open> open_;
};

}  // namespace

std::vector<TreemapRow> MakeTreemap(heap::Analysis& analysis, const TreemapOptions& options) {
  return Treemap(analysis, options).Make();
}

}  // namespace limpet::viewer
