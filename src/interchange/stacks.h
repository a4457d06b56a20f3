// The allocation stacks of a recording, as every profile format wants them: a Python stack, and what was allocated by it.
//
// Sums over all stacks of a process are those of `limpet stats`, to the byte; those of single stacks are the rows of
// `limpet stats --group stack`.
#ifndef LIMPET_INTERCHANGE_STACKS_H_
#define LIMPET_INTERCHANGE_STACKS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"

namespace limpet::interchange {

// Which of a stack's memory is looked at.
enum class Measure : uint8_t {
  kAllocated,  // all that was ever allocated
  kChurned,    // of this, what was freed again
  kPeak,       // what was live when the process had most memory live
  kGrown,      // of what is live, the part that grew steadily
  kLive,       // what is live at the end (when the interpreter began to finalise, where it got there)
};
inline constexpr size_t kMeasures = 5;
using Amounts = std::array<capture::Amount, kMeasures>;

std::string_view NameOf(Measure measure);  // "allocated", ...
std::optional<Measure> MeasureOf(std::string_view name);

std::string_view NameOf(capture::Domain domain);  // "object", "malloc", ... as `limpet stats --domain` calls them

struct Stack {
  capture::NodeId node;         // one of those that look alike, as places of the source; 0: no Python frame
  std::vector<uint32_t> sites;  // indices into Process::sites
  Amounts amounts;
};

// visit(const Stack&) for each stack of a process that allocated anything, by node.
template <class Visit>
void ForEachStack(const capture::Process& process, Visit visit);

// What stacks without a Python frame are called.
inline constexpr std::string_view kNoFrame = "<no Python frame>";

// "app.py --port 80", for people; "process 4711" where it is not known.
std::string ProcessTitle(const capture::Process& process);

// The processes that are meant: all, or those with this id.
std::vector<const capture::Process*> Chosen(const capture::Recording& recording, std::optional<int32_t> pid);

// Sites with the first of the nodes that look like theirs (functions and lines are the same, instructions may differ), in its order.
struct SiteOfStack {
  capture::NodeId stack;
  uint32_t site;
};
std::vector<SiteOfStack> SitesByStack(const capture::Process& process);
Amounts AmountsOf(const capture::Process& process, const std::vector<uint32_t>& sites);

template <class Visit>
void ForEachStack(const capture::Process& process, Visit visit) {
  const std::vector<SiteOfStack> order = SitesByStack(process);
  Stack stack;
  for (size_t i = 0; i < order.size();) {
    stack.node = order[i].stack;
    stack.sites.clear();
    for (; i < order.size() && order[i].stack == stack.node; ++i) stack.sites.push_back(order[i].site);
    stack.amounts = AmountsOf(process, stack.sites);
    visit(stack);
  }
}

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_STACKS_H_
