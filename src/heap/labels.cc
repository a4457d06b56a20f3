#include "heap/labels.h"

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

void AppendStep(std::string* path, const std::string& edge, const std::string& type) {
  if (!path->empty()) *path += (edge.starts_with('.') ? " " : "") + edge + " -> ";
  *path += type;
}

}  // namespace limpet::heap
