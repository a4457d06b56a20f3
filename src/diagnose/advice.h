// What to do about a leak, in one sentence: which reference to let go of, and by which means of the language. What goes is what the graph
// says goes; nothing is advised that the graph contradicts, and nothing that the types do not allow (a str cannot be held weakly).
#ifndef LIMPET_DIAGNOSE_ADVICE_H_
#define LIMPET_DIAGNOSE_ADVICE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heap/graph.h"
#include "heap/holders.h"
#include "heap/naming.h"

namespace limpet::diagnose {

// "" where cutting nothing that can be cut frees anything.
std::string AdviceFor(const heap::Graph& graph, const heap::Holding& holding);

// What on the way should be gone already, one sentence each: finished tasks, frames that only a traceback keeps, suspended generators.
std::vector<std::string> DeadOnTheWay(const heap::Graph& graph, const heap::Way& way);

// What the collector has to say to a cycle.
enum class Collector : uint8_t {
  kOff,
  kOn,     // and had not come to it
  kBlind,  // and left it alone when it came
};

struct CycleAdvice {
  size_t weakest = 0;  // index of the part whose reference had best be weak
  std::string fix;
  std::string evidence;  // why the collector does not free them; "": nothing in the cycle hinders it
};
// `cycle`: its references; `parts`: the same as told. REQUIRES: neither is empty.
CycleAdvice AdviceForCycle(const heap::Graph& graph, std::span<const heap::EdgeIndex> cycle,
                           std::span<const heap::PathPart> parts, Collector collector);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_ADVICE_H_
