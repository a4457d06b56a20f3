// A heap as V8 writes it (.heapsnapshot), for Chrome's DevTools and memlab.
#ifndef LIMPET_INTERCHANGE_HEAP_SNAPSHOT_H_
#define LIMPET_INTERCHANGE_HEAP_SNAPSHOT_H_

#include "heap/graph.h"
#include "interchange/sink.h"

namespace limpet::interchange {

// Objects are nodes, in their order, behind three that stand for no object: the root of all, what C code holds, and the garbage.
//
//     (root) -> interpreters, C variables ...
//            -> (held by C code) -> objects whose reference counts nobody explains
//            -> (garbage) -> cycles that wait for the collector
//
// Weak, borrowed and unproved references are weak ones, as are those from garbage to the living. Written as it is read: memory is the
// graph's, and 4 bytes for each object that has a text.
void WriteHeapSnapshot(const heap::Graph& graph, Sink* sink);

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_HEAP_SNAPSHOT_H_
