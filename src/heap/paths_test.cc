#include "heap/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "heap/builder.h"
#include "heap/labels.h"
#include "heap/random_graph.h"
#include "heap/retained.h"
#include "heap/what_if.h"

namespace limpet::heap {
namespace {

using testing::ElementsAre;

std::string TextOf(const Drawing& d, const PathTree& tree, std::string_view target) {
  const std::vector<EdgeIndex> path = tree.To(d[target]);
  std::string text = d.NameOf(path.empty() ? d[target] : d.graph.Source(path.front()));
  for (const EdgeIndex e : path) {
    const NodeId to = d.graph.edge(e).target();
    AppendStep(&text, EdgeText(d.graph, d.graph.Source(e), e), d.NameOf(to));
  }
  return text;
}

constexpr std::string_view kService = R"(
  main     = @interpreter
  worker   = @thread
  modules  = dict
  app      = module
  globals  = dict
  sessions = dict
  s        = app.Session
  buffer   = bytes 4096
  main     -> .modules:modules
  modules  -> {app}:app
  app      -> .__dict__:globals
  globals  -> {SESSIONS}:sessions
  sessions -> {u17}:s
  s        -> .buffer:buffer
  worker   -> local x:s
)";

// The thread's way to s is shorter, and will soon be over; that of the module stays.
TEST(Paths, PreferModulesToFrames) {
  const Drawing d = Draw(kService);
  EXPECT_EQ(TextOf(d, PathTree(d.graph), "buffer"),

            "main .modules -> modules['app'] -> app .__dict__ -> globals['SESSIONS'] -> sessions['u17'] -> s .buffer "
            "-> buffer");
}

// The frame is contained in a thread, and that in the interpreter: still it is soon over.
TEST(Paths, TakeFramesForWhatTheyAreWhoeverContainsThem) {
  const Drawing d = Draw(std::string(kService) +
                         "main -> .threads:worker\n frame = @frame\n worker -> frame\n frame -> .f_locals:sessions\n");
  EXPECT_THAT(TextOf(d, PathTree(d.graph), "s"), testing::StartsWith("main .modules -> modules['app']"));
}

TEST(Paths, AvoidWhatIsCut) {
  const Drawing d = Draw(kService);
  Cut cut;
  cut.nodes = Bits(d.graph.node_count());
  cut.nodes.Set(d["sessions"]);
  EXPECT_EQ(TextOf(d, PathTree(d.graph, &cut), "buffer"), "worker local x -> s .buffer -> buffer");
}

TEST(Paths, SeveralGoByDifferentHolders) {
  const Drawing d = Draw(kService);
  const auto paths = SeveralPaths(d.graph, d["s"], 5);
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(d.graph.Source(paths[0].back()), d["sessions"]);
  EXPECT_EQ(d.graph.Source(paths[1].back()), d["worker"]);
  EXPECT_EQ(SeveralPaths(d.graph, d["s"], 1).size(), 1u);
}

TEST(Paths, NeverUseWeakReferences) {
  const Drawing d = Draw("main = @interpreter\n main -> ~:a .x:b\n b -> .y:c\n c -> .z:a\n");
  EXPECT_EQ(TextOf(d, PathTree(d.graph), "a"), "main .x -> b .y -> c .z -> a");
}

TEST(Paths, BeginAtEntriesWhereNothingElseHolds) {
  const Drawing d = Draw("a = list 1 +1\n a -> [2]:b\n");
  const PathTree tree(d.graph);
  EXPECT_TRUE(tree.is_entry(d["a"]));
  EXPECT_EQ(TextOf(d, tree, "b"), "a[2] -> b");
}

constexpr uint32_t kFar = 1'000'000;
struct Cost {
  uint32_t worth = kFar, distance = kFar;
};

// Worths and then distances, each by repeating until nothing changes.
std::vector<Cost> SlowCosts(const Graph& graph) {
  std::vector<Cost> costs(graph.node_count());
  for (const Entry& entry : graph.entries()) costs[entry.node] = {uint32_t(Worth::kObscure), kFar};
  for (const NodeId root : graph.roots()) costs[root] = {uint32_t(WorthOfRoot(graph.type(graph.type_of(root)))), kFar};
  std::vector<Cost> starts = costs;
  const auto repeat = [&](auto improve) {
    for (bool changed = true; changed;) {
      changed = false;
      for (NodeId node = 0; node < graph.node_count(); ++node) {
        for (EdgeIndex e = graph.first_edge(node); e < graph.last_edge(node); ++e) {
          if (costs[node].worth == kFar || !graph.edge(e).holds()) continue;
          const EdgeLabel label = graph.Label(node, e);
          const uint32_t worth = std::max(
              costs[node].worth, uint32_t(WorthOf(graph, graph.type(graph.type_of(node)), label.kind, label.argument)));
          changed |= improve(costs[node], worth, costs[graph.edge(e).target()]);
        }
      }
    }
  };
  repeat([](const Cost&, uint32_t worth, Cost& to) { return worth < to.worth && (to.worth = worth, true); });
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (starts[node].worth == costs[node].worth && starts[node].worth != kFar) costs[node].distance = 0;
  }
  repeat([](const Cost& from, uint32_t worth, Cost& to) {
    if (worth != to.worth || from.distance + 1 >= to.distance) return false;
    to.distance = from.distance + 1;
    return true;
  });
  return costs;
}

RC_GTEST_PROP(Paths, AreOfBestWorthAndShortest, ()) {
  const Graph graph = RandomGraph();
  const PathTree tree(graph);
  const std::vector<Cost> costs = SlowCosts(graph);
  size_t reached = 0;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    RC_ASSERT(tree.reached(node) == (costs[node].worth != kFar));
    if (!tree.reached(node)) continue;
    ++reached;
    const std::vector<EdgeIndex> path = tree.To(node);
    RC_ASSERT(path.size() == costs[node].distance);
    NodeId at = path.empty() ? node : graph.Source(path.front());
    uint32_t worth =
        tree.is_entry(at) ? uint32_t(Worth::kObscure) : uint32_t(WorthOfRoot(graph.type(graph.type_of(at))));
    for (const EdgeIndex e : path) {
      RC_ASSERT(graph.Source(e) == at);
      RC_ASSERT(graph.edge(e).holds());
      const EdgeLabel label = graph.Label(at, e);
      worth = std::max(worth, uint32_t(WorthOf(graph, graph.type(graph.type_of(at)), label.kind, label.argument)));
      at = graph.edge(e).target();
    }
    RC_ASSERT(at == node);
    RC_ASSERT(worth == costs[node].worth);
  }
  RC_ASSERT(tree.order().size() == reached);
}

TEST(WhatIf, ClearingADictFreesWhatItAloneHolds) {
  const Drawing d = Draw(R"(
    main = @interpreter
    sessions = dict
    a = Session 10
    b = Session 20
    buffer = bytes 100
    main -> .s:sessions .x:b
    sessions -> [0]:a [1]:b
    a -> .buffer:buffer
  )");
  const PathTree tree(d.graph);
  const WhatIf what_if(d.graph, tree);
  const Freed freed = what_if.RemoveEdges(ContentOf(d.graph, d["sessions"]));
  EXPECT_EQ(freed.objects, 2u);
  EXPECT_EQ(freed.bytes, 110u);
  EXPECT_TRUE(freed.nodes[d["a"]]);
  EXPECT_FALSE(freed.nodes[d["b"]]);
  ASSERT_EQ(freed.by_type.size(), 2u);
  EXPECT_EQ(d.graph.type(freed.by_type[0].type).name, "bytes");
}

// What lived before and does not after, as sets with operator[], and nothing else, is freed.
template <class Before, class After>
void ExpectFreed(const Graph& graph, const Freed& freed, const Before& before, const After& after) {
  uint64_t bytes = 0, objects = 0;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    RC_ASSERT(freed.nodes[node] == (before[node] && !after[node]));
    if (freed.nodes[node]) bytes += graph.size(node), ++objects;
  }
  RC_ASSERT(freed.bytes == bytes);
  RC_ASSERT(freed.objects == objects);
}

RC_GTEST_PROP(WhatIf, EqualsReachabilityInTheRebuiltGraph, ()) {
  // Without weak and maybe references, and with the entries of the graph as it was: they would come and go with the counts.
  GraphPlan plan = MakePlan();
  plan.surplus.clear();
  for (auto& edge : plan.edges) edge.kind %= 4;
  RC_PRE(!plan.edges.empty());
  const Graph graph = BuildPlan(plan);
  // All references of one sort from one object to another: in the plan these are all its edges between the two.
  const auto cut = *rc::gen::elementOf(plan.edges);
  std::vector<EdgeIndex> removed;
  for (EdgeIndex e = graph.first_edge(cut.from); e < graph.last_edge(cut.from); ++e) {
    if (graph.edge(e).target() == cut.to) removed.push_back(e);
  }
  const PathTree tree(graph);
  const Freed freed = WhatIf(graph, tree).RemoveEdges(removed);
  std::erase_if(plan.edges, [&](const auto& edge) { return edge.from == cut.from && edge.to == cut.to; });
  const Graph rebuilt = BuildPlan(plan);
  const auto before = SlowReach(graph, RootsAndEntries(graph), [](EdgeIndex, NodeId) { return true; });
  const auto after = SlowReach(rebuilt, RootsAndEntries(graph), [](EdgeIndex, NodeId) { return true; });
  ExpectFreed(graph, freed, before, after);
}

RC_GTEST_PROP(WhatIf, AnswersManyQuestionsAsAWalkOverAllDoes, ()) {
  const Graph graph = RandomGraph();
  RC_PRE(graph.edge_count() > 0);
  const PathTree tree(graph);
  const WhatIf what_if(graph, tree);
  const auto questions = *rc::gen::inRange(1, 6);
  const Bits live = Live(graph);
  for (int i = 0; i < questions; ++i) {
    const auto edges =
        *rc::gen::container<std::vector<EdgeIndex>>(rc::gen::inRange<EdgeIndex>(0, EdgeIndex(graph.edge_count())));
    const auto nodes =
        *rc::gen::container<std::vector<NodeId>>(rc::gen::inRange<NodeId>(0, NodeId(graph.node_count())));
    const Cut of_edges = CutEdges(graph, edges), of_nodes = CutNodes(graph, nodes);
    ExpectFreed(graph, what_if.RemoveEdges(edges), live, Live(graph, &of_edges));
    ExpectFreed(graph, what_if.RemoveNodes(nodes), live, Live(graph, &of_nodes));
  }
}

RC_GTEST_PROP(Retained, RemovingAnObjectFreesItsSubtree, ()) {
  const Graph graph = RandomGraph();
  const Dominators dominators(graph);
  const PathTree tree(graph);
  const WhatIf what_if(graph, tree);
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (!dominators.IsLive(node)) continue;
    const Freed freed = what_if.RemoveNodes({&node, 1});
    RC_ASSERT(freed.bytes == dominators.retained_bytes(node));
    RC_ASSERT(freed.objects == dominators.retained_count(node));
  }
}

RC_GTEST_PROP(Retained, ByTypeCountsEachByteOnce, ()) {
  const Graph graph = RandomGraph();
  const Dominators dominators(graph);
  for (const TypeRow& row : RetainedByType(graph, dominators)) {
    uint64_t objects = 0, bytes = 0, retained = 0;
    std::vector<NodeId> of_type;
    for (NodeId node = 0; node < graph.node_count(); ++node) {
      if (graph.type_of(node) == row.type) ++objects, bytes += graph.size(node), of_type.push_back(node);
      bool dominated = false;
      for (NodeId above = 0; above < graph.node_count(); ++above)
        dominated |= graph.type_of(above) == row.type && dominators.Dominates(above, node);
      if (dominated) retained += graph.size(node);
    }
    RC_ASSERT(row.objects == objects);
    RC_ASSERT(row.bytes == bytes);
    RC_ASSERT(row.retained_bytes == retained);
    RC_ASSERT(DominatedBytes(dominators, of_type) == retained);
  }
}

}  // namespace
}  // namespace limpet::heap
