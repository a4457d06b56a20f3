// A made-up heap of any size for measurements: sessions in a registry, as a web service has them, with 2.5 references per object.
#ifndef LIMPET_HEAP_SYNTHETIC_HEAP_H_
#define LIMPET_HEAP_SYNTHETIC_HEAP_H_

#include <cstddef>

#include "heap/graph.h"

namespace limpet::heap {

// A graph of about `objects` objects. REQUIRES: objects >= 10'000.
//
//     interpreter -> module -> dict -> registry (list) -> Session, for each:
//
//     Session -> its type, .id -> str, .data -> dict, .items -> list, .peer -> a Session anywhere, .parent -> the Session before
//     dict    -> two keys that all share, tuple, Node        list -> int, bytes, shared str
//     tuple   -> the id, Node, the id of a Session anywhere   Node -> its type, .owner -> Session, .next -> the next Session's Node
//
// and a thousand cycles of two that await the collector.
Graph MakeSyntheticHeap(size_t objects);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_SYNTHETIC_HEAP_H_
