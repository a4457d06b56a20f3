// The ways in which one object of a Python heap refers to another: what an edge of the heap graph is called.
//
// Every edge has a kind, a strength and one argument (a name, or an index). Together they are the edge's label; who prints a path
// joins labels:     module app .SESSIONS ['u17'] .buffer [3]
#ifndef LIMPET_BASE_REFERENCE_H_
#define LIMPET_BASE_REFERENCE_H_

#include <cstdint>

namespace limpet::base {

// Values are stored in snapshots: never renumbered.
enum class RefKind : uint8_t {
  kType = 0,     // the object's own type
  kItem = 1,     // [index] of a sequence: list, tuple, deque, array of pointers ...
  kKey = 2,      // a key of a mapping; the edge right after it is its kValue
  kValue = 3,    // [key]: what the key of the edge right before it leads to
  kElement = 4,  // in a set
  kAttribute =
      5,  // .name as Python code would write it: instance attributes, slots, module globals by instance dict, f.__code__ ...
  kField = 6,      // ->name: a field of the C struct that Python code cannot ask for
  kLocal = 7,      // local variable `name` of a frame, generator or coroutine
  kClosure = 8,    // variable `name` of an enclosing function: a cell of a closure
  kStack = 9,      // slot `index` of an evaluation stack: a temporary
  kVisited = 10,   // ? the index-th object that a C type's tp_traverse showed
  kScanned = 11,   // ? a word at byte `index` of the memory of an unknown C type that equals an object's address
  kGlobal = 12,    // ? a C variable, named by the node that the edge starts from, at byte `index`
  kContains = 13,  // a root and its parts: interpreter -> thread -> frame
};
inline constexpr int kRefKinds = 14;

// Whether the reference keeps its target alive.
enum class RefStrength : uint8_t {
  kOwned = 0,  // counted in the target's reference count
  kBorrowed =
      1,  // seen, but not counted: something else keeps the target alive (3.14's borrowed stack references, tp_subclasses ...)
  kWeak = 2,  // a weak reference's target: does not keep it alive
  kMaybe =
      3,  // found by value, not by structure: counts as owned where the target's reference count has no other explanation
};
inline constexpr int kRefStrengths = 4;

}  // namespace limpet::base

#endif  // LIMPET_BASE_REFERENCE_H_
