#include "diagnose/describe_heap.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "diagnose/advice.h"
#include "heap/holders.h"
#include "heap/naming.h"

namespace limpet::diagnose {
namespace {

using heap::Graph;
using heap::NodeId;

constexpr size_t kMostTypes = 8;
constexpr size_t kMostHoldings = 3;
constexpr double kHolds = 0.5;  // share of what is held that a line must have made to be named

// One object that was made at the same line may be where the others are kept: it retains most, and is not what grew. What is told is
// told of objects that are many on the same kind of way.
std::vector<NodeId> WithoutLoneOnes(heap::Analysis& analysis, std::vector<NodeId> group) {
  constexpr size_t kLeastGroup = 50;
  constexpr size_t kOneIn = 1000;
  if (group.size() < kLeastGroup) return group;
  const heap::ShapeTree& shapes = analysis.shapes();
  std::unordered_map<heap::ShapeId, size_t> count;
  for (const NodeId node : group) ++count[shapes.of(node)];
  std::vector<NodeId> many;
  std::copy_if(group.begin(), group.end(), std::back_inserter(many), [&](NodeId node) {
    const size_t alike = count[shapes.of(node)];
    return alike > 1 && alike * kOneIn >= group.size();
  });
  return many.size() * 2 >= group.size() ? many : group;
}

// Free lists scatter some objects of a line over the heap: what is told is told of those that pile up in one place, if most do.
std::vector<NodeId> MainGroup(const ClusterObjects& objects) {
  constexpr double kNearlyAll = 0.95;
  const heap::Pile& pile = objects.pile;
  heap::Analysis& analysis = objects.image->analysis();
  if (pile.container == heap::kNoNode || pile.share >= kNearlyAll)
    return WithoutLoneOnes(analysis, objects.objects.nodes);
  return WithoutLoneOnes(analysis, heap::MembersIn(analysis, pile.container, objects.objects.nodes));
}

// Puts what the graph says of one group of objects into words.
class Describer {
 public:
  explicit Describer(ClusterObjects& objects)
      : objects_(objects),
        snapshot_(objects.image->snapshot()),
        analysis_(objects.image->analysis()),
        group_(MainGroup(objects)) {}
  void Describe(Finding& finding);

 private:
  std::vector<std::string> Types(const std::vector<NodeId>& group, std::optional<NodeId> first) const;
  std::vector<HolderStep> Steps(const std::vector<heap::PathPart>& parts) const;
  bool AreModules(const heap::Way& way) const;
  bool HasGreenlets() const;
  bool IsByVariable(const heap::Way& way) const;
  bool IsImmortalText(NodeId node) const;
  void DescribeHolding(const heap::Holding& holding, Finding& finding);
  bool IsGuessed(const heap::CycleGroup& group) const;
  void DescribeCycle(const heap::Holders& holders, Finding& finding);

  ClusterObjects& objects_;
  const heap::Snapshot& snapshot_;
  heap::Analysis& analysis_;
  const std::vector<NodeId> group_;
};

// The type of the object that is held comes first: strings and dicts that hang on it are often more bytes.
std::vector<std::string> Describer::Types(const std::vector<NodeId>& group, std::optional<NodeId> first) const {
  const Graph& graph = snapshot_.graph;
  std::unordered_map<heap::TypeId, uint64_t> bytes;
  for (const NodeId node : group) {
    if (!objects_.image->IsBlock(node)) bytes[graph.type_of(node)] += graph.size(node);
  }
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

std::vector<HolderStep> Describer::Steps(const std::vector<heap::PathPart>& parts) const {
  std::vector<HolderStep> steps;
  for (const heap::PathPart& part : parts) {
    const std::string type =
        part.node == heap::kNoNode ? "" : snapshot_.graph.type(snapshot_.graph.type_of(part.node)).name;
    steps.push_back({part.edge, type});
  }
  return steps;
}

// Modules are where ways begin, as a rule; where modules are what piles up, the table of modules is what holds them.
bool Describer::AreModules(const heap::Way& way) const {
  constexpr size_t kLeastModules = 8;
  const Graph& graph = snapshot_.graph;
  const auto is_module = [&](NodeId node) { return graph.type(graph.type_of(node)).name == "module"; };
  const NodeId held = way.path.empty() ? way.start : graph.edge(way.path.back()).target();
  return way.parts.size() == 1 && is_module(held) &&
         static_cast<size_t>(std::count_if(group_.begin(), group_.end(), is_module)) >= kLeastModules;
}

// Suspended greenlets (gevent, SQLAlchemy's asyncio bridge) keep frames that belong to no thread.
bool Describer::HasGreenlets() const {
  constexpr size_t kHubAndMain = 2;
  const Graph& graph = snapshot_.graph;
  size_t count = 0;
  for (NodeId node = 0; node < graph.node_count() && count <= kHubAndMain; ++node) {
    const std::string& type = graph.type(graph.type_of(node)).name;
    count += type.ends_with("reenlet");
  }
  return count > kHubAndMain;
}

// Held by a count that never ends, and by nothing that the heap shows.
bool Describer::IsImmortalText(NodeId node) const {
  const Graph& graph = snapshot_.graph;
  if (graph.type(graph.type_of(node)).name != "str") return false;
  const auto entries = graph.entries();
  return std::any_of(entries.begin(), entries.end(),
                     [node](const heap::Entry& entry) { return entry.node == node && entry.surplus == 0; });
}

// Held by variables of C code, alone or through memory of its own.
bool Describer::IsByVariable(const heap::Way& way) const {
  const Graph& graph = snapshot_.graph;
  if (graph.type(graph.type_of(way.start)).name != "<C variables>" || way.path.empty()) return false;
  return std::all_of(way.path.begin(), way.path.end() - 1,
                     [&](heap::EdgeIndex edge) { return objects_.image->IsBlock(graph.edge(edge).target()); });
}

void Describer::DescribeHolding(const heap::Holding& holding, Finding& finding) {
  if (holding.ways.empty()) return;
  const heap::Way& way = holding.ways.front();
  HeapView& view = finding.heap;
  if (AreModules(way)) {
    view.holder = {{"sys.modules", "dict"}, {"['…']", "module"}};
    view.holder_text = "sys.modules -> dict['…'] -> module";
    view.fix =
        "take modules that are done with out of sys.modules (del sys.modules[name]), or make them without a name there";
    return;
  }
  view.holder = Steps(way.parts);
  view.holder_text = heap::PathLine(snapshot_.graph, way.parts);
  if (holding.freed_objects > 0) view.would_free_bytes = holding.freed_bytes;
  view.fix = AdviceFor(snapshot_.graph, holding);
  if (way.path.empty() && IsImmortalText(way.start)) {
    view.holder = {{"interned strings of the interpreter", "str"}};
    view.holder_text = "interned strings of the interpreter -> str";
    view.fix =
        "the interpreter keeps names that it interned until it ends (3.12 and later): make no attribute, variable, "
        "function or keyword names of data; use a dict";
    return;
  }
  for (std::string& sentence : DeadOnTheWay(snapshot_.graph, way)) finding.evidence.push_back(std::move(sentence));
  const bool many_starts = holding.surplus > 0 && holding.starts * 2 >= holding.objects;
  const bool by_variable = IsByVariable(way);
  if (finding.kind == Kind::kNative || finding.kind == Kind::kRawBlock || (!many_starts && !by_variable)) return;
  if (many_starts && HasGreenlets()) {
    view.fix = "look for greenlets that wait for ever: the local variables of suspended ones hold what they refer to";
    finding.evidence.emplace_back(
        "held by something that the heap does not show: probably frames of suspended greenlets, "
        "which are not looked into");
    return;
  }
  finding.kind = Kind::kRefcount;
  if (many_starts) {
    view.held_by_count = holding.starts;
    view.fix =
        "a reference was taken and never given back: look for a missing Py_DECREF in the C code that made or was given "
        "these objects";
    finding.evidence.push_back(
        fmt::format("reference counts: {} of the objects have {} reference(s) more than the heap explains, of {}",
                    base::FormatCount(holding.starts), holding.surplus, holding.refcount));
  } else {
    finding.evidence.push_back(fmt::format("held by variables of C code alone: {}", view.holder_text));
    if (way.path.size() > 1) {
      view.fix =
          "C code keeps them in a list or table of its own: take them out of it, or mend what should take them out";
    }
  }
}

// References that were found by their value alone, in memory of C types, may be borrowed: the next and the previous one of a list in C,
// which somebody holds in a way that the heap does not show.
bool Describer::IsGuessed(const heap::CycleGroup& group) const {
  const Graph& graph = snapshot_.graph;
  return std::all_of(group.cycle.begin(), group.cycle.end(), [&](heap::EdgeIndex edge) {
    return graph.Label(graph.Source(edge), edge).strength == heap::RefStrength::kMaybe;
  });
}

void Describer::DescribeCycle(const heap::Holders& holders, Finding& finding) {
  HeapView& view = finding.heap;
  if (holders.cycle && IsGuessed(*holders.cycle)) {
    finding.evidence.push_back(
        fmt::format("{} of {} objects in the heap snapshot are held by memory of C code that the heap does not show",
                    base::FormatCount(holders.garbage_objects), base::FormatCount(holders.objects)));
    return;
  }
  const bool enabled = (snapshot_.header.gc_flags & 1) != 0;
  const std::string state = objects_.uncollectable ? "the collector cannot free them"
                            : enabled              ? "the collector is on, and had not come to them"
                                                   : "the collector is off";
  finding.evidence.push_back(
      fmt::format("nobody holds {} of {} objects in the heap snapshot: they are garbage in cycles, and {}",
                  base::FormatCount(holders.garbage_objects), base::FormatCount(holders.objects), state));
  if (finding.kind == Kind::kPythonObject) finding.kind = Kind::kCycle;
  view.would_free_bytes = holders.garbage_bytes;
  if (!holders.cycle) return;
  const std::vector<heap::PathPart> parts = heap::NameCycle(snapshot_.graph, holders.cycle->cycle);
  if (parts.empty()) return;
  view.cycle = Steps(parts);
  view.cycle_text = heap::CycleLine(snapshot_.graph, parts);
  CycleAdvice advice =
      AdviceForCycle(snapshot_.graph, holders.cycle->cycle, parts,
                     objects_.uncollectable ? Collector::kBlind : (enabled ? Collector::kOn : Collector::kOff));
  view.weakest_edge = advice.weakest;
  view.fix = std::move(advice.fix);
  if (!advice.evidence.empty()) finding.evidence.push_back(std::move(advice.evidence));
}

void Describer::Describe(Finding& finding) {
  const heap::Holders holders = heap::FindHolders(analysis_, group_, kMostHoldings);
  finding.heap.objects = group_.size();
  finding.heap.retained_bytes = holders.retained_bytes;
  std::optional<NodeId> first;
  if (holders.garbage_objects * 2 > holders.objects) {
    DescribeCycle(holders, finding);
  } else if (!holders.holdings.empty()) {
    const heap::Holding& holding = holders.holdings.front();
    DescribeHolding(holding, finding);
    if (!holding.ways.empty()) {
      const heap::Way& way = holding.ways.front();
      first = way.path.empty() ? way.start : snapshot_.graph.edge(way.path.back()).target();
      if (way.cut.size() > 1 && objects_.objects.container == heap::kNoNode)
        objects_.objects.container = objects_.image->OwnerOf(snapshot_.graph.Source(way.cut.front()));
    }
  }
  if (objects_.subject != heap::kNoNode) first = objects_.subject;
  else if (first && (objects_.image->IsBlock(*first) ||
                     heap::IsByProduct(snapshot_.graph.type(snapshot_.graph.type_of(*first)))))
    first.reset();
  finding.heap.types = Types(group_, first);
}

bool IsOwnCode(const UnitTable& table, const Suspect& suspect) {
  const Unit& unit = table.units[suspect.unit];
  return !unit.no_frame && table.owner[unit.frame.value] <= Owner::kGenerated;
}

// What runs without a frame of the program (the callbacks of an event loop) is a library's line. Where a line of the program made a fair
// share of the same leak, that is where somebody can look.
void PreferOwnCode(const UnitTable& table, const std::vector<Suspect>& suspects, Cluster& cluster) {
  constexpr uint64_t kOneIn = 10;
  const auto is_own = [&](size_t member) { return IsOwnCode(table, suspects[member]); };
  if (is_own(cluster.members.front())) return;
  uint64_t all = 0;
  for (const size_t member : cluster.members) all += suspects[member].live.bytes;
  auto best = cluster.members.end();
  for (auto at = cluster.members.begin(); at != cluster.members.end(); ++at) {
    if (!is_own(*at) || suspects[*at].live.bytes * kOneIn < all || suspects[*at].kind == Kind::kNative) continue;
    if (best == cluster.members.end() || suspects[*at].live.bytes > suspects[*best].live.bytes) best = at;
  }
  if (best != cluster.members.end()) std::rotate(cluster.members.begin(), best, best + 1);
}

// What to call a leak after, of the subjects that a line made: instances of classes if there are enough, else what the container itself holds
// (a row, and not the text in it), else anything; of these, what most of the sample hang on, by size.
NodeId MainSubject(const heap::Graph& graph, const heap::Pile& pile, const std::vector<NodeId>& made) {
  constexpr size_t kEnoughOneIn = 20;
  enum Sort { kInstance, kHeld, kOther, kSorts };
  struct Best {
    NodeId node = heap::kNoNode;
    uint64_t bytes = 0;
    size_t count = 0;
  };
  Best best[kSorts];
  std::unordered_map<heap::TypeId, uint64_t> bytes[kSorts];
  for (size_t i = 0; i < pile.subjects.size(); ++i) {
    const NodeId node = pile.subjects[i];
    if (!std::binary_search(made.begin(), made.end(), node)) continue;
    const bool instance = !heap::IsByProduct(graph.type(graph.type_of(node))) && !IsPlain(graph, node);
    const Sort sort = instance ? kInstance : node == pile.held[i] ? kHeld : kOther;
    const uint64_t now = bytes[sort][graph.type_of(node)] += graph.size(pile.members[i]);
    ++best[sort].count;
    if (now <= best[sort].bytes) continue;
    best[sort].bytes = now;
    best[sort].node = node;
  }
  for (const Best& one : best) {
    if (one.count > 0 && (&one != &best[kInstance] || one.count * kEnoughOneIn >= pile.subjects.size()))
      return one.node;
  }
  return pile.subjects.front();
}

// Each object of a sample votes, by its size, for the line that made its subject; the winner comes first.
void VoteForHeld(const std::vector<Suspect>& suspects, ClusterObjects& objects, Cluster& cluster) {
  if (!objects.image || objects.pile.subjects.empty()) return;
  const heap::Graph& graph = objects.image->graph();
  const heap::Pile& pile = objects.pile;
  std::vector<double> votes(cluster.members.size());
  double all = 0;
  for (size_t i = 0; i < pile.members.size(); ++i) {
    const auto weight = static_cast<double>(graph.size(pile.members[i]));
    all += weight;
    for (size_t k = 0; k < cluster.members.size(); ++k) {
      const std::vector<NodeId>& own = objects.image->objects(cluster.members[k]);
      const bool lent = suspects[cluster.members[k]].line_survival < kRecycled && IsRecycled(graph, pile.subjects[i]);
      if (!lent && std::binary_search(own.begin(), own.end(), pile.subjects[i])) votes[k] += weight;
    }
  }
  const auto best = std::max_element(votes.begin(), votes.end()) - votes.begin();
  objects.objects.made_held = votes[static_cast<size_t>(best)] >= kHolds * all;
  if (!objects.objects.made_held) return;
  objects.subject = MainSubject(graph, pile, objects.image->objects(cluster.members[static_cast<size_t>(best)]));
  std::rotate(cluster.members.begin(), cluster.members.begin() + best, cluster.members.begin() + best + 1);
}

}  // namespace

void NameAfterHeld(const UnitTable& table, const std::vector<Suspect>& suspects, ClusterObjects& objects,
                   Cluster& cluster) {
  VoteForHeld(suspects, objects, cluster);
  PreferOwnCode(table, suspects, cluster);
  objects.objects.own_code = IsOwnCode(table, suspects[cluster.members.front()]);
}

bool DescribeHeap(ClusterObjects& objects, Finding& finding) {
  if (!objects.image || objects.objects.nodes.empty()) return true;
  constexpr uint64_t kOneIn = 7;  // blocks, which a few large ones of native memory are not
  const size_t count = objects.objects.nodes.size();
  if (SeesTooLittle(objects) && count * kOneIn < objects.expected.blocks) {
    finding.evidence.push_back(
        fmt::format("the heap snapshot shows {} of it in {}: too little to tell who holds the rest",
                    base::FormatBytes(objects.bytes), base::Plural(count, "object")));
    objects.Forget();
    return false;
  }
  Describer(objects).Describe(finding);
  return true;
}

}  // namespace limpet::diagnose
