#include "report/why.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "diagnose/line_verdict.h"
#include "report/heap_json.h"
#include "report/heap_screen.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using heap::Graph;
using heap::NodeId;
using nlohmann::json;

heap::Target FindLineTarget(const HeapSource& source, const Births& births, std::string_view text,
                            const diagnose::LineName& line) {
  heap::Target target;
  const Graph& graph = source.snapshot->graph;
  if (!births.known()) {
    target.problem = "where objects were allocated is not known: the snapshot is not of a program that limpet ran";
    return target;
  }
  const std::vector<bool> wanted = births.AtLine(line.file, line.number);
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (const uint32_t birth = graph.birth(node); birth < wanted.size() && wanted[birth]) target.nodes.push_back(node);
  }
  if (target.nodes.empty()) {
    target.problem = fmt::format("no object in this snapshot was allocated at {}", text);
    for (uint32_t place = 0; place < births.places() && target.similar.size() < 3; ++place) {
      const diagnose::Location& where = births.where(place);
      if (where.file.ends_with(line.file)) target.similar.push_back(fmt::format("{}:{}", line.file, where.line));
    }
    return target;
  }
  target.kind = heap::TargetKind::kType;
  target.name = fmt::format("objects allocated at {}", text);
  return target;
}

json HoldingJson(const Graph& graph, const heap::Holding& holding) {
  json ways = json::array();
  for (const heap::Way& way : holding.ways) {
    const ToldPath told = TellPath(graph, way.parts);
    json out = {{"holder", HolderJson(told)}, {"holder_text", base::ReplaceInvalidUtf8(told.line)}, {"cut", nullptr}};
    if (way.cut_part && !way.cut.empty()) {
      out["cut"] = *way.cut_part;
      out["cut_references"] = way.cut.size();
    }
    ways.push_back(std::move(out));
  }
  json out = {
      {"objects", holding.objects},
      {"bytes", holding.bytes},
      {"retained_bytes", holding.retained_bytes},
      {"ways", std::move(ways)},
      {"would_free",
       {{"target_objects", holding.freed_group}, {"objects", holding.freed_objects}, {"bytes", holding.freed_bytes}}}};
  if (holding.starts)
    out["c_code"] = {{"objects", holding.starts}, {"references", holding.refcount}, {"not_known", holding.surplus}};
  return out;
}

// Text in quotes for graphviz.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : SafeText(base::ReplaceInvalidUtf8(text))) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// One way as nodes and edges; what it shares with others is there once.
void AddDot(const Graph& graph, const heap::Way& way, std::vector<std::string>* lines) {
  const ToldPath told = TellPath(graph, way.parts);
  std::string above;
  for (size_t i = 0; i < told.parts.size(); ++i) {
    const heap::PathPart& part = told.parts[i];
    const bool last = i + 1 == told.parts.size();
    const std::string name = fmt::format("n{}", part.node);
    const std::string label = i == 0 ? part.edge : heap::NodeName(graph, part.node);
    lines->push_back(fmt::format("  {} [label={}{}];", name, Quoted(label),
                                 last     ? ", style=filled, fillcolor=lightgrey"
                                 : i == 0 ? ", shape=ellipse"
                                          : ""));
    if (i > 0) {
      const bool cut = way.cut_part == i && !way.cut.empty();
      const std::string text = part.edge + (part.times > 1 ? fmt::format(" ({} times)", part.times) : "");
      lines->push_back(fmt::format("  {} -> {} [label={}{}];", above, name, Quoted(text),
                                   cut ? ", color=red, fontcolor=red, penwidth=2" : ""));
    }
    above = name;
  }
}

}  // namespace

heap::Target FindWhyTarget(const HeapSource& source, const Births& births, std::string_view text) {
  if (const std::optional<diagnose::LineName> line = diagnose::ParseLine(text))
    return FindLineTarget(source, births, text, *line);
  return heap::FindTarget(source.snapshot->graph, text);
}

WhyView MakeWhyView(const HeapSource& source, const Births& births, heap::Analysis& analysis, std::string_view text,
                    const heap::Target& target, const WhyOptions& options) {
  const Graph& graph = source.snapshot->graph;
  WhyView view;
  view.target = text;
  view.what = target.nodes.size() > 1
                  ? fmt::format("{} {}", base::FormatCount(target.nodes.size()), target.name)
                  : fmt::format("{} at {:#x}", heap::NodeName(graph, target.nodes[0]), graph.address(target.nodes[0]));
  view.holders = heap::FindHolders(analysis, target.nodes, options.limit == 0 ? SIZE_MAX : options.limit);
  view.births_known = births.known();
  view.born = births.Of(graph, target.nodes);
  if (options.all_paths && target.nodes.size() == 1) {
    constexpr size_t kMost = 50;
    for (const std::vector<heap::EdgeIndex>& path : heap::SeveralPaths(graph, target.nodes[0], kMost))
      view.all_paths.push_back(TellPath(graph, heap::NamePath(graph, graph.Source(path.front()), path)));
  }
  return view;
}

json WhyJson(const WhyView& view, const HeapSource& source) {
  const Graph& graph = source.snapshot->graph;
  const heap::Holders& holders = view.holders;
  json holdings = json::array(), born = json::array(), weak = json::array(), all = json::array();
  for (const heap::Holding& holding : holders.holdings) holdings.push_back(HoldingJson(graph, holding));
  for (const BirthPlace& place : view.born)
    born.push_back({{"site", LocationJson(place.where)},
                    {"objects", place.objects},
                    {"bytes", place.bytes},
                    {"oldest_ns", place.oldest_ns},
                    {"youngest_ns", place.youngest_ns}});
  for (const heap::WeakHolder& holder : holders.weak)
    weak.push_back({{"type", base::ReplaceInvalidUtf8(holder.type)}, {"references", holder.references}});
  json out = {{"schema", kWhySchema},
              {"snapshot", SnapshotJson(source)},
              {"target", base::ReplaceInvalidUtf8(view.target)},
              {"judgement", view.judgement ? json(base::ReplaceInvalidUtf8(*view.judgement)) : json(nullptr)},
              {"objects", holders.objects},
              {"bytes", holders.bytes},
              {"retained_objects", holders.retained_objects},
              {"retained_bytes", holders.retained_bytes},
              {"born", std::move(born)},
              {"holdings", std::move(holdings)},
              {"more_holdings", holders.more_holdings},
              {"garbage", {{"objects", holders.garbage_objects}, {"retained_bytes", holders.garbage_bytes}}},
              {"weak", std::move(weak)}};
  if (holders.cycle) {
    const ToldPath cycle = TellCycle(graph, holders.cycle->cycle);
    json steps = HolderJson(cycle);
    steps.erase(steps.begin());
    out["garbage"]["cycle"] = std::move(steps);
    out["garbage"]["cycle_text"] = base::ReplaceInvalidUtf8(cycle.line);
  }
  for (const ToldPath& path : view.all_paths)
    all.push_back({{"holder", HolderJson(path)}, {"holder_text", base::ReplaceInvalidUtf8(path.line)}});
  if (!view.all_paths.empty()) out["all_paths"] = std::move(all);
  return out;
}

std::string WhyDot(const WhyView& view, const HeapSource& source) {
  std::vector<std::string> lines;
  for (const heap::Holding& holding : view.holders.holdings) {
    for (const heap::Way& way : holding.ways) AddDot(source.snapshot->graph, way, &lines);
  }
  if (view.holders.cycle) {
    heap::Way cycle;
    cycle.parts = heap::NameCycle(source.snapshot->graph, view.holders.cycle->cycle);
    AddDot(source.snapshot->graph, cycle, &lines);
  }
  std::string out = fmt::format("digraph why {{\n  label={};\n  labelloc=t;\n  rankdir=LR;\n  node [shape=box];\n",
                                Quoted(view.what));
  std::vector<std::string> written;
  for (const std::string& line : lines) {
    if (std::find(written.begin(), written.end(), line) != written.end()) continue;
    written.push_back(line);
    out += line + "\n";
  }
  return out + "}\n";
}

std::string TargetProblem(const heap::Target& target) {
  std::string text = target.problem;
  if (target.similar.empty()) return text;
  text += "; did you mean ";
  for (size_t i = 0; i < target.similar.size(); ++i)
    text += (i == 0 ? "" : i + 1 == target.similar.size() ? " or " : ", ") + target.similar[i];
  return text + "?";
}

}  // namespace limpet::report
