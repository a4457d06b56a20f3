// Heaps of extreme form. Nothing here is recursive, and no algorithm takes time that grows with the square of anything.
#include <gtest/gtest.h>

#include <functional>

#include "heap/clusters.h"
#include "heap/delta.h"
#include "heap/dominators.h"
#include "heap/garbage.h"
#include "heap/paths.h"
#include "heap/reach.h"
#include "heap/scc.h"
#include "heap/shapes.h"
#include "heap/what_if.h"

namespace limpet::heap {
namespace {

// A graph of one root and `objects` of one byte each; targets(node) are what node refers to, as items.
Graph Make(NodeId objects, size_t edges, bool held,
           const std::function<void(NodeId, const std::function<void(NodeId)>&)>& targets) {
  GraphParts parts(size_t{objects} + 1, edges);
  parts.types = {{"interpreter", 0, capture::kTypeSynthetic | capture::kTypeRoot, 0}, {"list", 0, 0, 0}};
  const Run items{RefKind::kItem, RefStrength::kOwned, 0, kOpenRun};
  for (TypeId type = 0; type < 2; ++type) parts.AddClass(type, {&items, 1}, false);
  HugeArray<uint32_t> counts(size_t{objects} + 1);
  EdgeIndex at = 0;
  for (NodeId node = 0; node <= objects; ++node) {
    parts.class_of.Set(node, node == 0 ? 0 : 1);
    parts.size.Set(node, node == 0 ? 0 : 1);
    parts.first_edge[node] = at;
    if (node == 0 && !held) continue;
    targets(node, [&](NodeId target) {
      parts.edges[at++] = target;
      ++counts[target];
    });
  }
  parts.first_edge[size_t{objects} + 1] = at;
  parts.Shrink(size_t{objects} + 1, at);
  for (NodeId node = 1; node <= objects; ++node) parts.refcount.Set(node, counts[node]);
  return Graph(std::move(parts));
}

// Runs everything there is, and returns what the root retains.
uint64_t RunAll(const Graph& graph) {
  const Dominators dominators(graph);
  const PathTree paths(graph);
  const ShapeTree shapes(graph, paths), dominator_shapes(graph, dominators);
  EXPECT_LT(shapes.shapes().size(), 10u);
  EXPECT_EQ(FindComponents(graph, Bits()).of.size(), graph.node_count());
  EXPECT_TRUE(FindAccumulation(dominator_shapes, dominator_shapes).empty());
  EXPECT_FALSE(ClusterByShape(shapes, dominators, dominators.order()).empty());
  FindGarbage(graph, Live(graph));
  AccumulationPoint(dominators, 0);
  const NodeId first = 1;
  EXPECT_EQ(WhatIf(graph, paths).RemoveNodes({&first, 1}).objects, dominators.retained_count(1));
  return dominators.retained_bytes(0);
}

constexpr NodeId kMillion = 1'000'000;

TEST(Extremes, AMillionDeepLinkedList) {
  const Graph graph = Make(kMillion, kMillion, true, [](NodeId node, const auto& add) {
    if (node < kMillion) add(node + 1);
  });
  EXPECT_EQ(RunAll(graph), kMillion);
  EXPECT_EQ(PathTree(graph).To(kMillion).size(), kMillion);
}

// Each refers back to all roads: 1 <-> 2 <-> 3 ...
TEST(Extremes, AMillionDeepDoublyLinkedList) {
  const Graph graph = Make(kMillion, 2 * kMillion, true, [](NodeId node, const auto& add) {
    if (node < kMillion) add(node + 1);
    if (node > 1) add(node - 1);
  });
  EXPECT_EQ(RunAll(graph), kMillion);
}

TEST(Extremes, ARingOfAMillionThatNothingHolds) {
  const Graph graph = Make(kMillion, kMillion, false, [](NodeId node, const auto& add) { add(node % kMillion + 1); });
  const CycleReport report = FindGarbage(graph, Live(graph));
  ASSERT_EQ(report.groups.size(), 1u);
  EXPECT_EQ(report.groups[0].objects, kMillion);
  EXPECT_EQ(report.groups[0].cycle.size(), kMillion);
  EXPECT_EQ(Dominators(graph).garbage_bytes(), kMillion);
}

TEST(Extremes, AListOfTenMillion) {
  const NodeId objects = 10 * kMillion;
  const Graph graph = Make(objects + 1, objects + 1, true, [](NodeId node, const auto& add) {
    if (node == 0) add(1);
    for (NodeId i = 0; node == 1 && i < objects; ++i) add(i + 2);
  });
  EXPECT_EQ(RunAll(graph), objects + 1u);
  EXPECT_EQ(AccumulationPoint(Dominators(graph), 0), 1u);
}

// All refer to one in the middle, which refers to all.
TEST(Extremes, AStar) {
  const Graph graph = Make(kMillion, 2 * kMillion + 1, true, [](NodeId node, const auto& add) {
    if (node == 0) add(1);
    for (NodeId i = 2; node == 1 && i <= kMillion; ++i) add(i);
    if (node > 1) add(1);
  });
  EXPECT_EQ(RunAll(graph), kMillion);
}

// Everybody refers to everybody.
TEST(Extremes, AClique) {
  constexpr NodeId kObjects = 2000;
  const Graph graph = Make(kObjects, size_t{kObjects} * kObjects + 1, true, [](NodeId node, const auto& add) {
    if (node == 0) add(1);
    for (NodeId i = 1; node > 0 && i <= kObjects; ++i) add(i);
  });
  EXPECT_EQ(RunAll(graph), kObjects);
}

// A ladder: each rung refers to both ends of the next, and every tenth back to the first. Long ways up, short ways back.
TEST(Extremes, ALadder) {
  constexpr NodeId kRungs = kMillion / 2;
  const Graph graph = Make(2 * kRungs, 5 * kRungs, true, [](NodeId node, const auto& add) {
    if (node == 0) {
      add(1);
      add(2);
      return;
    }
    const NodeId rung = (node + 1) / 2;
    if (rung < kRungs) {
      add(2 * rung + 1);
      add(2 * rung + 2);
    }
    if (rung % 10 == 0) add(1);
  });
  EXPECT_EQ(RunAll(graph), 2 * kRungs);
}

}  // namespace
}  // namespace limpet::heap
