#include "diagnose/bounded.h"

#include <gtest/gtest.h>

#include "heap/builder.h"

namespace limpet::diagnose {
namespace {

struct Cache {
  heap::GraphBuilder builder;
  heap::NodeId root = builder.AddNode(builder.AddType("@", capture::kTypeSynthetic | capture::kTypeRoot));
  heap::NodeId function = builder.AddNode(builder.AddType("functools._lru_cache_wrapper"));
  heap::NodeId dict = builder.AddNode(builder.AddType("dict"));
  heap::NodeId deque = builder.AddNode(builder.AddType("collections.deque"));
  Cache() {
    builder.AddAttribute(root, function, "f");
    builder.AddAttribute(root, deque, "d");
    builder.AddAttribute(function, dict, "cache");
    const heap::TypeId link = builder.AddType("functools._lru_list_elem");
    for (uint32_t i = 0; i < 30; ++i) {
      const heap::NodeId node = builder.AddNode(link);
      builder.AddItem(function, node, i);
      builder.AddItem(deque, node, i);
    }
  }
};

TEST(Bounded, ContainersTellTheirOwnBound) {
  Cache cache;
  cache.builder.SetText(cache.function, "maxsize=200");
  cache.builder.SetText(cache.deque, "maxlen=30");
  const heap::Graph graph = cache.builder.Finish();
  const auto function = BoundOf(graph, cache.function), deque = BoundOf(graph, cache.deque);
  ASSERT_TRUE(function && deque);
  EXPECT_EQ(function->what, "an lru_cache of maxsize 200");
  EXPECT_EQ(function->most, 200u);
  EXPECT_EQ(function->entries, 30u);
  EXPECT_EQ(deque->what, "a collections.deque of maxlen 30");
  EXPECT_EQ(BoundOf(graph, cache.dict), std::nullopt);
  EXPECT_EQ(BoundOf(graph, heap::kNoNode), std::nullopt);
}

TEST(Bounded, WhatIsNoNumberIsNoBound) {
  Cache cache;
  cache.builder.SetText(cache.function, "maxsize=2x");
  cache.builder.SetText(cache.deque, "maxlen=99999999999999999999999");
  const heap::Graph graph = cache.builder.Finish();
  EXPECT_EQ(BoundOf(graph, cache.function), std::nullopt);
  EXPECT_EQ(BoundOf(graph, cache.deque), std::nullopt);
}

TEST(Bounded, TheDictOfACacheBelongsToItsFunction) {
  Cache cache;
  const heap::Graph graph = cache.builder.Finish();
  const heap::Referrers referrers(graph);
  EXPECT_EQ(OwnerOfContainer(graph, referrers, cache.dict), cache.function);
  EXPECT_EQ(OwnerOfContainer(graph, referrers, cache.deque), cache.deque);
}

// `@lru_cache def registry(): return {}`, and a connection whose cached method it is.
TEST(Bounded, WhatIsCachedOrWhoseFunctionItIsHasNoBound) {
  Cache cache;
  const heap::NodeId registry = cache.builder.AddNode(cache.builder.AddType("dict"));
  const heap::NodeId connection = cache.builder.AddNode(cache.builder.AddType("Connection"));
  cache.builder.AddAttribute(cache.function, registry, "result");
  cache.builder.AddAttribute(cache.function, connection, "func");
  const heap::Graph graph = cache.builder.Finish();
  const heap::Referrers referrers(graph);
  EXPECT_EQ(OwnerOfContainer(graph, referrers, registry), registry);
  EXPECT_EQ(OwnerOfContainer(graph, referrers, connection), connection);
}

TEST(Bounded, AFarBoundOfMuchMemoryIsNone) {
  EXPECT_TRUE(WillHold({.what = "", .most = 100, .entries = 50}, 1 << 30));
  EXPECT_TRUE(WillHold({.what = "", .most = 1'000'000, .entries = 50}, 5000));
  EXPECT_FALSE(WillHold({.what = "", .most = 1'000'000'000, .entries = 1000}, 1 << 20));
}

}  // namespace
}  // namespace limpet::diagnose
