// Where the objects of a group pile up: the place at which the ways to most of them part.
//
//     module app .SESSIONS -> dict -+-> ['u1'] -> Session -> history list -> str     (a member of the group)
//                                   +-> ['u2'] -> Session -> history list -> str     (another)
//
// Whatever the members are (sessions, their lists, the strings in these), they pile up in the dict, and what it holds are sessions.
#ifndef LIMPET_HEAP_PILE_H_
#define LIMPET_HEAP_PILE_H_

#include <cstddef>
#include <span>
#include <vector>

#include "heap/analysis.h"

namespace limpet::heap {

struct Pile {
  NodeId container = kNoNode;  // kNoNode: nothing holds them, or they are all over the heap
  double share = 0;    // of the group that is reached by way of the container; of a sample where the group is large
  double garbage = 0;  // share of the group that nothing holds
  // Of a sample of the group's members in the container, as parallel arrays: the member, the first object behind the container on the
  // way to it, and the first one there that is more than a by-product. ("dict['a'] -> method -> View -> list": the View.)
  std::vector<NodeId> members;
  std::vector<NodeId> held;
  std::vector<NodeId> subjects;
};

// The members of the group that are reached by way of the container.
std::vector<NodeId> MembersIn(Analysis& analysis, NodeId container, std::span<const NodeId> group);

// Types whose objects are there for the sake of others: containers, bound methods, cells, weak references.
bool IsByProduct(const Type& type);

// Follows the way that most of the group share, as long as more than `mostly` of the group do.
Pile FindPile(Analysis& analysis, std::span<const NodeId> group, double mostly = 0.6);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_PILE_H_
