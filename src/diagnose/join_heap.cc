#include "diagnose/join_heap.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "capture/snapshot_files.h"
#include "diagnose/merge_by_holder.h"
#include "heap/analysis.h"
#include "heap/holders.h"
#include "heap/load.h"
#include "heap/naming.h"

namespace limpet::diagnose {
namespace {

using heap::Graph;
using heap::NodeId;

constexpr size_t kMostTypes = 8;
constexpr size_t kMostHoldings = 3;
constexpr double kEnough =
    0.15;  // share of a finding's blocks that a snapshot shows; less: an earlier one may show more

// One snapshot, and which of its objects belong to which finding.
class SnapshotView {
 public:
  SnapshotView(const heap::Snapshot& snapshot, const capture::Process& process, const std::vector<Finding>& findings)
      : snapshot_(snapshot), analysis_(snapshot.graph), groups_(findings.size()) {
    constexpr uint32_t kNone = 0xffffffff;
    std::vector<uint32_t> finding_of_site(process.sites.size(), kNone);
    for (size_t i = 0; i < findings.size(); ++i) {
      for (const uint32_t site : findings[i].sites) finding_of_site[site] = static_cast<uint32_t>(i);
    }
    std::vector<uint32_t> finding_of_birth = {kNone};
    for (const capture::SnapshotBirth& birth : snapshot.births) {
      const bool known = birth.site < process.site_of_record.size() && process.site_of_record[birth.site];
      finding_of_birth.push_back(known ? finding_of_site[process.site_of_record[birth.site]->value] : kNone);
    }
    const Graph& graph = snapshot.graph;
    for (NodeId node = 0; node < graph.node_count(); ++node) {
      const uint32_t birth = graph.birth(node);
      if (birth >= finding_of_birth.size() || finding_of_birth[birth] == kNone) continue;
      groups_[finding_of_birth[birth]].nodes.push_back(node);
    }
  }

  const std::vector<NodeId>& group(size_t finding) const { return groups_[finding].nodes; }
  void Describe(size_t index, Finding& finding);
  // After all were described.
  void Merge(std::vector<Finding>& findings) { MergeByHolder(analysis_, findings, groups_); }

 private:
  std::vector<std::string> Types(const std::vector<NodeId>& group, std::optional<NodeId> first) const;
  std::vector<HolderStep> Steps(const std::vector<heap::PathPart>& parts) const;
  void DescribeHolding(const heap::Holding& holding, Finding& finding);
  void DescribeCycle(const heap::Holders& holders, Finding& finding);
  std::string Advice(const heap::Holding& holding) const;

  const heap::Snapshot& snapshot_;
  heap::Analysis analysis_;
  std::vector<FindingObjects> groups_;
};

// The type of the object that is held comes first: strings and dicts that hang on it are often more bytes.
std::vector<std::string> SnapshotView::Types(const std::vector<NodeId>& group, std::optional<NodeId> first) const {
  const Graph& graph = snapshot_.graph;
  std::unordered_map<heap::TypeId, uint64_t> bytes;
  for (const NodeId node : group) bytes[graph.type_of(node)] += graph.size(node);
  std::vector<std::pair<uint64_t, heap::TypeId>> order;
  for (const auto& [type, sum] : bytes) order.emplace_back(sum, type);
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::vector<std::string> types;
  if (first) types.push_back(graph.type(graph.type_of(*first)).name);
  for (const auto& [sum, type] : order) {
    const std::string& name = graph.type(type).name;
    if (types.size() < kMostTypes && std::find(types.begin(), types.end(), name) == types.end()) types.push_back(name);
  }
  return types;
}

std::vector<HolderStep> SnapshotView::Steps(const std::vector<heap::PathPart>& parts) const {
  std::vector<HolderStep> steps;
  for (const heap::PathPart& part : parts) {
    const std::string type =
        part.node == heap::kNoNode ? "" : snapshot_.graph.type(snapshot_.graph.type_of(part.node)).name;
    steps.push_back({part.edge, type});
  }
  return steps;
}

// What the graph says can be done; nothing where it does not.
std::string SnapshotView::Advice(const heap::Holding& holding) const {
  const heap::Way& way = holding.ways.front();
  if (!way.cut_part || holding.freed_objects == 0) return "";
  const std::vector<heap::PathPart> before(way.parts.begin(),
                                           way.parts.begin() + static_cast<std::ptrdiff_t>(*way.cut_part));
  const std::string holder = before.empty() ? std::string("the root") : heap::PathLine(snapshot_.graph, before);
  const std::string frees = fmt::format("; that frees {}", base::FormatBytes(holding.freed_bytes));
  if (way.cut.size() > 1) {
    return fmt::format("remove entries of {} when they are done with, bound it, or let it hold them weakly{}", holder,
                       frees);
  }
  return fmt::format("let go of {}{}", heap::PathLine(snapshot_.graph, {way.parts.data(), *way.cut_part + 1}), frees);
}

void SnapshotView::DescribeHolding(const heap::Holding& holding, Finding& finding) {
  if (holding.ways.empty()) return;
  const heap::Way& way = holding.ways.front();
  HeapView& view = finding.heap;
  view.holder = Steps(way.parts);
  view.holder_text = heap::PathLine(snapshot_.graph, way.parts);
  if (holding.freed_objects > 0) view.would_free_bytes = holding.freed_bytes;
  view.fix = Advice(holding);
  const bool many_starts = holding.surplus > 0 && holding.starts * 2 >= holding.objects;
  const std::string& root = snapshot_.graph.type(snapshot_.graph.type_of(way.start)).name;
  const bool by_variable = root == "<C variables>" && way.path.size() <= 1;
  if (finding.kind == Kind::kNative || finding.kind == Kind::kRawBlock || (!many_starts && !by_variable)) return;
  finding.kind = Kind::kRefcount;
  if (many_starts) {
    view.fix =
        "a reference was taken and never given back: look for a missing Py_DECREF in the C code that made or was given "
        "these objects";
    finding.evidence.push_back(
        fmt::format("reference counts: {} of the objects have {} reference(s) more than the heap explains, of {}",
                    base::FormatCount(holding.starts), holding.surplus, holding.refcount));
  } else {
    finding.evidence.push_back(fmt::format("held by variables of C code alone: {}", view.holder_text));
  }
}

void SnapshotView::DescribeCycle(const heap::Holders& holders, Finding& finding) {
  HeapView& view = finding.heap;
  const bool enabled = (snapshot_.header.gc_flags & 1) != 0;
  const std::string state = enabled ? "the collector is on, and had not come to them" : "the collector is off";
  finding.evidence.push_back(
      fmt::format("nobody holds {} of {} objects in the heap snapshot: they are garbage in cycles, and {}",
                  base::FormatCount(holders.garbage_objects), base::FormatCount(holders.objects), state));
  if (holders.cycle) {
    const std::vector<heap::PathPart> parts = heap::NameCycle(snapshot_.graph, holders.cycle->cycle);
    view.cycle = Steps(parts);
    view.cycle_text = heap::CycleLine(snapshot_.graph, parts);
  }
  if (finding.kind == Kind::kPythonObject) finding.kind = Kind::kCycle;
  view.would_free_bytes = holders.garbage_bytes;
  view.fix =
      enabled
          ? "break the cycle where one of its objects is done with, or make one of its references weak"
          : "break the cycle where one of its objects is done with, or let the collector run (gc.enable, gc.collect)";
}

void SnapshotView::Describe(size_t index, Finding& finding) {
  const std::vector<NodeId>& group = groups_[index].nodes;
  if (group.empty()) return;
  const heap::Holders holders = heap::FindHolders(analysis_, group, kMostHoldings);
  finding.heap.objects = group.size();
  finding.heap.retained_bytes = holders.retained_bytes;
  std::optional<NodeId> first;
  if (holders.garbage_objects * 2 > holders.objects) {
    DescribeCycle(holders, finding);
  } else if (!holders.holdings.empty()) {
    DescribeHolding(holders.holdings.front(), finding);
    const heap::Holding& holding = holders.holdings.front();
    if (!holding.ways.empty()) {
      const heap::Way& way = holding.ways.front();
      first = way.path.empty() ? way.start : snapshot_.graph.edge(way.path.back()).target();
      if (way.cut.size() > 1) groups_[index].container = snapshot_.graph.Source(way.cut.front());
    }
  }
  finding.heap.types = Types(group, first);
}

// How much of the findings a snapshot shows, as a share of what was live.
bool Shows(const SnapshotView& view, size_t index, const Finding& finding) {
  return static_cast<double>(view.group(index).size()) >= kEnough * static_cast<double>(finding.live.blocks);
}

}  // namespace

void JoinHeap(const capture::Recording& recording, const capture::Process& process, std::vector<Finding>& findings) {
  if (findings.empty()) return;
  std::vector<capture::NumberedSnapshot> files =
      capture::ListSnapshotFiles(recording.path + "/" + process.folder);  // oldest first
  std::vector<bool> done(findings.size(), false);
  constexpr size_t kMostSnapshots = 2;  // the last one, and one before: what was given back at the end is in that
  for (size_t n = 0; n < kMostSnapshots && !files.empty(); ++n, files.pop_back()) {
    const Result<heap::Snapshot> snapshot = heap::LoadSnapshot(files.back().path);
    if (!snapshot.ok()) continue;
    SnapshotView view(*snapshot, process, findings);
    const bool last = n + 1 == kMostSnapshots || files.size() == 1;
    bool all = true;
    for (size_t i = 0; i < findings.size(); ++i) {
      if (done[i]) continue;
      if (!last && !Shows(view, i, findings[i])) {
        all = false;
        continue;
      }
      view.Describe(i, findings[i]);
      done[i] = true;
    }
    if (all && n == 0) view.Merge(findings);
    if (all) return;
  }
}

}  // namespace limpet::diagnose
