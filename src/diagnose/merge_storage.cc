#include <algorithm>
#include <unordered_map>
#include <vector>

#include "diagnose/merge_by_holder.h"
#include "diagnose/subtrees.h"

namespace limpet::diagnose {
namespace {

using heap::NodeId;

struct Amounts {
  uint64_t objects = 0, bytes = 0;
};

// What a finding's objects retain, by type.
std::unordered_map<heap::TypeId, Amounts> RetainedByType(heap::Analysis& analysis, const FindingObjects& objects) {
  const heap::Graph& graph = analysis.graph();
  const heap::Dominators& dominators = analysis.dominators();
  std::unordered_map<heap::TypeId, Amounts> found;
  Subtrees(dominators, objects.nodes).ForEach([&](uint32_t position) {
    const NodeId node = dominators.order()[position];
    Amounts& of_type = found[graph.type_of(node)];
    ++of_type.objects;
    of_type.bytes += graph.size(node);
  });
  return found;
}

constexpr double kAbout = 0.15;
constexpr double kMostEach = 1000;  // blocks for an object: a deque has several

bool IsAbout(double a, double b) { return a >= (1 - kAbout) * b && a <= (1 + kAbout) * b; }

// The size of an object counts its storage (as sys.getsizeof does), and what is before that.
bool IsStorageOf(capture::Amount blocks, const Amounts& objects) {
  constexpr double kMostHeader = 250;  // of a set, with its first table
  const auto bytes = static_cast<double>(blocks.bytes);
  const auto each = static_cast<double>(objects.objects), theirs = static_cast<double>(objects.bytes);
  return IsAbout(each, static_cast<double>(blocks.blocks)) && theirs >= (1 - kAbout) * bytes &&
         theirs <= (1 + kAbout) * bytes + kMostHeader * each;
}

// Where some of the storage is taken with the objects, some later: what they retain, less what is known to be theirs.
bool IsTheRest(const Finding& part, const Finding& whole, const std::unordered_map<heap::TypeId, Amounts>& retained) {
  constexpr uint64_t kLeastObjects = 16;
  uint64_t all = 0;
  bool some_for_each = false;
  for (const auto& [type, of_type] : retained) {
    all += of_type.bytes;
    const auto each = static_cast<double>(of_type.objects), blocks = static_cast<double>(part.live.blocks);
    some_for_each |= of_type.objects >= kLeastObjects && blocks >= (1 - kAbout) * each && blocks <= kMostEach * each;
  }
  return some_for_each && all > whole.live.bytes &&
         IsAbout(static_cast<double>(all - whole.live.bytes), static_cast<double>(part.live.bytes));
}

bool MayBeStorage(const Finding& finding) {
  constexpr uint64_t kLeastBlocks = 16;
  // Small tables come from the allocator for objects, too.
  const bool no_objects =
      finding.kind == Kind::kRawBlock || (finding.kind == Kind::kPythonObject && finding.heap.types.empty());
  return no_objects && finding.heap.holder_text.empty() && finding.live.blocks >= kLeastBlocks;
}

}  // namespace

void MergeStorage(const HeapImage* image, heap::Analysis& analysis, std::vector<Finding>& findings,
                  std::vector<FindingObjects>& objects) {
  std::vector<bool> gone(findings.size(), false);
  if (std::none_of(findings.begin(), findings.end(), MayBeStorage)) return;
  for (size_t whole = 0; whole < findings.size(); ++whole) {
    if (objects[whole].image != image || objects[whole].blocks || objects[whole].nodes.empty()) continue;
    const auto retained = RetainedByType(analysis, objects[whole]);
    for (size_t part = 0; part < findings.size(); ++part) {
      if (gone[part] || part == whole || !MayBeStorage(findings[part])) continue;
      if (!IsSureEnough(findings[whole], findings[part])) continue;
      const bool of_a_type = std::any_of(retained.begin(), retained.end(), [&](const auto& of_type) {
        return IsStorageOf(findings[part].live, of_type.second);
      });
      if (!of_a_type && !IsTheRest(findings[part], findings[whole], retained)) continue;
      TakeAsPart(findings[whole], findings[part]);
      gone[part] = true;
    }
  }
  EraseGone(gone, findings, objects);
}

}  // namespace limpet::diagnose
