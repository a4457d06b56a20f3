#include "diagnose/subtrees.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "heap/random_graph.h"

namespace limpet::diagnose {
namespace {

RC_GTEST_PROP(Subtrees, CountWhatAWalkUpTheDominatorsFinds, ()) {
  const heap::Graph graph = heap::RandomGraph();
  RC_PRE(graph.node_count() > 0);
  const heap::Dominators dominators(graph);
  const auto some = [&] {
    std::vector<heap::NodeId> nodes = *rc::gen::container<std::vector<heap::NodeId>>(
        rc::gen::inRange<heap::NodeId>(0, static_cast<heap::NodeId>(graph.node_count())));
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    return nodes;
  };
  const std::vector<heap::NodeId> whole = some(), part = some();
  const auto hangs = std::count_if(part.begin(), part.end(), [&](heap::NodeId node) {
    return std::any_of(whole.begin(), whole.end(),
                       [&](heap::NodeId above) { return above == node || dominators.Dominates(above, node); });
  });
  const Subtrees subtrees(dominators, whole);
  RC_ASSERT(subtrees.CountOf(PositionsOf(dominators, part)) == static_cast<size_t>(hangs));
}

TEST(Subtrees, SayNothingOfAHandful) {
  const std::vector<uint32_t> few = {1, 2, 3};
  EXPECT_FALSE(Subtrees().HoldMostOf(few));
}

}  // namespace
}  // namespace limpet::diagnose
