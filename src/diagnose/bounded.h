// Containers that say themselves how much they will hold: a deque with a maxlen, a function with an lru_cache of some maxsize. While they
// fill up, births and deaths look like a leak's.
#ifndef LIMPET_DIAGNOSE_BOUNDED_H_
#define LIMPET_DIAGNOSE_BOUNDED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "heap/graph.h"

namespace limpet::diagnose {

inline constexpr std::string_view kLruCache = "functools._lru_cache_wrapper";

struct Bound {
  std::string what;      // "a collections.deque of maxlen 2000"
  uint64_t most = 0;     // entries
  uint64_t entries = 0;  // now
};

// Whether it is the dict in which an lru_cache finds its entries. (What an entry or the cached function refers to may be as large as it
// likes: a registry that is made once, the object that a cached method belongs to, the function's own attributes.)
bool IsTableOf(const heap::Graph& graph, heap::NodeId cache, heap::NodeId dict);

// The dict of an lru_cache belongs to the function: what piles up in the one piles up in the other. Any other container is its own.
heap::NodeId OwnerOfContainer(const heap::Graph& graph, const heap::Referrers& referrers, heap::NodeId container);

// Nothing where the container has no bound, or none that it is told of.
std::optional<Bound> BoundOf(const heap::Graph& graph, heap::NodeId container);

// Whether the bound will be felt: it is reached soon, or what it allows is not much. `bytes`: of all entries that are there.
bool WillHold(const Bound& bound, uint64_t bytes);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_BOUNDED_H_
