#include "heap/builder.h"

#include <algorithm>

#include "base/check.h"
#include "capture/snapshot_format.h"

namespace limpet::heap {

TypeId GraphBuilder::AddType(std::string name, uint32_t flags, uint64_t address) {
  types_.push_back({std::move(name), address, flags, 0});
  return TypeId(types_.size() - 1);
}

NameId GraphBuilder::AddName(const std::string& name) {
  const auto [at, added] = name_ids_.try_emplace(name, NameId(names_.size()));
  if (added) names_.push_back(name);
  return at->second;
}

NodeId GraphBuilder::AddNode(TypeId type, uint64_t size) {
  LIMPET_CHECK(type < types_.size());
  Node node;
  node.type = type;
  node.size = size;
  nodes_.push_back(std::move(node));
  return NodeId(nodes_.size() - 1);
}

void GraphBuilder::AddEdge(NodeId from, NodeId to, RefKind kind, uint32_t argument, RefStrength strength) {
  LIMPET_CHECK(from < nodes_.size() && to < nodes_.size());
  nodes_[from].references.push_back({to, kind, strength, argument});
}

// Joins what follows each other: items with consecutive indices, and pairs of key and value. One run of such a kind is open, so that
// lists and dicts of any length share a class.
std::vector<Run> GraphBuilder::RunsOf(const Node& node, bool type_edge) const {
  std::vector<Run> runs;
  if (type_edge) runs.push_back({RefKind::kType, RefStrength::kOwned, 0, 1});
  for (const Reference& reference : node.references) {
    if (!runs.empty() && runs.back().strength == reference.strength) {
      Run& last = runs.back();
      const bool next_item = last.kind == RefKind::kItem && reference.kind == RefKind::kItem &&
                             last.label + last.count == reference.argument;
      const bool next_key = last.kind == RefKind::kKey && reference.kind == RefKind::kKey && last.count % 2 == 0;
      const bool next_value = last.kind == RefKind::kKey && reference.kind == RefKind::kValue && last.count % 2 == 1;
      if (next_item || next_key || next_value) {
        ++last.count;
        continue;
      }
    }
    runs.push_back({reference.kind, reference.strength, reference.argument, 1});
  }
  for (Run& run : runs) {
    if (run.kind != RefKind::kItem && run.kind != RefKind::kKey) continue;
    run.count = kOpenRun;
    break;
  }
  return runs;
}

// For every type, the object that is it; kNoNode: none, or no heap type.
std::vector<NodeId> GraphBuilder::TypeObjects() const {
  std::vector<NodeId> objects(types_.size(), kNoNode);
  for (TypeId t = 0; t < types_.size(); ++t) {
    if (!types_[t].heap() || types_[t].address == 0) continue;
    for (NodeId node = 0; node < nodes_.size(); ++node) {
      if (nodes_[node].address == types_[t].address) objects[t] = node;
    }
  }
  return objects;
}

void GraphBuilder::FillCounts(const std::vector<NodeId>& type_objects, GraphParts* parts) const {
  std::vector<uint32_t> counts(nodes_.size());
  for (const Node& node : nodes_) {
    if (type_objects[node.type] != kNoNode) ++counts[type_objects[node.type]];
    for (const Reference& reference : node.references) {
      if (reference.strength == RefStrength::kOwned) ++counts[reference.target];
    }
  }
  for (NodeId node = 0; node < nodes_.size(); ++node) {
    const bool countless = nodes_[node].immortal || types_[nodes_[node].type].synthetic();
    parts->refcount.Set(node, countless ? 0 : counts[node] + nodes_[node].surplus);
  }
}

Graph GraphBuilder::Finish() const {
  const std::vector<NodeId> type_objects = TypeObjects();
  size_t edge_count = 0;
  for (const Node& node : nodes_) edge_count += node.references.size() + (type_objects[node.type] != kNoNode);
  GraphParts parts(nodes_.size(), edge_count);
  parts.types = types_;
  parts.names = names_;
  parts.texts = texts_;
  std::map<std::pair<TypeId, std::vector<uint64_t>>, ClassId> class_ids;
  EdgeIndex at = 0;
  for (NodeId node = 0; node < nodes_.size(); ++node) {
    const Node& from = nodes_[node];
    const bool type_edge = type_objects[from.type] != kNoNode;
    const std::vector<Run> runs = RunsOf(from, type_edge);
    std::vector<uint64_t> key;
    for (const Run& run : runs)
      key.insert(key.end(), {uint64_t(run.kind) << 8 | uint64_t(run.strength), run.label, run.count});
    const auto [id, added] = class_ids.try_emplace({from.type, key}, ClassId(parts.classes.size()));
    if (added) parts.AddClass(from.type, runs, type_edge);
    parts.class_of.Set(node, id->second);
    parts.size.Set(node, from.size);
    parts.birth.Set(node, from.birth);
    parts.address.Set(node, from.address);
    parts.first_edge[node] = at;
    if (type_edge) parts.edges[at++] = type_objects[from.type];
    for (const Reference& reference : from.references) {
      const bool holds = reference.strength == RefStrength::kOwned || reference.strength == RefStrength::kMaybe;
      parts.edges[at++] = reference.target | (holds ? 0 : Edge::kDoesNotHold);
    }
  }
  parts.first_edge[nodes_.size()] = at;
  FillCounts(type_objects, &parts);
  return Graph(std::move(parts));
}

NodeId Drawing::operator[](std::string_view name) const {
  const auto at = ids.find(name);
  LIMPET_CHECK(at != ids.end(), name);
  return at->second;
}

std::string Drawing::NameOf(NodeId node) const {
  for (const auto& [name, id] : ids) {
    if (id == node) return name;
  }
  return std::string(graph.text(node));
}

namespace {

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c != ' ') words.back() += c;
    else if (!words.back().empty()) words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

class Draughtsman {
 public:
  void Declare(const std::vector<std::string>& words) {
    const bool root = words[2][0] == '@';
    const uint32_t flags = root ? capture::kTypeSynthetic | capture::kTypeRoot : 0;
    const TypeId type = TypeOf(root ? words[2].substr(1) : words[2], flags);
    uint64_t size = root ? 0 : 1;
    if (words.size() > 3 && words[3][0] >= '0' && words[3][0] <= '9') size = std::stoull(words[3]);
    LIMPET_CHECK(!ids_.contains(words[0]), words[0]);
    const NodeId node = ids_[words[0]] = builder_.AddNode(type, size);
    if (words.back()[0] == '+') builder_.AddSurplus(node, uint32_t(std::stoul(words.back())));
    if (words.back() == "!") builder_.MakeImmortal(node);
    if (root) builder_.SetText(node, words[0]);
  }

  void Refer(const std::vector<std::string>& words) {
    const NodeId from = NodeOf(words[0]);
    uint32_t items = 0;
    bool local = false;
    for (size_t i = 2; i < words.size(); ++i) {
      if (words[i] == "local") {
        local = true;
        continue;
      }
      const size_t colon = words[i].rfind(':');
      const std::string label = colon == std::string::npos ? "" : words[i].substr(0, colon);
      const NodeId to = NodeOf(colon == std::string::npos ? words[i] : words[i].substr(colon + 1));
      if (local) builder_.AddEdge(from, to, RefKind::kLocal, builder_.AddName(label));
      else AddLabelled(from, to, label, &items);
      local = false;
    }
  }

  Drawing Finish() { return {builder_.Finish(), std::move(ids_)}; }

 private:
  void AddLabelled(NodeId from, NodeId to, const std::string& label, uint32_t* items) {
    if (label.empty()) builder_.AddItem(from, to, (*items)++);
    else if (label[0] == '.') builder_.AddAttribute(from, to, label.substr(1));
    else if (label[0] == '[') builder_.AddItem(from, to, uint32_t(std::stoul(label.substr(1))));
    else if (label[0] == '~')
      builder_.AddEdge(from, to, RefKind::kField, builder_.AddName("referent"), RefStrength::kWeak);
    else if (label[0] == '?') builder_.AddEdge(from, to, RefKind::kScanned, 16, RefStrength::kMaybe);
    else if (label[0] == '{') builder_.AddEntry(from, KeyOf(label.substr(1, label.size() - 2)), to);
    else LIMPET_CHECK(false, label);
  }
  TypeId TypeOf(const std::string& name, uint32_t flags) {
    const auto [at, added] = types_.try_emplace(name, 0);
    if (added) at->second = builder_.AddType(name, flags);
    return at->second;
  }
  NodeId NodeOf(const std::string& name) {
    const auto [at, added] = ids_.try_emplace(name, 0);
    if (added) at->second = builder_.AddNode(TypeOf("object", 0));
    return at->second;
  }
  // Equal keys are one object, as interned strings are.
  NodeId KeyOf(const std::string& key) {
    const auto [at, added] = keys_.try_emplace(key, 0);
    if (added) {
      at->second = builder_.AddNode(TypeOf("str", 0));
      builder_.SetText(at->second, "'" + key + "'");
    }
    return at->second;
  }

  GraphBuilder builder_;
  std::map<std::string, TypeId> types_;
  std::map<std::string, NodeId, std::less<>> ids_;
  std::map<std::string, NodeId> keys_;
};

}  // namespace

Drawing Draw(std::string_view text) {
  Draughtsman draughtsman;
  std::vector<std::vector<std::string>> references;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string> words = Words(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    LIMPET_CHECK(words.size() >= 3 && (words[1] == "=" || words[1] == "->"), words[0]);
    if (words[1] == "=") draughtsman.Declare(words);
    else references.push_back(words);
  }
  // Declarations count wherever they stand.
  for (const auto& words : references) draughtsman.Refer(words);
  return draughtsman.Finish();
}

}  // namespace limpet::heap
