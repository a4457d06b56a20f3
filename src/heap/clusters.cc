#include "heap/clusters.h"

#include <algorithm>

#include "heap/retained.h"

namespace limpet::heap {

std::vector<Cluster> ClusterByShape(const ShapeTree& shapes, const Dominators& dominators,
                                    std::span<const NodeId> group) {
  const Graph& graph = shapes.graph();
  std::vector<NodeId> sorted(group.begin(), group.end());
  std::sort(sorted.begin(), sorted.end(),
            [&](NodeId a, NodeId b) { return dominators.position(a) < dominators.position(b); });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  const size_t garbage = shapes.shapes().size();  // its place among the clusters
  std::vector<Cluster> clusters(garbage + 1);
  GroupFilter filter(dominators, clusters.size());
  for (const NodeId node : sorted) {
    const ShapeId shape = shapes.of(node);
    const size_t place = shape == kNoShape ? garbage : shape;
    Cluster& cluster = clusters[place];
    cluster.shape = shape;
    if (cluster.representative == kNoNode) cluster.representative = node;
    ++cluster.objects;
    cluster.bytes += graph.size(node);
    if (filter.IsOutermost(node, place)) cluster.retained_bytes += dominators.retained_bytes(node);
  }
  // The shape's first object has a shortest path: it speaks for the cluster if it belongs to it.
  for (const NodeId node : sorted) {
    const ShapeId shape = shapes.of(node);
    if (shape != kNoShape && shapes.shapes()[shape].example == node) clusters[shape].representative = node;
  }
  std::erase_if(clusters, [](const Cluster& cluster) { return cluster.objects == 0; });
  std::stable_sort(clusters.begin(), clusters.end(),
                   [](const Cluster& a, const Cluster& b) { return a.retained_bytes > b.retained_bytes; });
  return clusters;
}

}  // namespace limpet::heap
