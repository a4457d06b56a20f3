// Reference surplus: references that an object's count knows of and the snapshot does not explain.
//
//     surplus = reference count - references of strength kOwned to it - references of strength kMaybe that are taken for real
//
// A kMaybe reference was found by value: a word in unknown memory that equals the object's address. In the order of the nodes, each
// uses up one of its target's surplus; where there is none left, the word was no reference, and does not hold its target.
//
// What remains is held by C code that no walk can see: a variable on the C stack, a global of an unknown library, or a reference that
// was never given back (a missing decref). Such an object is an entry: it lives, whatever else refers to it. An object in a garbage
// cycle has no surplus, since all its references are those of the cycle; that is how the two are told apart.
//
// Immortal objects have no count. One that no root and no other entry reaches is an entry with surplus 0: nothing will ever free it.
#ifndef LIMPET_HEAP_SURPLUS_H_
#define LIMPET_HEAP_SURPLUS_H_

#include <string>
#include <vector>

#include "heap/graph.h"

namespace limpet::heap {

// Fills in entries() and overdrawn(), and marks kMaybe references that do not hold. Called once, by the constructor of Graph.
void FindEntries(Graph& graph);

struct TypeSurplus {
  std::string type;
  uint64_t objects = 0;     // with surplus
  uint64_t references = 0;  // sum of surplus
  uint64_t bytes = 0;       // of these objects alone
};

// Surplus by type, most references first.
std::vector<TypeSurplus> SurplusByType(const Graph& graph);

struct TypeSurplusGrowth {
  TypeSurplus before, after;  // of the same type
  int64_t references() const { return int64_t(after.references) - int64_t(before.references); }
};

// Types whose surplus changed from one snapshot to a later one, largest growth first.
std::vector<TypeSurplusGrowth> SurplusGrowth(const Graph& before, const Graph& after);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_SURPLUS_H_
