// A heap as Java's tools read it (HPROF), for Eclipse MAT, Shark, VisualVM.
#ifndef LIMPET_INTERCHANGE_HPROF_H_
#define LIMPET_INTERCHANGE_HPROF_H_

#include <cstdint>

#include "heap/graph.h"
#include "interchange/sink.h"

namespace limpet::interchange {

// Every object is an instance. Its class has the name of its Python type and a field for each reference that has a name; what there are
// many of (items, entries) is in an Object[] that it owns; the rest of its size is a byte[] that it owns:
//
//     Session @ 0x7f..10   __class__, key, buffer          48 bytes declared   + storage byte[..]
//     list    @ 0x7f..80   items -> Object[3], storage     instance + 8 bytes an item + byte[]  =  what Python took
//
// So the three together have the object's size, and what an object retains is what limpet says that it retains. The id of an object is its
// address. References that do not hold are numbers (the address), not references. Garbage has no root. Memory: the graph's, and what
// grows with the number of classes.
void WriteHprof(const heap::Graph& graph, uint64_t realtime_ns, Sink* sink);

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_HPROF_H_
