#include "heap/names.h"

#include <algorithm>
#include <array>

namespace limpet::heap {
namespace {

std::string WithNumber(std::string_view before, uint32_t number, std::string_view after = "") {
  return std::string(before) + std::to_string(number) + std::string(after);
}

std::string KeyText(const Graph& graph, NodeId key) {
  if (key == kNoNode) return "?";
  const std::string_view text = graph.text(key);
  return text.empty() ? "<" + graph.type(graph.type_of(key)).name + ">" : std::string(text);
}

// 'SESSIONS' -> SESSIONS; empty: that is no name.
std::string NameInQuotes(std::string_view text) {
  if (text.size() < 3 || (text.front() != '\'' && text.front() != '"') || text.back() != text.front()) return "";
  return std::string(text.substr(1, text.size() - 2));
}

std::string LabelText(const Graph& graph, const EdgeLabel& label) {
  switch (label.kind) {
    case RefKind::kType:
      return ".__class__";
    case RefKind::kItem:
      return WithNumber("[", label.argument, "]");
    case RefKind::kKey:
      return " key";
    case RefKind::kValue:
      return "[" + KeyText(graph, label.key) + "]";
    case RefKind::kElement:
      return " element";
    case RefKind::kAttribute:
      return "." + graph.name(label.argument);
    case RefKind::kField:
      return "->" + graph.name(label.argument);
    case RefKind::kLocal:
      return " local " + graph.name(label.argument);
    case RefKind::kClosure:
      return " closure variable " + graph.name(label.argument);
    case RefKind::kStack:
      return WithNumber(" temporary ", label.argument);
    case RefKind::kVisited:
      return WithNumber(" ?", label.argument);
    case RefKind::kScanned:
    case RefKind::kGlobal:
      return WithNumber(" ?+", label.argument);
    case RefKind::kContains:
      return "";
  }
  return " ?";
}

}  // namespace

std::string EdgeText(const Graph& graph, NodeId node, EdgeIndex edge) {
  return LabelText(graph, graph.Label(node, edge));
}

std::string MaskedEdgeText(const Graph& graph, const EdgeLabel& label) {
  switch (label.kind) {
    case RefKind::kItem:
    case RefKind::kValue:
      return "[*]";
    case RefKind::kStack:
      return " temporary";
    case RefKind::kVisited:
    case RefKind::kScanned:
    case RefKind::kGlobal:
      return " ?";
    default:
      return LabelText(graph, label);
  }
}

bool LeadsToNamespace(const Graph& graph, const EdgeLabel& label) {
  if (label.kind != RefKind::kAttribute && label.kind != RefKind::kField) return false;
  static constexpr std::array<std::string_view, 4> kNames = {"__dict__", "tp_dict", "md_dict", "__globals__"};
  return std::find(kNames.begin(), kNames.end(), graph.name(label.argument)) != kNames.end();
}

std::string StartText(const Graph& graph, NodeId node) {
  const Type& type = graph.type(graph.type_of(node));
  const std::string text(graph.text(node));
  if (!text.empty() && (type.synthetic() || type.name == "module" || type.name == "type"))
    return type.name + " " + text;
  return type.name;
}

std::vector<PathStep> Steps(const Graph& graph, NodeId start, std::span<const EdgeIndex> path) {
  std::vector<PathStep> steps = {{"", StartText(graph, start), start, kNoEdge}};
  bool in_namespace = false;  // the last step leads to a dict of names
  NodeId node = start;
  for (const EdgeIndex e : path) {
    const EdgeLabel label = graph.Label(node, e);
    std::string text = LabelText(graph, label);
    const std::string name = label.kind == RefKind::kValue ? NameInQuotes(KeyText(graph, label.key)) : "";
    if (in_namespace && steps.size() > 1 && !name.empty()) {
      text = "." + name;
      steps.pop_back();
    }
    node = graph.edge(e).target();
    in_namespace = LeadsToNamespace(graph, label);
    const Type& type = graph.type(graph.type_of(node));
    if (type.name == "module") {
      steps.clear();
      const std::string known(graph.text(node));
      steps.push_back({"", "module " + (known.empty() ? name.empty() ? "?" : name : known), node, kNoEdge});
    } else {
      steps.push_back({std::move(text), type.name, node, e});
    }
  }
  return steps;
}

std::string PathText(const std::vector<PathStep>& steps) {
  std::string text;
  for (const PathStep& step : steps) {
    if (!text.empty()) {
      if (!step.edge.empty() && step.edge[0] == '.') text += ' ';
      text += step.edge + " -> ";
    }
    text += step.type;
  }
  return text;
}

}  // namespace limpet::heap
