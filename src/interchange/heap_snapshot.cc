#include "interchange/heap_snapshot.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "heap/naming.h"
#include "interchange/heap_facts.h"
#include "interchange/text.h"

namespace limpet::interchange {
namespace {

using heap::EdgeIndex;
using heap::Graph;
using heap::NodeId;
using heap::RefKind;
using heap::Run;

// What the numbers in the arrays mean, as V8 itself tells it.
constexpr std::string_view kMeta =
    R"({"node_fields":["type","name","id","self_size","edge_count","trace_node_id","detachedness"],)"
    R"("node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic",)"
    R"("concatenated string","sliced string","symbol","bigint","object shape"],)"
    R"("string","number","number","number","number","number"],)"
    R"("edge_fields":["type","name_or_index","to_node"],)"
    R"("edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"],)"
    R"("trace_function_info_fields":["function_id","name","script_name","script_id","line","column"],)"
    R"("trace_node_fields":["id","function_info_index","count","size","children"],)"
    R"("sample_fields":["timestamp_us","last_assigned_id"],)"
    R"("location_fields":["object_index","script_id","line","column"]})";
constexpr uint32_t kNodeFields = 7;
enum NodeType : uint32_t { kString = 2, kObject = 3, kSynthetic = 9 };
enum EdgeType : uint32_t { kContext = 0, kElement = 1, kProperty = 2, kInternal = 3, kWeak = 6 };

// The nodes that stand for no object.
enum Special : uint32_t { kRoot, kCCode, kGarbage, kSpecials };
enum FixedString : uint32_t { kEmpty, kRootName, kCCodeName, kGarbageName, kKeyLabel, kTypeLabel, kPartLabel, kFixed };
constexpr std::array<std::string_view, kFixed> kFixedStrings = {
    "", "(root)", "(held by C code)", "(garbage that waits for the collector)", "key", "__class__", "part"};

class SnapshotWriter {
 public:
  SnapshotWriter(const Graph& graph, Sink* sink)
      : graph_(graph), sink_(sink), facts_(graph), str_(graph.FindType("str")) {
    names_ = kFixed;
    types_ = names_ + uint32_t(graph.names().size());
    values_ = types_ + uint32_t(graph.types().size());
    texts_ = values_ + uint32_t(graph.types().size());
    for (NodeId node = 0; node < graph.node_count(); ++node) {
      if (!graph.text(node).empty()) with_text_.push_back(node);
    }
  }

  void Write() {
    const size_t specials = graph_.roots().size() + 2 + graph_.entries().size() + facts_.garbage_tops.size();
    sink_->Write(
        fmt::format("{{\"snapshot\":{{\"meta\":{},\"node_count\":{},\"edge_count\":{},"
                    "\"trace_function_count\":0}},\n\"nodes\":[",
                    kMeta, graph_.node_count() + kSpecials, graph_.edge_count() + specials));
    WriteNodes();
    sink_->Write("],\n\"edges\":[");
    WriteEdges();
    sink_->Write(
        "],\n\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n\"locations\":[],\n\"strings\":[");
    WriteStrings();
    sink_->Write("]}\n");
  }

 private:
  void Node(uint32_t number, NodeType type, uint32_t name, uint64_t size, size_t edges) {
    // Tools keep these in 32 bits.
    const uint64_t shown = std::min<uint64_t>(size, 0xffffffff);
    sink_->Write(
        fmt::format("{}{},{},{},{},{},0,0\n", number ? "," : "", uint32_t(type), name, 2 * number + 1, shown, edges));
  }

  void WriteNodes() {
    Node(kRoot, kSynthetic, kRootName, 0, graph_.roots().size() + 2);
    Node(kCCode, kSynthetic, kCCodeName, 0, graph_.entries().size());
    Node(kGarbage, kSynthetic, kGarbageName, 0, facts_.garbage_tops.size());
    for (NodeId node = 0; node < graph_.node_count() && sink_->good(); ++node) {
      const heap::TypeId type = graph_.type_of(node);
      const NodeType kind = graph_.type(type).synthetic() ? kSynthetic : type == str_ ? kString : kObject;
      const uint32_t text = TextNumber(node);
      const uint32_t name = text == kNone ? types_ + type : texts_ + 2 * text;
      Node(node + kSpecials, kind, name, graph_.size(node), graph_.degree(node));
    }
  }

  static constexpr uint32_t kNone = 0xffffffff;
  // The place of a node among those with a text.
  uint32_t TextNumber(NodeId node) const {
    const auto at = std::lower_bound(with_text_.begin(), with_text_.end(), node);
    return at != with_text_.end() && *at == node ? uint32_t(at - with_text_.begin()) : kNone;
  }

  void Edge(EdgeType type, uint64_t name_or_index, uint64_t number) {
    sink_->Write(
        fmt::format("{}{},{},{}\n", first_edge_ ? "" : ",", uint32_t(type), name_or_index, number * kNodeFields));
    first_edge_ = false;
  }

  void WriteEdges() {
    uint32_t index = 0;
    for (const NodeId node : graph_.roots()) Edge(kElement, index++, node + kSpecials);
    Edge(kInternal, kCCodeName, kCCode);
    Edge(kInternal, kGarbageName, kGarbage);
    index = 0;
    for (const heap::Entry& entry : graph_.entries()) Edge(kElement, index++, entry.node + kSpecials);
    index = 0;
    for (const NodeId node : facts_.garbage_tops) Edge(kElement, index++, node + kSpecials);
    for (NodeId node = 0; node < graph_.node_count() && sink_->good(); ++node) {
      graph_.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
        for (EdgeIndex e = first; e < last; ++e) WriteEdge(node, run, first, e);
      });
    }
  }

  void WriteEdge(NodeId node, const Run& run, EdgeIndex first, EdgeIndex e) {
    const heap::Edge edge = graph_.edge(e);
    EdgeType type = kProperty;
    uint64_t name = run.label + (e - first);
    const bool is_value = run.kind == RefKind::kValue || (run.kind == RefKind::kKey && (e - first) % 2 == 1);
    if (is_value) name = ValueName(e > graph_.first_edge(node) ? graph_.edge(e - 1).target() : node);
    else if (run.kind == RefKind::kKey) type = kInternal, name = kKeyLabel;
    else if (run.kind == RefKind::kType) type = kInternal, name = kTypeLabel;
    else if (run.kind == RefKind::kContains) type = kInternal, name = kPartLabel;
    else if (run.kind == RefKind::kLocal || run.kind == RefKind::kClosure) type = kContext, name = names_ + run.label;
    else if (heap::HasName(run.kind)) name = names_ + run.label;
    else type = kElement;
    // A weak edge has a name or a number as it likes.
    if (!facts_.Counts(node, edge)) {
      if (type == kElement) name = kEmpty;
      type = kWeak;
    }
    Edge(type, name, uint64_t{edge.target()} + kSpecials);
  }

  // "['u17']", or "[<str>]" where the snapshot keeps no text of the key.
  uint32_t ValueName(NodeId key) const {
    const uint32_t text = TextNumber(key);
    return text == kNone ? values_ + graph_.type_of(key) : texts_ + 2 * text + 1;
  }

  void String(std::string_view text) {
    sink_->Write(fmt::format("{}{}", first_string_ ? "" : ",\n", Json(text)));
    first_string_ = false;
  }

  void WriteStrings() {
    for (const std::string_view text : kFixedStrings) String(text);
    for (const std::string& name : graph_.names()) String(name);
    for (const heap::Type& type : graph_.types()) String(type.name);
    for (const heap::Type& type : graph_.types()) String(fmt::format("[<{}>]", type.name));
    for (const NodeId node : with_text_) {
      String(graph_.type_of(node) == str_ ? std::string(graph_.text(node)) : heap::NodeName(graph_, node));
      String(fmt::format("[{}]", heap::KeyName(graph_, node)));
    }
  }

  const Graph& graph_;
  Sink* sink_;
  const HeapFacts facts_;
  const heap::TypeId str_;
  uint32_t names_ = 0, types_ = 0, values_ = 0, texts_ = 0;  // where each kind of string begins
  std::vector<NodeId> with_text_;                            // ascending
  bool first_edge_ = true, first_string_ = true;
};

}  // namespace

void WriteHeapSnapshot(const heap::Graph& graph, Sink* sink) { SnapshotWriter(graph, sink).Write(); }

}  // namespace limpet::interchange
