// What somebody asks about: the objects that a type's name, an address, or a path through the program stands for.
//
//     app.Session   Session   dict            all objects of the type; the last part of its name is enough where it is the only one so called
//     0x7f3c12345670                          the object at that address
//     app.SESSIONS   app.SESSIONS['u17'][3]   what Python code finds there: a module of sys.modules, then attributes, keys and indices
//     sys.modules['app'].SESSIONS   app.Session.cache
#ifndef LIMPET_HEAP_TARGET_H_
#define LIMPET_HEAP_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

#include "heap/graph.h"

namespace limpet::heap {

enum class TargetKind { kNothing, kType, kAddress, kPath };

struct Target {
  TargetKind kind = TargetKind::kNothing;
  std::vector<NodeId> nodes;         // ascending
  std::string name;                  // as found: the type's whole name, or the path
  std::string problem;               // of kNothing: one sentence
  std::vector<std::string> similar;  // of kNothing: names that may have been meant, the most likely first
};

// Finds what `text` stands for. A name that is both, a type and a path, is the type, unless it says so (sys.modules['app'].X).
Target FindTarget(const Graph& graph, std::string_view text);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_TARGET_H_
