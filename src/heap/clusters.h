// Many objects, few reasons: the paths of a group of objects, clustered by shape.
#ifndef LIMPET_HEAP_CLUSTERS_H_
#define LIMPET_HEAP_CLUSTERS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "heap/dominators.h"
#include "heap/shapes.h"

namespace limpet::heap {

struct Cluster {
  ShapeId shape = kNoShape;         // kNoShape: garbage, which nothing holds
  NodeId representative = kNoNode;  // one with a shortest path
  uint64_t objects = 0;
  uint64_t bytes = 0;           // of the objects themselves
  uint64_t retained_bytes = 0;  // by each of them, each byte once
};

// Clusters of `group`, largest in retained bytes first. `shapes` are those of a PathTree.
std::vector<Cluster> ClusterByShape(const ShapeTree& shapes, const Dominators& dominators,
                                    std::span<const NodeId> group);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_CLUSTERS_H_
