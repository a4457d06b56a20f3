#include "heap/dominators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "heap/builder.h"
#include "heap/random_graph.h"
#include "heap/reach.h"
#include "heap/scc.h"

namespace limpet::heap {
namespace {

// main -> a -> c, main -> b -> c -> d      c is held by two: main dominates it
TEST(Dominators, OfADiamond) {
  const Drawing d = Draw(R"(
    main = @thread
    a = A 1
    b = A 2
    c = A 4
    d = A 8
    main -> a b
    a -> c
    b -> c
    c -> d
  )");
  const Dominators dominators(d.graph);
  EXPECT_EQ(dominators.of(d["c"]), d["main"]);
  EXPECT_EQ(dominators.of(d["d"]), d["c"]);
  EXPECT_EQ(dominators.of(d["main"]), kSuperRoot);
  EXPECT_EQ(dominators.retained_bytes(d["a"]), 1u);
  EXPECT_EQ(dominators.retained_bytes(d["c"]), 12u);
  EXPECT_EQ(dominators.retained_bytes(d["main"]), 15u);
  EXPECT_EQ(dominators.retained_count(d["main"]), 5u);
  EXPECT_TRUE(dominators.Dominates(d["main"], d["d"]));
  EXPECT_FALSE(dominators.Dominates(d["a"], d["c"]));
  EXPECT_FALSE(dominators.Dominates(d["c"], d["a"]));
}

// A -> B <-> C: a count of inbound references would say that A retains 10
TEST(Dominators, SeeThroughCycles) {
  const Drawing d = Draw(R"(
    main = @thread
    A = X 10
    B = X 10
    C = X 10
    main -> A
    A -> B
    B -> C
    C -> B
  )");
  EXPECT_EQ(Dominators(d.graph).retained_bytes(d["A"]), 30u);
}

// main -> a -> b <- (C code)
TEST(Dominators, WhatCodeInCHoldsIsNobodyElses) {
  const Drawing d = Draw(R"(
    main = @thread
    b = X 10 +1
    main -> a
    a -> b
  )");
  const Dominators dominators(d.graph);
  EXPECT_EQ(dominators.of(d["b"]), kSuperRoot);
  EXPECT_EQ(dominators.retained_bytes(d["a"]), 1u);
}

// main -> cls      g <-> h -> big, g -> cls: garbage that refers to the living
TEST(Dominators, GarbageHasATreeOfItsOwn) {
  const Drawing d = Draw(R"(
    main = @thread
    cls = type 5
    big = X 100
    main -> cls
    g -> h cls
    h -> g big
  )");
  const Dominators dominators(d.graph);
  EXPECT_EQ(dominators.of(d["cls"]), d["main"]);
  EXPECT_EQ(dominators.of(d["g"]), kGarbageRoot);
  EXPECT_EQ(dominators.of(d["big"]), d["h"]);
  EXPECT_EQ(dominators.retained_bytes(d["h"]), 101u);
  EXPECT_FALSE(dominators.IsLive(d["big"]));
  EXPECT_EQ(dominators.live_bytes(), 5u);
  EXPECT_EQ(dominators.garbage_bytes(), 102u);
}

TEST(Dominators, OfNothing) {
  const Dominators dominators(GraphBuilder().Finish());
  EXPECT_EQ(dominators.live_count(), 0u);
  EXPECT_TRUE(dominators.order().empty());
}

// Starts of one side of the graph: of the living, or of the garbage.
std::vector<NodeId> GarbageTops(const Graph& graph, const std::vector<bool>& live) {
  std::vector<NodeId> tops;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (live[node]) continue;
    // A source component: everything that reaches it is reached by it.
    const auto forward = SlowReach(graph, {node}, [](EdgeIndex, NodeId) { return true; });
    bool source = true;
    for (NodeId other = 0; other < graph.node_count(); ++other) {
      const auto back = SlowReach(graph, {other}, [](EdgeIndex, NodeId) { return true; });
      if (!live[other] && back[node] && !forward[other]) source = false;
    }
    if (source) tops.push_back(node);
  }
  return tops;
}

// What is no longer reached when `removed` is gone, itself included.
std::vector<bool> SlowRetained(const Graph& graph, const std::vector<NodeId>& tops, NodeId removed,
                               const std::vector<bool>& side) {
  std::vector<NodeId> starts = tops;
  std::erase(starts, removed);
  const auto left = SlowReach(graph, starts, [&](EdgeIndex, NodeId target) { return target != removed; });
  std::vector<bool> retained(graph.node_count());
  for (NodeId node = 0; node < graph.node_count(); ++node) retained[node] = side[node] && !left[node];
  return retained;
}

RC_GTEST_PROP(Dominators, EqualRemovalAndReachability, ()) {
  const Graph graph = RandomGraph();
  const Dominators dominators(graph);
  const auto live = SlowReach(graph, RootsAndEntries(graph), [](EdgeIndex, NodeId) { return true; });
  std::vector<bool> garbage(live.size());
  std::transform(live.begin(), live.end(), garbage.begin(), [](bool alive) { return !alive; });
  const std::vector<NodeId> garbage_tops = GarbageTops(graph, live);
  RC_CLASSIFY(!garbage_tops.empty(), "with garbage");
  RC_CLASSIFY(graph.node_count() > 6, "more than 6 objects");
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    RC_ASSERT(dominators.IsLive(node) == live[node]);
    const auto retained = live[node] ? SlowRetained(graph, RootsAndEntries(graph), node, live)
                                     : SlowRetained(graph, garbage_tops, node, garbage);
    uint64_t bytes = 0;
    for (NodeId other = 0; other < graph.node_count(); ++other) {
      if (retained[other]) bytes += graph.size(other);
      RC_ASSERT(dominators.Dominates(node, other) == retained[other]);
    }
    RC_ASSERT(dominators.retained_bytes(node) == bytes);
    RC_ASSERT(dominators.retained_count(node) == size_t(std::count(retained.begin(), retained.end(), true)));
  }
}

RC_GTEST_PROP(Dominators, ChildrenAreThoseWithThatDominator, ()) {
  const Graph graph = RandomGraph();
  const Dominators dominators(graph);
  std::vector<NodeId> parents = {kSuperRoot, kGarbageRoot};
  for (NodeId node = 0; node < graph.node_count(); ++node) parents.push_back(node);
  for (const NodeId parent : parents) {
    std::vector<NodeId> children;
    dominators.ForEachChild(parent, [&](NodeId child) { children.push_back(child); });
    std::sort(children.begin(), children.end());
    std::vector<NodeId> expected;
    for (NodeId node = 0; node < graph.node_count(); ++node) {
      if (dominators.of(node) == parent) expected.push_back(node);
    }
    RC_ASSERT(children == expected);
  }
}

RC_GTEST_PROP(Components, AreMutualReachability, ()) {
  const Graph graph = RandomGraph();
  Bits members(graph.node_count());
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (*rc::gen::inRange(0, 4) != 0) members.Set(node);
  }
  const Components components = FindComponents(graph, members);
  std::vector<std::vector<bool>> reach;
  for (NodeId node = 0; node < graph.node_count(); ++node)
    reach.push_back(SlowReach(graph, {node}, [&](EdgeIndex, NodeId target) { return members[target]; }));
  std::vector<bool> expected_source(components.count(), true);
  for (NodeId a = 0; a < graph.node_count(); ++a) {
    RC_ASSERT((components.of[a] == kNoComponent) == !members[a]);
    for (NodeId b = 0; members[a] && b < graph.node_count(); ++b) {
      if (!members[b]) continue;
      RC_ASSERT((components.of[a] == components.of[b]) == (reach[a][b] && reach[b][a]));
      if (!reach[a][b] || reach[b][a]) continue;
      RC_ASSERT(components.of[a] > components.of[b]);
      expected_source[components.of[b]] = false;
    }
  }
  RC_ASSERT(FindSources(graph, members, components) == expected_source);
}

}  // namespace
}  // namespace limpet::heap
