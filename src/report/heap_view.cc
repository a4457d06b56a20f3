#include "report/heap_view.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "heap/clusters.h"
#include "heap/delta.h"
#include "heap/diff.h"
#include "heap/holders.h"
#include "heap/reach.h"
#include "heap/retained.h"

namespace limpet::report {
namespace {

using heap::Analysis;
using heap::EdgeIndex;
using heap::Graph;
using heap::NodeId;
using heap::RefKind;

// Less than this is not worth a line of what grew.
constexpr int64_t kLeastGrowth = 4096;
constexpr int64_t kLeastSurplusGrowth = 5;  // references

const std::string& TypeName(const Graph& graph, NodeId node) { return graph.type(graph.type_of(node)).name; }

class ViewMaker {
 public:
  ViewMaker(const HeapSource& source, const HeapSource* before, const HeapSource* between, const HeapOptions& options)
      : before_(before),
        between_(between),
        options_(options),
        graph_(source.snapshot->graph),
        analysis_(graph_),
        births_(source) {}

  HeapView Make() {
    view_.group = options_.group;
    view_.by = options_.by;
    view_.sites_known = births_.known();
    AddTotals();
    FindInfrastructure();
    switch (options_.group) {
      case HeapGroup::kType:
        AddTypes();
        break;
      case HeapGroup::kSite:
        AddSites();
        break;
      case HeapGroup::kModule:
        break;
    }
    AddModules();
    AddBiggest();
    AddCycles();
    if (before_) AddGrowth();
    return std::move(view_);
  }

 private:
  size_t Limit() const { return options_.limit == 0 ? SIZE_MAX : options_.limit; }
  const heap::Dominators& dominators() { return analysis_.dominators(); }

  void AddTotals() {
    HeapTotals& totals = view_.totals;
    const heap::Dominators& tree = dominators();
    for (NodeId node = 0; node < graph_.node_count(); ++node) {
      const heap::Type& type = graph_.type(graph_.type_of(node));
      if (type.native()) {
        ++totals.native_blocks;
        totals.native_bytes += graph_.size(node);
      }
      if (type.synthetic()) continue;
      ++totals.objects;
      if (!tree.IsLive(node)) ++totals.garbage_objects;
    }
    totals.bytes = graph_.total_bytes() - totals.native_bytes;
    totals.garbage_bytes = tree.garbage_bytes();
    AddHeldByC();
  }

  // What would go if C code gave back its references. Not all that it has a reference to: while a program's main module runs, and until the
  // interpreter has tidied up after it, the function that runs it holds the module, and so does sys.modules.
  void AddHeldByC() {
    heap::Reach reach(graph_);
    reach.From(graph_.roots());
    for (const heap::Entry& entry : graph_.entries()) {
      if (entry.surplus == 0) reach.From({&entry.node, 1});  // immortal, and the interpreter's own
    }
    for (NodeId node = 0; node < graph_.node_count(); ++node) {
      const heap::Type& type = graph_.type(graph_.type_of(node));
      if (type.synthetic() || type.native() || reach.seen()[node] || !dominators().IsLive(node)) continue;
      ++view_.totals.entry_objects;
      view_.totals.entry_bytes += graph_.size(node);
    }
  }

  // sys.modules, the modules and their dicts: everybody knows that they hold nearly everything.
  void FindInfrastructure() {
    infrastructure_ = heap::Bits(graph_.node_count());
    for (NodeId node = 0; node < graph_.node_count(); ++node) {
      const heap::Type& type = graph_.type(graph_.type_of(node));
      if (type.synthetic()) {
        infrastructure_.Set(node);
        graph_.ForEachRun(node, [&](const heap::Run& run, EdgeIndex first, EdgeIndex last) {
          if (run.kind != RefKind::kField) return;
          const std::string& name = graph_.name(run.label);
          if (name != "modules" && name != "builtins" && name != "sysdict") return;
          for (EdgeIndex e = first; e < last; ++e) infrastructure_.Set(graph_.edge(e).target());
        });
      } else if (type.name == "module") {
        infrastructure_.Set(node);
        if (const NodeId dict = DictOf(node); dict != heap::kNoNode) {
          infrastructure_.Set(dict);
          modules_.push_back({node, dict});
        }
      }
    }
  }

  NodeId DictOf(NodeId module) const {
    NodeId dict = heap::kNoNode;
    graph_.ForEachRun(module, [&](const heap::Run& run, EdgeIndex first, EdgeIndex) {
      if (run.kind == RefKind::kAttribute && graph_.name(run.label) == "__dict__") dict = graph_.edge(first).target();
    });
    return dict;
  }

  // Sorts by what was asked for, and keeps the first rows.
  template <class Row>
  uint64_t SortAndCut(std::vector<Row>* rows) const {
    const auto figure = [&](const Row& row) {
      return options_.by == HeapSort::kCount ? row.objects
             : options_.by == HeapSort::kOwn ? row.own_bytes
                                             : row.retained_bytes;
    };
    std::stable_sort(rows->begin(), rows->end(), [&](const Row& a, const Row& b) { return figure(a) > figure(b); });
    const size_t all = rows->size();
    if (all > Limit()) rows->resize(Limit());
    return all - rows->size();
  }

  struct TypeTableRow : HeapRow {
    heap::TypeId type = 0;
  };

  void AddTypes() {
    std::vector<TypeTableRow> rows;
    for (const heap::TypeRow& row : heap::RetainedByType(graph_, dominators())) {
      const heap::Type& type = graph_.type(row.type);
      if (type.synthetic()) continue;
      TypeTableRow out;
      out.type = row.type;
      out.name = type.name;
      out.objects = row.objects;
      out.own_bytes = row.bytes;
      out.retained_bytes = row.retained_bytes;
      rows.push_back(std::move(out));
    }
    view_.more_rows = SortAndCut(&rows);
    AddBirths(&rows);
    view_.rows.assign(std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }

  // The most common allocation line of each shown type.
  void AddBirths(std::vector<TypeTableRow>* rows) const {
    if (!births_.known()) return;
    std::vector<uint32_t> row_of(graph_.types().size(), UINT32_MAX);
    for (uint32_t i = 0; i < rows->size(); ++i) row_of[(*rows)[i].type] = i;
    std::vector<std::vector<uint64_t>> count(rows->size(), std::vector<uint64_t>(births_.places()));
    for (NodeId node = 0; node < graph_.node_count(); ++node) {
      const uint32_t row = row_of[graph_.type_of(node)];
      if (row == UINT32_MAX) continue;
      const uint32_t place = births_.PlaceOf(graph_.birth(node));
      if (place != Births::kUnknown) ++count[row][place];
    }
    for (uint32_t i = 0; i < rows->size(); ++i) {
      const auto most = std::max_element(count[i].begin(), count[i].end());
      if (most == count[i].end() || *most == 0) continue;
      (*rows)[i].born = births_.where(uint32_t(most - count[i].begin()));
      (*rows)[i].born_there = *most;
    }
  }

  void AddSites() {
    std::vector<HeapRow> rows(births_.places() + 1);
    heap::GroupFilter filter(dominators(), rows.size());
    for (const NodeId node : dominators().order()) {
      if (graph_.type(graph_.type_of(node)).synthetic()) continue;
      const uint32_t known = births_.PlaceOf(graph_.birth(node));
      const size_t place = known == Births::kUnknown ? births_.places() : known;
      HeapRow& row = rows[place];
      ++row.objects;
      row.own_bytes += graph_.size(node);
      if (filter.IsOutermost(node, place)) row.retained_bytes += dominators().retained_bytes(node);
    }
    for (uint32_t place = 0; place < births_.places(); ++place) rows[place].where = births_.where(place);
    rows.back().name = "not known";
    std::erase_if(rows, [](const HeapRow& row) { return row.objects == 0; });
    view_.more_rows = SortAndCut(&rows);
    view_.rows = std::move(rows);
  }

  void AddModules() {
    std::vector<HeapRow> rows;
    for (const auto& [module, dict] : modules_) {
      HeapRow row;
      row.name = std::string(graph_.text(module));
      if (row.name.empty()) row.name = "?";
      row.objects = dominators().retained_count(dict);
      row.own_bytes = graph_.size(dict);
      row.retained_bytes = dominators().retained_bytes(dict);
      rows.push_back(std::move(row));
    }
    const uint64_t more = SortAndCut(&rows);
    if (options_.group == HeapGroup::kModule) {
      view_.rows = std::move(rows);
      view_.more_rows = more;
      return;
    }
    constexpr size_t kShown = 5;
    const size_t shown = std::min(options_.limit == 0 ? rows.size() : kShown, rows.size());
    view_.more_modules = more + rows.size() - shown;
    rows.resize(shown);
    view_.modules = std::move(rows);
  }

  // The outermost objects that are no infrastructure, and that retain most.
  void AddBiggest() {
    std::vector<NodeId> open = {heap::kSuperRoot}, found;
    while (!open.empty()) {
      const NodeId at = open.back();
      open.pop_back();
      dominators().ForEachChild(at, [&](NodeId child) { (infrastructure_[child] ? open : found).push_back(child); });
    }
    const size_t limit = std::min(Limit(), found.size());
    std::partial_sort(found.begin(), found.begin() + ptrdiff_t(limit), found.end(), [&](NodeId a, NodeId b) {
      return dominators().retained_bytes(a) > dominators().retained_bytes(b);
    });
    for (size_t i = 0; i < limit; ++i) {
      // A hundredth of all is the least that is worth a line.
      if (options_.limit != 0 && dominators().retained_bytes(found[i]) * 100 < graph_.total_bytes()) break;
      AddBig(found[i]);
    }
  }

  void AddBig(NodeId node) {
    BigObject big;
    big.path = PathTo(node);
    big.type = TypeName(graph_, node);
    big.entries = EntriesOf(graph_, node);
    big.retained_bytes = dominators().retained_bytes(node);
    big.retained_objects = dominators().retained_count(node);
    const NodeId point = heap::AccumulationPoint(dominators(), node);
    // At a leaf nothing piles up: it is large itself.
    // (What the interpreter keeps of each class or function is no news either.)
    ToldPath below = PathTo(point);
    const std::string& last = below.parts.back().edge;
    if (point != node && EntriesOf(graph_, point) > 1 && !last.starts_with(".__") && !last.starts_with("->")) {
      big.accumulation = std::move(below);
      big.accumulation_type = TypeName(graph_, point);
      big.accumulation_entries = EntriesOf(graph_, point);
    }
    view_.biggest.push_back(std::move(big));
  }

  ToldPath PathTo(NodeId node, size_t common = SIZE_MAX) {
    const std::vector<EdgeIndex> path = analysis_.paths().To(node);
    const NodeId start = path.empty() ? node : graph_.Source(path.front());
    return TellPath(graph_, heap::NamePath(graph_, start, path, common));
  }

  void AddCycles() {
    if (view_.totals.garbage_objects == 0) return;
    const heap::CycleReport report = heap::FindGarbage(graph_, analysis_.what_if().live());
    constexpr size_t kShown = 5;
    for (const heap::CycleGroup& group : report.groups) {
      if (options_.limit != 0 && view_.cycles.size() == std::min(kShown, Limit())) break;
      CycleRow row;
      const ToldPath told = TellCycle(graph_, group.cycle);
      row.line = told.line;
      for (const heap::PathPart& part : told.parts) row.edges.push_back(part.edge);
      row.types = told.types;
      row.cycles = group.components;
      row.objects = group.objects + group.hanging_objects;
      row.bytes = group.all_bytes();
      view_.cycles.push_back(std::move(row));
    }
    view_.more_cycles = report.groups.size() - view_.cycles.size();
  }

  void AddGrowing(const heap::GrowingShape& shape) {
    GrowthRow row;
    row.path = PathTo(shape.example, 0);
    row.type = shape.type;
    row.objects_before = shape.objects.front();
    row.objects_after = shape.objects.back();
    row.more_bytes = shape.more_bytes();
    if (shape.more_objects() < kFew) {
      // Few new objects that hold much: told is where below them it piles up.
      const NodeId point = heap::AccumulationPoint(dominators(), shape.example);
      row.path = PathTo(point);
      row.type = TypeName(graph_, point);
      row.entries = EntriesOf(graph_, point);
    }
    // A dict's keys grow with its values.
    if (row.path.parts.back().edge.starts_with("{key")) return;
    view_.growth.push_back(std::move(row));
  }
  static constexpr int64_t kFew = 10;

  void AddGrowth() {
    const Graph& old = before_->snapshot->graph;
    view_.against = before_->number;
    view_.against_ns = before_->snapshot->header.time_ns;
    view_.more_objects = int64_t(graph_.node_count()) - int64_t(old.node_count());
    view_.more_bytes = int64_t(graph_.total_bytes()) - int64_t(old.total_bytes());
    Analysis before(old);
    std::vector<const heap::ShapeTree*> trees = {&before.shapes()};
    std::optional<Analysis> between;
    if (between_) trees.push_back(&between.emplace(between_->snapshot->graph).shapes());
    trees.push_back(&analysis_.shapes());
    for (const heap::GrowingShape& shape : heap::FindGrowth(trees)) {
      if (shape.more_bytes() < kLeastGrowth || view_.growth.size() == Limit()) break;
      if (shape.example == heap::kNoNode || graph_.type(graph_.type_of(shape.example)).synthetic()) continue;
      AddGrowing(shape);
    }
    for (heap::TypeSurplusGrowth& row : heap::SurplusGrowth(old, graph_)) {
      if (row.references() >= kLeastSurplusGrowth && view_.surplus.size() < Limit())
        view_.surplus.push_back(std::move(row));
    }
  }

  const HeapSource* before_;
  const HeapSource* between_;
  const HeapOptions& options_;
  const Graph& graph_;
  Analysis analysis_;
  Births births_;
  heap::Bits infrastructure_;
  std::vector<std::pair<NodeId, NodeId>> modules_;  // and their dicts
  HeapView view_;
};

}  // namespace

ToldPath TellPath(const Graph& graph, std::vector<heap::PathPart> parts) {
  ToldPath told;
  told.line = heap::PathLine(graph, parts);
  for (const heap::PathPart& part : parts) told.types.push_back(TypeName(graph, part.node));
  told.parts = std::move(parts);
  return told;
}

ToldPath TellCycle(const Graph& graph, const std::vector<EdgeIndex>& cycle) {
  ToldPath told = TellPath(graph, heap::NameCycle(graph, cycle));
  told.line = heap::CycleLine(graph, told.parts);
  return told;
}

uint64_t EntriesOf(const Graph& graph, NodeId node) {
  uint64_t entries = 0;
  graph.ForEachRun(node, [&](const heap::Run& run, EdgeIndex first, EdgeIndex last) {
    if (run.kind == RefKind::kKey) entries += (last - first) / 2;
    if (run.kind == RefKind::kItem || run.kind == RefKind::kElement) entries += last - first;
  });
  return entries;
}

HeapView MakeHeapView(const HeapSource& source, const HeapSource* before, const HeapSource* between,
                      const HeapOptions& options) {
  return ViewMaker(source, before, between, options).Make();
}

}  // namespace limpet::report
