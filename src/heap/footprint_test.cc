// Freezes what an object costs in memory, at 2.5 references each.
#include <gtest/gtest.h>

#include <optional>

#include "heap/dominators.h"
#include "heap/synthetic_heap.h"

namespace limpet::heap {
namespace {

TEST(Footprint, AnObjectTakesAtMost64BytesWithEverything) {
  const Graph graph = MakeSyntheticHeap(1'000'000);
  ASSERT_NEAR(double(graph.edge_count()) / double(graph.node_count()), 2.5, 0.01);
  std::optional<Referrers> referrers;
  const Dominators dominators(graph, &referrers);
  const auto each = [&](size_t bytes) { return double(bytes) / double(graph.node_count()); };
  EXPECT_NEAR(each(graph.bytes()), 29, 0.1);
  EXPECT_NEAR(each(dominators.bytes()), 20, 0.1);
  EXPECT_NEAR(each(referrers->bytes()), 14, 0.1);
  EXPECT_LE(each(graph.bytes() + dominators.bytes() + referrers->bytes()), 64);
}

}  // namespace
}  // namespace limpet::heap
