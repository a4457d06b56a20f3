#include "diagnose/cluster.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace limpet::diagnose {
namespace {

using capture::FrameId;
using capture::Process;

constexpr double kSameRhythm = 0.85;
constexpr double kVerySameRhythm = 0.95;
constexpr uint64_t kNumberBytes = 40;  // an int or a float is no larger
// Lists, dicts and floats, with the collector's header; and what share of the blocks of a line free lists may hand on to others.
constexpr uint64_t kFloatBytes = 24, kLeastRecycledBytes = 48, kUsualRecycledBytes = 64;
constexpr uint64_t kMostRecycledBytes = 232;
constexpr double kOftenRecycled = 0.35;
constexpr double kSeldomRecycled = 0.05;

// Cosine of the angle between the survivors of two lines over time, from slot `from` on: 1 where they grow in proportion. The last slot,
// which also holds what is merely in use, does not count. Slots are taken together in up to `stretches` stretches.
double Rhythm(const std::vector<Slot>& a, const std::vector<Slot>& b, size_t from = 0, size_t stretches = 1000) {
  double dot = 0, aa = 0, bb = 0;
  size_t end = std::min(a.size(), b.size());
  end -= std::min<size_t>(end, 1);
  size_t width = end > from ? (end - from + stretches - 1) / stretches : 1;
  for (size_t i = from; i < end; i += width) {
    double x = 0, y = 0;
    for (size_t k = i; k < std::min(end, i + width); k++) {
      x += static_cast<double>(a[k].survivors.blocks);
      y += static_cast<double>(b[k].survivors.blocks);
    }
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : 0;
}

// Up to 3.11 a comprehension is a function of its own: "load.<locals>.<listcomp>" counts as "load".
std::string_view WithoutComprehensions(std::string_view function) {
  for (std::string_view mark :
       {".<locals>.<listcomp>", ".<locals>.<dictcomp>", ".<locals>.<setcomp>", ".<locals>.<genexpr>"})
    function = function.substr(0, function.find(mark));
  return function;
}

// Larger tuples and the keys of dicts come in many sizes: they are believed to be recycled only where nearly all others of the line died.
// One line may recycle several kinds, so that the mean lies between their sizes.
bool MayBeRecycled(capture::Amount live, bool nearly_all_died) {
  uint64_t size = (live.bytes + live.blocks / 2) / live.blocks;
  if (nearly_all_died) return size <= kMostRecycledBytes;
  return size == kFloatBytes || (size >= kLeastRecycledBytes && size <= kUsualRecycledBytes);
}

class Joiner {
 public:
  Joiner(const Process& process, const UnitTable& table, const std::vector<Suspect>& suspects,
         const AreApart& are_apart)
      : process_(process), table_(table), suspects_(suspects), are_apart_(are_apart) {
    for (const Suspect& s : suspects) {
      const Unit& unit = table.units[s.unit];
      bool wanted = s.signal != Signal::kNone && !unit.no_frame;
      chains_.push_back(wanted ? UserFrames(process, table, HeaviestSite(process, unit, s.as_of))
                               : std::vector<FrameId>{});
    }
  }

  bool Related(size_t a, size_t b) const {
    if (chains_[a].empty() || chains_[b].empty()) return false;
    const Suspect &x = suspects_[a], &y = suspects_[b];
    if ((x.kind == Kind::kNative) != (y.kind == Kind::kNative)) return false;  // one leaks in C, the other does not
    // What grows beside a queue are the links of it; objects that stay for ever are another matter.
    bool one_queue = (x.signal == Signal::kBacklog) != (y.signal == Signal::kBacklog);
    bool both_keep = (x.signal == Signal::kSurvival || y.signal == Signal::kSurvival) && x.kind == y.kind;
    if (one_queue && both_keep) return false;
    bool any_rhythm =
        x.signal != Signal::kSurvival || y.signal != Signal::kSurvival;  // swelling storage, a queue and its links
    if (!any_rhythm && Rhythm(x.slots, y.slots) < kSameRhythm) return false;
    // `table.add(make_row())`: the list of the table swells with what is made beside the call.
    const bool swells = (x.signal == Signal::kSwelling) != (y.signal == Signal::kSwelling);
    const bool beside =
        swells && chains_[a].size() > 1 && chains_[b].size() > 1 && SameFunction(chains_[a][1], chains_[b][1]);
    if (!beside && !SameFunction(chains_[a][0], chains_[b][0]) && !Calls(a, b) && !Calls(b, a)) return false;
    return !are_apart_(a, b);
  }

  // Are the blocks of `self` part of what grows at `owner`, although the lines have nothing to do with one another?
  bool IsByProduct(size_t self, const Cluster& owner) const {
    const Suspect &s = suspects_[self], &o = suspects_[owner.members.front()];
    capture::Amount owned;
    bool objects = false;
    for (size_t member : owner.members) {
      owned += suspects_[member].live;
      objects |= suspects_[member].kind == Kind::kPythonObject;
    }
    // Native memory consists of no objects: nothing that a free list handed on can be part of it.
    if (!objects || chains_[self].empty() || s.kind == Kind::kNative || s.signal != Signal::kSurvival ||
        s.as_of != o.as_of)
      return false;
    // What passes through a queue leaves and comes back: then the time of birth of a recycled block tells nothing.
    if (o.signal != Signal::kBacklog && (o.signal != Signal::kSurvival || !SameRhythm(s, o))) return false;
    bool lesser = s.live.bytes * 2 <= owned.bytes && s.live.blocks <= owned.blocks * 11 / 10;
    if (s.kind == Kind::kRawBlock) {
      if (!lesser || !OnlyStorage(s) || !ShareCaller(self, owner)) return false;
      return !are_apart_(self, owner.members.front());
    }
    bool numbers = lesser && MayBeNumbersOf(self, owner);
    // Of a leaked dict all but what is in it may be recycled: the dict and its keys.
    bool few_of_many =
        s.line_survival < kSeldomRecycled && s.live.bytes <= 3 * owned.bytes && s.live.blocks <= 3 * owned.blocks;
    bool recycled = (lesser || few_of_many) && MayBeRecycledBy(s, o);
    return ForeignBlocks(s, numbers, recycled) * 20 >= s.live.blocks * 19 && !are_apart_(self, owner.members.front());
  }

 private:
  bool SameFunction(FrameId a, FrameId b) const {
    const capture::Frame &x = process_.frames[a.value], &y = process_.frames[b.value];
    return x.file == y.file && WithoutComprehensions(x.function) == WithoutComprehensions(y.function);
  }

  // Is the line of `outer` a caller of the line of `inner`? The caller next to it shares its fate; one farther out is often the main loop,
  // and joins only where it is the lesser one: the storage that holds what the inner one makes.
  bool Calls(size_t outer, size_t inner) const {
    uint32_t line = table_.line_of_frame[chains_[outer][0].value];
    const std::vector<FrameId>& chain = chains_[inner];
    for (size_t i = 1; i < chain.size(); i++) {
      if (table_.line_of_frame[chain[i].value] != line) continue;
      bool lesser = suspects_[outer].live.bytes * 2 < suspects_[inner].live.bytes;
      return i == 1 || lesser || suspects_[outer].signal == Signal::kSwelling;
    }
    return false;
  }

  // Numbers up to 256 are there from the start, and free lists hold some at first: a by-product may begin later than its owner. A block
  // that a free list gave away is replaced a little later, and at first many are.
  bool SameRhythm(const Suspect& s, const Suspect& o) const {
    constexpr size_t kStretches = 12;
    double few = static_cast<double>(std::min(s.live.blocks, o.live.blocks)) / kStretches;
    double by_chance = few / (few + 1);  // what chance leaves of a cosine of 1 where there are few blocks
    return Rhythm(s.slots, o.slots, std::max(s.judgement.onset_slot, o.judgement.onset_slot) + 1, kStretches) >=
           kVerySameRhythm * by_chance;
  }

  // Live blocks that may belong to objects of other lines, judged by their sizes at each site: small enough for an int or a float, or
  // exactly as large as what CPython keeps in free lists.
  uint64_t ForeignBlocks(const Suspect& s, bool numbers, bool recycled) const {
    uint64_t foreign = 0;
    for (uint32_t index : table_.units[s.unit].sites) {
      const capture::Site& site = process_.sites[index];
      capture::Amount live = LiveAt(site, s.as_of);
      if (live.blocks == 0 || site.domain != capture::Domain::kObject) continue;
      bool number = numbers && live.bytes <= kNumberBytes * live.blocks;
      if (number || (recycled && MayBeRecycled(live, s.line_survival < kSeldomRecycled))) foreign += live.blocks;
    }
    return foreign;
  }

  // Numbers that a caller made and the leaked objects hold: `for i in range(n)` makes them, `self.number = number` keeps them.
  bool MayBeNumbersOf(size_t self, const Cluster& owner) const {
    return std::any_of(owner.members.begin(), owner.members.end(), [&](size_t member) {
      return std::any_of(chains_[member].begin(), chains_[member].end(),
                         [&](FrameId frame) { return SameFunction(chains_[self][0], frame); });
    });
  }

  // Blocks of PyMem_Malloc, which the storage of lists and dicts comes from; structs of C code come from other allocators, too.
  bool OnlyStorage(const Suspect& s) const {
    const std::vector<uint32_t>& sites = table_.units[s.unit].sites;
    return std::all_of(sites.begin(), sites.end(), [&](uint32_t index) {
      const capture::Site& site = process_.sites[index];
      return site.domain == capture::Domain::kMem || LiveAt(site, s.as_of).blocks == 0;
    });
  }

  // `object = make(); object.fill()`: what grows in the one line is kept by what was made in the other.
  bool ShareCaller(size_t self, const Cluster& owner) const {
    if (chains_[self].size() < 2) return false;
    return std::any_of(owner.members.begin(), owner.members.end(), [&](size_t member) {
      return chains_[member].size() > 1 && SameFunction(chains_[self][1], chains_[member][1]);
    });
  }

  // CPython keeps freed lists, dicts, floats and tuples to hand them out again without asking the allocator. A leaked list may so have been
  // born on a line that drops all of its own: few of very many stay there, no more than there are leaked blocks elsewhere.
  bool MayBeRecycledBy(const Suspect& s, const Suspect& o) const {
    return s.line_survival < kOftenRecycled && o.line_survival >= 2 * s.line_survival;
  }

  const Process& process_;
  const UnitTable& table_;
  const std::vector<Suspect>& suspects_;
  const AreApart& are_apart_;
  std::vector<std::vector<FrameId>> chains_;
};

// Clusters whose blocks are parts of another cluster's objects move there.
void AbsorbByProducts(const Joiner& joiner, std::vector<Cluster>& clusters) {
  for (size_t i = clusters.size(); i-- > 0;) {
    auto owner = std::find_if(clusters.begin(), clusters.end(), [&](const Cluster& other) {
      const std::vector<size_t>& members = clusters[i].members;
      return &other != &clusters[i] &&
             std::all_of(members.begin(), members.end(), [&](size_t self) { return joiner.IsByProduct(self, other); });
    });
    if (owner == clusters.end()) continue;
    owner->members.insert(owner->members.end(), clusters[i].members.begin(), clusters[i].members.end());
    clusters.erase(clusters.begin() + static_cast<ptrdiff_t>(i));
  }
}

}  // namespace

uint32_t HeaviestSite(const Process& process, const Unit& unit, AsOf as_of) {
  uint32_t best = unit.sites.front();
  for (uint32_t site : unit.sites)
    if (LiveAt(process.sites[site], as_of).bytes > LiveAt(process.sites[best], as_of).bytes) best = site;
  return best;
}

std::vector<FrameId> UserFrames(const Process& process, const UnitTable& table, uint32_t site) {
  std::vector<FrameId> frames;
  capture::NodeId node = table.user_node[process.sites[site].node.value];
  if (node.value == 0) return frames;
  Owner owner = table.owner[process.nodes[node.value].frame.value];
  for (; node.value != 0; node = process.nodes[node.value].parent) {
    FrameId frame = process.nodes[node.value].frame;
    bool repeats = !frames.empty() && table.line_of_frame[frames.back().value] == table.line_of_frame[frame.value];
    if (table.owner[frame.value] <= owner && !repeats) frames.push_back(frame);
  }
  return frames;
}

std::vector<Cluster> ClusterSuspects(const Process& process, const UnitTable& table,
                                     const std::vector<Suspect>& suspects, const AreApart& are_apart) {
  Joiner joiner(process, table, suspects, are_apart);
  std::vector<size_t> order;
  for (size_t i = 0; i < suspects.size(); i++)
    if (suspects[i].signal != Signal::kNone) order.push_back(i);
  // What keeps blocks comes before what only swells: the latter is named after the former, not the other way round.
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    bool x = suspects[a].signal == Signal::kSwelling, y = suspects[b].signal == Signal::kSwelling;
    return x != y ? y : suspects[a].live.bytes > suspects[b].live.bytes;
  });
  std::vector<Cluster> clusters;
  for (size_t i : order) {
    auto home = std::find_if(clusters.begin(), clusters.end(), [&](const Cluster& cluster) {
      const std::vector<size_t>& members = cluster.members;
      return std::any_of(members.begin(), members.end(), [&](size_t m) { return joiner.Related(m, i); }) &&
             std::none_of(members.begin(), members.end(), [&](size_t m) { return are_apart(m, i); });
    });
    if (home != clusters.end()) home->members.push_back(i);
    else clusters.push_back({{i}});
  }
  AbsorbByProducts(joiner, clusters);
  return clusters;
}

}  // namespace limpet::diagnose
