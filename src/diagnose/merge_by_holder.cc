#include "diagnose/merge_by_holder.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/diagnose.h"
#include "diagnose/heap_image.h"
#include "diagnose/subtrees.h"

namespace limpet::diagnose {

bool IsSureEnough(const Finding& whole, const Finding& part) {
  return whole.confidence >= std::min(part.confidence, kSure);
}

void TakeAsPart(Finding& into, const Finding& part) {
  into.live += part.live;
  into.births += part.births;
  into.bytes_per_second += part.bytes_per_second;
  into.objects_per_second += part.objects_per_second;
  into.bytes_per_volume += part.bytes_per_volume;
  if (into.bytes_per_iteration && part.bytes_per_iteration) {
    *into.bytes_per_iteration += *part.bytes_per_iteration;
    *into.objects_per_iteration += *part.objects_per_iteration;
  }
  into.sites.insert(into.sites.end(), part.sites.begin(), part.sites.end());
  if (!part.site.empty()) into.parts.push_back({part.site.front(), part.live});
  into.parts.insert(into.parts.end(), part.parts.begin(), part.parts.end());
  for (const std::string& type : part.heap.types) {
    std::vector<std::string>& types = into.heap.types;
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
}

namespace {

constexpr size_t kLeastObjects = 8;    // fewer say nothing
constexpr uint64_t kOneIn = 10;        // of the largest finding's memory that an own line must have to come first
constexpr size_t kMostPerObject = 20;  // objects of a finding that hang on each object of a lighter one

// Sure ones first, then the program's own lines, then those that made what is held, then by what they cost: a finding may only become a
// part of one that is at least as sure. (A library's line stands alone only where no line of the program is in its stacks.)
std::vector<size_t> ByWeight(const std::vector<Finding>& findings, const std::vector<FindingObjects>& objects) {
  std::vector<size_t> order(findings.size());
  std::iota(order.begin(), order.end(), size_t{0});
  uint64_t most = 0;
  for (size_t i = 0; i < findings.size(); ++i) {
    if (!objects[i].nodes.empty() && !objects[i].blocks) most = std::max(most, findings[i].live.bytes);
  }
  const auto own = [&](size_t i) { return objects[i].own_code && findings[i].live.bytes * kOneIn >= most; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (objects[a].blocks != objects[b].blocks)
      return objects[b].blocks;  // nothing is called after what is part of objects
    const bool sure_a = findings[a].confidence >= kSure, sure_b = findings[b].confidence >= kSure;
    if (sure_a != sure_b) return sure_a;
    if (objects[a].keys != objects[b].keys) return objects[b].keys;  // nor after the numbers that they are found by
    if (own(a) != own(b)) return own(a);
    if (objects[a].made_held != objects[b].made_held) return objects[a].made_held;
    return findings[a].bytes_per_second > findings[b].bytes_per_second;
  });
  return order;
}

// Whether the objects of the lighter finding are what holds those of the heavier: exceptions and the frames that they keep. A handful of
// objects that hold very many are where these are kept, and the many are what grows.
bool MayBeWhole(const std::vector<FindingObjects>& objects, size_t lighter, size_t heavier) {
  if (objects[lighter].blocks && !objects[heavier].blocks) return false;
  return objects[lighter].nodes.size() * kMostPerObject >= objects[heavier].nodes.size();
}

// What several findings hold together hangs on none of them alone: the numbers of a loop that are keys here and attributes there. Finds
// the one of `wholes` that holds most of the part, if nothing else holds it.
class SharedParts {
 public:
  SharedParts(const heap::Graph& graph, const std::vector<FindingObjects>& objects)
      : referrers_(graph), objects_(objects) {}

  // The container in which a finding's objects pile up, and they themselves; what is in several is of the first.
  void AddWhole(size_t finding) {
    const FindingObjects& objects = objects_[finding];
    const size_t whole = wholes_.size();
    wholes_.push_back(finding);
    if (objects.container != heap::kNoNode) whole_of_.try_emplace(objects.container, whole);
    for (const heap::NodeId node : objects.nodes) whole_of_.try_emplace(node, whole);
  }

  std::optional<size_t> WholeOf(const FindingObjects& part) const {
    if (part.nodes.size() < kLeastObjects || whole_of_.empty()) return std::nullopt;
    const auto all = static_cast<double>(part.nodes.size());
    std::map<size_t, size_t> votes;  // of wholes
    size_t unexplained = 0;
    for (const heap::NodeId node : part.nodes) {
      unexplained += !Vote(node, part, votes);
      if (static_cast<double>(unexplained) > kUnexplained * all) return std::nullopt;
    }
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == votes.end() || static_cast<double>(most->second) < kHeld * all) return std::nullopt;
    return wholes_[most->first];
  }

 private:
  static constexpr double kUnexplained = 0.2;
  static constexpr double kHeld =
      0.2;  // references from the whole for each object of the part, which may hold one another

  // Whether each reference to the node comes from a container or from objects of the wholes, or from the part itself.
  bool Vote(heap::NodeId node, const FindingObjects& part, std::map<size_t, size_t>& votes) const {
    const auto holders = referrers_.of(node);
    for (const heap::NodeId holder : holders) {
      if (std::binary_search(part.nodes.begin(), part.nodes.end(), holder)) continue;
      const auto whole = whole_of_.find(holder);
      if (whole == whole_of_.end()) return false;
      ++votes[whole->second];
    }
    return !holders.empty();
  }

  const heap::Referrers referrers_;
  const std::vector<FindingObjects>& objects_;
  std::vector<size_t> wholes_;                         // findings
  std::unordered_map<heap::NodeId, size_t> whole_of_;  // index of wholes_
};

void MergeShared(const heap::Graph& graph, const std::vector<size_t>& order, std::vector<bool>& gone,
                 std::vector<Finding>& findings, const std::vector<FindingObjects>& objects) {
  const size_t left =
      static_cast<size_t>(std::count_if(order.begin(), order.end(), [&](size_t i) { return !gone[i]; }));
  if (left < 2) return;  // without the way back, which takes a while to make
  SharedParts shared(graph, objects);
  for (const size_t part : order) {
    if (gone[part]) continue;
    if (const std::optional<size_t> whole = shared.WholeOf(objects[part])) {
      TakeAsPart(findings[*whole], findings[part]);
      gone[part] = true;
    } else if (!objects[part].nodes.empty()) {
      shared.AddWhole(part);
    }
  }
}

}  // namespace

namespace {

// Whether the blocks are taken in a function that the objects are made in or under.
bool TakenNear(const std::vector<Location>& blocks, const std::vector<Location>& objects) {
  constexpr size_t kNear = 5;
  if (blocks.empty()) return false;
  return std::any_of(
      objects.begin(), objects.begin() + static_cast<std::ptrdiff_t>(std::min(kNear, objects.size())),
      [&](const Location& at) { return at.function == blocks.front().function && at.file == blocks.front().file; });
}

bool IsHolderInC(const Finding& blocks, const Finding& objects) {
  constexpr double kAbout = 0.1;
  const bool in_c = blocks.kind == Kind::kNative || blocks.kind == Kind::kRawBlock;
  if (!in_c || objects.kind != Kind::kRefcount || objects.heap.held_by_count == 0) return false;
  const auto held = static_cast<double>(objects.heap.held_by_count);
  return std::abs(static_cast<double>(blocks.live.blocks) - held) <= kAbout * held &&
         blocks.live.bytes < objects.live.bytes && TakenNear(blocks.site, objects.site);
}

}  // namespace

void MergeHoldersInC(std::vector<Finding>& findings) {
  for (Finding& objects : findings) {
    const auto blocks = std::find_if(findings.begin(), findings.end(),
                                     [&](const Finding& other) { return IsHolderInC(other, objects); });
    if (blocks == findings.end()) continue;
    const Location& at = blocks->site.front();
    objects.evidence.push_back(fmt::format(
        "C code takes a block of {} for each of them, at {}:{}: it keeps them in a list or table of its own",
        base::FormatBytes(blocks->live.bytes / std::max<uint64_t>(blocks->live.blocks, 1)),
        std::string_view(at.file).substr(at.file.rfind('/') + 1), at.line));
    objects.heap.fix = fmt::format(
        "C code keeps them in a list or table of its own: take them out of it (the call at line {}), or mend what "
        "should take them out",
        at.line);
    TakeAsPart(objects, *blocks);
    findings.erase(blocks);
    MergeHoldersInC(findings);  // the list is another now
    return;
  }
}

void MergeSubclassKeys(std::vector<Finding>& findings) {
  const auto are_classes = [](const Finding& finding) {
    const std::vector<std::string>& types = finding.heap.types;
    return !types.empty() && (types.front() == "type" || types.front() == "abc.ABCMeta");
  };
  const auto classes = std::find_if(findings.begin(), findings.end(), are_classes);
  if (classes == findings.end()) return;
  const auto keys = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return &finding != &*classes && !are_classes(finding) &&
           finding.heap.holder_text.find("->tp_subclasses") != std::string::npos;
  });
  if (keys == findings.end()) return;
  TakeAsPart(*classes, *keys);
  findings.erase(keys);
}

void HintAtOwners(std::vector<Finding>& findings) {
  for (Finding& native : findings) {
    if (native.kind != Kind::kNative || !native.heap.fix.empty()) continue;
    const auto owner = std::find_if(findings.begin(), findings.end(), [&](const Finding& other) {
      return other.kind == Kind::kPythonObject && other.confidence >= kSure && !other.heap.holder_text.empty() &&
             native.live.blocks * 10 >= other.live.blocks * 9 &&
             (TakenNear(other.site, native.site) || TakenNear(native.site, other.site));
    });
    if (owner == findings.end()) continue;
    const std::string type = owner->heap.types.empty() ? std::string("objects") : owner->heap.types.front();
    native.evidence.push_back(
        fmt::format("{} {} pile up in the same function, in {}: they may own this memory, which goes when they go",
                    base::FormatCount(owner->live.blocks), type, owner->heap.holder_text));
    native.heap.fix = fmt::format("first let go of the {}: {}", type, owner->heap.fix);
  }
}

namespace {

// A finding's objects, and what they refer to weakly, in the dominator tree.
struct Places {
  std::vector<uint32_t> objects, weak;
};

Places PlacesOf(const heap::Graph& graph, const heap::Dominators& dominators, const std::vector<heap::NodeId>& nodes) {
  std::vector<heap::NodeId> targets;
  for (const heap::NodeId node : nodes) {
    graph.ForEachRun(node, [&](const heap::Run& run, heap::EdgeIndex first, heap::EdgeIndex last) {
      if (run.strength == heap::RefStrength::kWeak && first != last) targets.push_back(graph.edge(first).target());
    });
  }
  return {PositionsOf(dominators, nodes), PositionsOf(dominators, targets)};
}

// Weak references, and what hangs on them, are there because their referents are: do those hang on these?
bool ReferWeaklyTo(const Subtrees& subtrees, const Places& part) {
  constexpr size_t kOneIn = 4;  // of the part, which also has callbacks and tables of them
  const size_t weak = part.weak.size();
  return weak >= kLeastObjects && weak * kOneIn >= part.objects.size() && subtrees.CountOf(part.weak) * 5 >= weak * 4;
}

std::vector<heap::NodeId> SurelyOwn(const FindingObjects& objects) {
  std::vector<heap::NodeId> own;
  std::set_difference(objects.nodes.begin(), objects.nodes.end(), objects.lent.begin(), objects.lent.end(),
                      std::back_inserter(own));
  return own;
}

}  // namespace

void EraseGone(const std::vector<bool>& gone, std::vector<Finding>& findings, std::vector<FindingObjects>& objects) {
  size_t kept = 0;
  for (size_t i = 0; i < findings.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) {
      findings[kept] = std::move(findings[i]);
      objects[kept] = std::move(objects[i]);
    }
    ++kept;
  }
  findings.resize(kept);
  objects.resize(kept);
}

void MergeByHolder(const HeapImage* image, heap::Analysis& analysis, std::vector<Finding>& findings,
                   std::vector<FindingObjects>& objects) {
  std::vector<size_t> order = ByWeight(findings, objects);
  std::erase_if(order, [&](size_t i) { return objects[i].image != image; });
  if (order.size() < 2) return;
  const heap::Dominators& dominators = analysis.dominators();
  std::vector<bool> gone(findings.size(), false);
  std::vector<Places> places(findings.size());
  for (const size_t i : order) places[i] = PlacesOf(analysis.graph(), dominators, objects[i].nodes);
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t whole = order[i];
    if (gone[whole] || objects[whole].nodes.size() < kLeastObjects) continue;
    const Subtrees retained(dominators, objects[whole].nodes);
    // The lists and numbers that another line only lent its memory to make nothing a part of that line.
    const Subtrees surely =
        objects[whole].lent.empty() || i == 0 ? retained : Subtrees(dominators, SurelyOwn(objects[whole]));
    for (size_t k = 0; k < order.size(); ++k) {
      const size_t part = order[k];
      if (k == i || gone[part]) continue;
      if (k < i && !MayBeWhole(objects, whole, part)) continue;
      if (objects[part].blocks && !IsSureEnough(findings[whole], findings[part])) continue;
      const bool same_container =
          k > i && objects[part].container != heap::kNoNode && objects[part].container == objects[whole].container;
      // A list that grows by what it holds.
      const bool is_container = objects[part].nodes == std::vector<heap::NodeId>{objects[whole].container};
      const bool as_sure = findings[whole].confidence >= kSure || findings[part].confidence < kSure;
      if (k < i && !as_sure && !HangOneByOne(dominators, objects[part].nodes, objects[whole].nodes)) continue;
      const Subtrees& subtrees = k < i ? surely : retained;
      if (!same_container && !is_container && !subtrees.HoldMostOf(places[part].objects) &&
          !ReferWeaklyTo(subtrees, places[part]))
        continue;
      TakeAsPart(findings[whole], findings[part]);
      // What surely stays is held by these: so they stay, though other things from the same lines do not.
      if (!as_sure) findings[whole].confidence = findings[part].confidence;
      gone[part] = true;
    }
  }
  MergeShared(analysis.graph(), order, gone, findings, objects);
  EraseGone(gone, findings, objects);
}

}  // namespace limpet::diagnose
