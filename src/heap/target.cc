#include "heap/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "heap/naming.h"

namespace limpet::heap {
namespace {

constexpr size_t kMostSimilar = 3;

const std::string& TypeName(const Graph& graph, NodeId node) { return graph.type(graph.type_of(node)).name; }

// Those of `known` that `word` may be a misspelling of, nearest first.
std::vector<std::string> Similar(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& name : known) {
    if (name.size() > word.size() * 2 + 40) continue;
    const size_t distance = std::min(base::EditDistance(word, name), base::EditDistance(word, ShortTypeName(name)));
    if (distance < word.size() && distance <= std::max<size_t>(2, word.size() / 3)) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(near.size(), kMostSimilar); ++i) names.push_back(near[i].second);
  return names;
}

// One step of a path that a person typed: .name, ['key'] or [3].
struct Step {
  bool is_key = false;  // ['key']
  bool is_index = false;
  std::string text;
};

// "app.SESSIONS['u1'][3]" as steps, the first one without a dot. Nothing: that is no path.
std::optional<std::vector<Step>> ParsePath(std::string_view text) {
  std::vector<Step> steps;
  bool name = true;  // a name comes next
  while (!text.empty()) {
    if (name) {
      const size_t end = std::min(text.find_first_of(".["), text.size());
      if (end == 0) return std::nullopt;
      steps.push_back({false, false, std::string(text.substr(0, end))});
      text.remove_prefix(end);
      name = false;
    } else if (text[0] == '.') {
      text.remove_prefix(1);
      name = true;
    } else {
      if (text[0] != '[' || text.size() < 3) return std::nullopt;
      const char quote = text[1];
      const bool quoted = quote == '\'' || quote == '"';
      const size_t end = quoted ? text.find(std::string{quote, ']'}, 2) : text.find(']');
      if (end == std::string_view::npos) return std::nullopt;
      const size_t begin = quoted ? 2 : 1;
      steps.push_back({quoted, !quoted, std::string(text.substr(begin, end - begin))});
      text.remove_prefix(end + (quoted ? 2 : 1));
    }
  }
  if (name) return std::nullopt;
  return steps;
}

class PathWalker {
 public:
  explicit PathWalker(const Graph& graph) : graph_(graph) {
    for (const NodeId root : graph.roots()) {
      graph.ForEachRun(root, [&](const Run& run, EdgeIndex first, EdgeIndex) {
        if (run.kind == RefKind::kField && graph.name(run.label) == "modules" && modules_ == kNoNode)
          modules_ = graph.edge(first).target();
      });
    }
  }

  // The object, or kNoNode: failed() then says at which step.
  NodeId Walk(std::vector<Step> steps) {
    if (modules_ == kNoNode) return kNoNode;
    if (steps.size() >= 3 && steps[0].text == "sys" && steps[1].text == "modules" && steps[2].is_key)
      steps.erase(steps.begin(), steps.begin() + 2);
    else if (steps.size() == 2 && steps[0].text == "sys" && steps[1].text == "modules" && !steps[1].is_key)
      return modules_;
    // A module's name may have dots: the longest that there is counts.
    NodeId at = kNoNode;
    size_t used = 0;
    std::string name;
    for (size_t i = 0; i < steps.size() && !steps[i].is_index && (i == 0 || !steps[i].is_key); ++i) {
      name += (i ? "." : "") + steps[i].text;
      if (const NodeId module = Entry(modules_, name, false); module != kNoNode) {
        at = module;
        used = i + 1;
      }
    }
    if (at == kNoNode) return kNoNode;
    for (size_t i = used; i < steps.size(); ++i) {
      const NodeId from = at;
      at = steps[i].is_key     ? Entry(from, steps[i].text, false)
           : steps[i].is_index ? Item(from, steps[i].text)
                               : Attribute(from, steps[i].text);
      if (at != kNoNode) continue;
      failed_at_ = from;
      failed_ = steps[i];
      return kNoNode;
    }
    return at;
  }

  bool found_module() const { return failed_at_ != kNoNode; }
  NodeId failed_at() const { return failed_at_; }
  const Step& failed() const { return failed_; }

  // Names that the object has attributes of.
  std::vector<std::string> Names(NodeId node) const {
    std::vector<std::string> names;
    ForEachAttribute(node, [&](std::string_view name, NodeId) { names.emplace_back(name); });
    return names;
  }
  std::vector<std::string> ModuleNames() const {
    std::vector<std::string> names;
    if (modules_ == kNoNode) return names;
    ForEachEntry(modules_, [&](NodeId key, NodeId) { names.emplace_back(graph_.text(key)); });
    return names;
  }

 private:
  template <class Visit>
  void ForEachEntry(NodeId dict, Visit visit) const {
    graph_.ForEachRun(dict, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
      if (run.kind != RefKind::kKey) return;
      for (EdgeIndex e = first; e + 1 < last; e += 2) visit(graph_.edge(e).target(), graph_.edge(e + 1).target());
    });
  }

  // visit(name, value) for the attributes that an object has by itself, and those of its __dict__.
  template <class Visit>
  void ForEachAttribute(NodeId node, Visit visit) const {
    const auto own = [&](NodeId of) {
      graph_.ForEachRun(of, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
        if (run.kind != RefKind::kAttribute) return;
        for (EdgeIndex e = first; e < last; ++e)
          visit(std::string_view(graph_.name(run.label)), graph_.edge(e).target());
      });
    };
    own(node);
    NodeId dict = kNoNode;
    graph_.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex) {
      if (run.kind == RefKind::kAttribute && graph_.name(run.label) == "__dict__") dict = graph_.edge(first).target();
    });
    if (dict == kNoNode) return;
    own(dict);
    ForEachEntry(dict, [&](NodeId key, NodeId value) { visit(graph_.text(key), value); });
  }

  NodeId Attribute(NodeId node, std::string_view name) const {
    NodeId found = kNoNode;
    ForEachAttribute(node, [&](std::string_view known, NodeId value) {
      if (known == name && found == kNoNode) found = value;
    });
    return found;
  }

  NodeId Entry(NodeId dict, std::string_view text, bool number) const {
    NodeId found = kNoNode;
    ForEachEntry(dict, [&](NodeId key, NodeId value) {
      if (found == kNoNode && graph_.text(key) == text && (TypeName(graph_, key) == "int") == number) found = value;
    });
    // A dict whose keys are shared with others tells its values as attributes.
    return found == kNoNode && !number ? SharedEntry(dict, text) : found;
  }
  NodeId SharedEntry(NodeId dict, std::string_view text) const {
    return TypeName(graph_, dict) == "dict" ? Attribute(dict, text) : kNoNode;
  }

  NodeId Item(NodeId node, const std::string& text) const {
    uint32_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    NodeId found = kNoNode;
    if (error == std::errc() && end == text.data() + text.size()) {
      graph_.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
        if (run.kind != RefKind::kItem || index < run.label || index - run.label >= last - first) return;
        found = graph_.edge(first + (index - run.label)).target();
      });
    }
    return found == kNoNode ? Entry(node, text, true) : found;
  }

  const Graph& graph_;
  NodeId modules_ = kNoNode;
  NodeId failed_at_ = kNoNode;
  Step failed_;
};

// Types whose whole name, or, if there is none, whose last part is `text`.
std::vector<TypeId> TypesCalled(const Graph& graph, std::string_view text) {
  std::vector<TypeId> whole, last;
  for (TypeId type = 0; type < graph.types().size(); ++type) {
    if (graph.type(type).synthetic()) continue;
    if (graph.type(type).name == text) whole.push_back(type);
    else if (ShortTypeName(graph.type(type).name) == text) last.push_back(type);
  }
  return whole.empty() ? last : whole;
}

std::vector<NodeId> NodesOf(const Graph& graph, const std::vector<TypeId>& types) {
  std::vector<bool> wanted(graph.types().size());
  for (const TypeId type : types) wanted[type] = true;
  std::vector<NodeId> nodes;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (wanted[graph.type_of(node)]) nodes.push_back(node);
  }
  return nodes;
}

Target FindAddressTarget(const Graph& graph, std::string_view text) {
  Target target;
  uint64_t address = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), address, 16);
  if (error != std::errc() || end != text.data() + text.size()) {
    target.problem = fmt::format("'{}' is no address", text);
    return target;
  }
  const NodeId node = graph.FindAddress(address);
  if (node == kNoNode) {
    target.problem = fmt::format("no object is at {} in this snapshot", text);
    return target;
  }
  target.kind = TargetKind::kAddress;
  target.nodes = {node};
  target.name = fmt::format("{} at {:#x}", NodeName(graph, node), address);
  return target;
}

Target FindTypeTarget(const Graph& graph, std::string_view text) {
  Target target;
  const std::vector<TypeId> types = TypesCalled(graph, text);
  std::vector<std::string> names;
  for (const TypeId type : types) names.push_back(graph.type(type).name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > 1) {
    target.problem = fmt::format("several types are called '{}'", text);
    target.similar = std::move(names);
    return target;
  }
  if (names.empty()) return target;
  target.nodes = NodesOf(graph, types);
  if (target.nodes.empty()) return target;
  target.kind = TargetKind::kType;
  target.name = names[0];
  return target;
}

std::vector<std::string> AllTypeNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Type& type : graph.types()) {
    if (!type.synthetic()) names.push_back(type.name);
  }
  return names;
}

// A script is the module __main__, whatever its file is called: "app.SESSIONS" may be meant for __main__.SESSIONS.
std::string InMain(std::string_view text) {
  const size_t end = text.find_first_of(".[");
  return end == std::string_view::npos ? "" : "__main__" + std::string(text.substr(end));
}

NodeId WalkPath(PathWalker& walker, std::string_view text) {
  const auto steps = ParsePath(text);
  return steps ? walker.Walk(*steps) : kNoNode;
}

Target NoPath(const Graph& graph, std::string_view text, const PathWalker& walker) {
  const Step& step = walker.failed();
  const std::string shown = step.is_key     ? fmt::format("['{}']", step.text)
                            : step.is_index ? fmt::format("[{}]", step.text)
                                            : "." + step.text;
  Target target;
  target.problem = fmt::format("'{}' leads nowhere: {} has no {}", text, NodeName(graph, walker.failed_at()), shown);
  for (const std::string& name : Similar(step.text, walker.Names(walker.failed_at()))) {
    if (text.ends_with(step.text))
      target.similar.push_back(fmt::format("{}{}", text.substr(0, text.size() - step.text.size()), name));
  }
  return target;
}

}  // namespace

Target FindTarget(const Graph& graph, std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) return FindAddressTarget(graph, text);
  Target target = FindTypeTarget(graph, text);
  if (target.kind != TargetKind::kNothing || !target.problem.empty()) return target;
  PathWalker walker(graph);
  if (const NodeId node = WalkPath(walker, text); node != kNoNode)
    return {TargetKind::kPath, {node}, std::string(text), "", {}};
  if (walker.found_module()) return NoPath(graph, text, walker);
  if (const std::string in_main = InMain(text); !in_main.empty()) {
    if (target = FindTypeTarget(graph, in_main); target.kind != TargetKind::kNothing) return target;
    if (const NodeId node = WalkPath(walker, in_main); node != kNoNode)
      return {TargetKind::kPath, {node}, in_main, "", {}};
    if (walker.found_module()) target = NoPath(graph, in_main, walker);
  }
  const std::string none = fmt::format("no type or module '{}' in this snapshot", text);
  // "SESSIONS['u1']": the module was left out.
  if (const std::string whole = fmt::format("__main__.{}", text); WalkPath(walker, whole) != kNoNode)
    return {TargetKind::kNothing, {}, "", none, {whole}};
  if (!target.similar.empty()) return target;
  target.problem = none;
  target.similar = Similar(text, AllTypeNames(graph));
  if (target.similar.empty()) target.similar = Similar(text, walker.ModuleNames());
  return target;
}

}  // namespace limpet::heap
