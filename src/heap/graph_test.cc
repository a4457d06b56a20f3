#include "heap/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "heap/builder.h"
#include "heap/random_graph.h"
#include "heap/reach.h"
#include "heap/surplus.h"

namespace limpet::heap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PackedArray, KeepsSmallAndLargeValues) {
  PackedArray<2> array(4);
  array.Set(3, uint64_t{1} << 40);
  array.Set(1, 70'000);
  array.Set(2, 0xffff);
  array.Set(0, 0xfffe);
  array.Seal();
  EXPECT_EQ(array[0], 0xfffeu);
  EXPECT_EQ(array[1], 70'000u);
  EXPECT_EQ(array[2], 0xffffu);
  EXPECT_EQ(array[3], uint64_t{1} << 40);
}

TEST(Graph, KnowsFactsOfObjects) {
  GraphBuilder builder;
  const TypeId text = builder.AddType("str");
  const NodeId a = builder.AddNode(text, 5'000'000'000);
  const NodeId b = builder.AddNode(text, 49);
  builder.SetAddress(b, 0x7f00'1234'5670);
  builder.SetBirth(b, 16'777'215);
  builder.SetText(b, "'key'");
  builder.AddSurplus(b, 100'000);
  const Graph graph = builder.Finish();
  EXPECT_EQ(graph.size(a), 5'000'000'000u);
  EXPECT_EQ(graph.address(b), 0x7f00'1234'5670u);
  EXPECT_EQ(graph.birth(b), 16'777'215u);
  EXPECT_EQ(graph.refcount(b), 100'000u);
  EXPECT_EQ(graph.text(b), "'key'");
  EXPECT_EQ(graph.text(a), "");
  EXPECT_EQ(graph.FindAddress(0x7f00'1234'5670), b);
  EXPECT_EQ(graph.FindAddress(1), kNoNode);
  EXPECT_EQ(graph.FindType("str"), text);
  EXPECT_EQ(graph.total_bytes(), 5'000'000'049u);
}

TEST(Graph, CallsReferencesAsTheirRunsSay) {
  const Drawing d = Draw(R"(
    d -> {one}:a {two}:b
    o -> .x:a [0]:b [1]:a .y:b local v:a
  )");
  const Graph& graph = d.graph;
  const EdgeIndex first = graph.first_edge(d["d"]);
  ASSERT_EQ(graph.degree(d["d"]), 4u);
  EXPECT_EQ(graph.Label(d["d"], first).kind, RefKind::kKey);
  const EdgeLabel two = graph.Label(d["d"], first + 3);
  EXPECT_EQ(two.kind, RefKind::kValue);
  EXPECT_EQ(graph.text(two.key), "'two'");
  const EdgeIndex o = graph.first_edge(d["o"]);
  EXPECT_EQ(graph.name(graph.Label(d["o"], o).argument), "x");
  EXPECT_EQ(graph.Label(d["o"], o + 2).argument, 1u);
  EXPECT_EQ(graph.Label(d["o"], o + 2).kind, RefKind::kItem);
  EXPECT_EQ(graph.name(graph.Label(d["o"], o + 3).argument), "y");
  EXPECT_EQ(graph.Label(d["o"], o + 4).kind, RefKind::kLocal);
  EXPECT_EQ(graph.Source(first + 3), d["d"]);
  EXPECT_EQ(graph.Source(o), d["o"]);
}

TEST(Graph, DictsOfAllLengthsShareAClass) {
  const Drawing d = Draw(R"(
    a = dict
    b = dict
    a -> {one}:x {two}:x
    b -> {one}:x
  )");
  EXPECT_EQ(d.graph.class_of(d["a"]), d.graph.class_of(d["b"]));
}

TEST(Graph, InstancesHoldTheirHeapType) {
  GraphBuilder builder;
  const TypeId type = builder.AddType("type");
  const TypeId session = builder.AddType("app.Session", capture::kTypeHeap, 0x1000);
  const NodeId cls = builder.AddNode(type);
  builder.SetAddress(cls, 0x1000);
  const NodeId instance = builder.AddNode(session);
  const NodeId other = builder.AddNode(type);
  builder.AddAttribute(instance, other, "x");
  const Graph graph = builder.Finish();
  ASSERT_EQ(graph.degree(instance), 2u);
  EXPECT_EQ(graph.edge(graph.first_edge(instance)).target(), cls);
  EXPECT_EQ(graph.Label(instance, graph.first_edge(instance)).kind, RefKind::kType);
  EXPECT_EQ(graph.Label(instance, graph.first_edge(instance) + 1).kind, RefKind::kAttribute);
}

RC_GTEST_PROP(Referrers, AreTheHoldingEdgesTheOtherWay, ()) {
  const Graph graph = RandomGraph();
  std::vector<std::vector<NodeId>> expected(graph.node_count());
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    for (EdgeIndex e = graph.first_edge(node); e < graph.last_edge(node); ++e) {
      RC_ASSERT(graph.Source(e) == node);
      if (graph.edge(e).holds()) expected[graph.edge(e).target()].push_back(node);
    }
  }
  const Referrers referrers(graph);
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    const auto of = referrers.of(node);
    RC_ASSERT(std::vector<NodeId>(of.begin(), of.end()) == expected[node]);
  }
}

RC_GTEST_PROP(Reach, EqualsTheSlowOne, ()) {
  const Graph graph = RandomGraph();
  Cut cut;
  if (*rc::gen::arbitrary<bool>()) {
    cut.nodes = Bits(graph.node_count());
    cut.nodes.Set(*rc::gen::inRange<size_t>(0, graph.node_count()));
  }
  if (graph.edge_count() > 0 && *rc::gen::arbitrary<bool>()) {
    cut.edges = Bits(graph.edge_count());
    cut.edges.Set(*rc::gen::inRange<size_t>(0, graph.edge_count()));
  }
  const auto allowed = [&](NodeId node) { return cut.nodes.empty() || !cut.nodes[node]; };
  std::vector<NodeId> starts;
  for (const NodeId start : RootsAndEntries(graph)) {
    if (allowed(start)) starts.push_back(start);
  }
  const auto expected = SlowReach(graph, starts, [&](EdgeIndex e, NodeId target) {
    return allowed(target) && (cut.edges.empty() || !cut.edges[e]);
  });
  const Bits live = Live(graph, &cut);
  for (NodeId node = 0; node < graph.node_count(); ++node) RC_ASSERT(live[node] == expected[node]);
}

std::vector<std::string> EntryNames(const Drawing& d) {
  std::vector<std::string> names;
  for (const Entry& entry : d.graph.entries())
    names.push_back(d.NameOf(entry.node) + "+" + std::to_string(entry.surplus));
  return names;
}

//  main -> a -> b <-(C code: 2 references)          g <-> h: garbage, no entry
TEST(Surplus, IsWhatNobodyExplains) {
  const Drawing d = Draw(R"(
    main = @thread
    b = Session 7 +2
    main -> .x:a
    a -> .x:b
    g -> .x:h
    h -> .x:g
  )");
  EXPECT_THAT(EntryNames(d), ElementsAre("b+2"));
  const std::vector<TypeSurplus> by_type = SurplusByType(d.graph);
  ASSERT_EQ(by_type.size(), 1u);
  EXPECT_EQ(by_type[0].type, "Session");
  EXPECT_EQ(by_type[0].references, 2u);
  EXPECT_EQ(by_type[0].bytes, 7u);
}

//  c1 -?-> a   c2 -?-> a   a has one reference that nobody explains: the first of the two is it, the other only looks like one
TEST(Surplus, MaybeReferencesHoldAsLongAsTheCountLasts) {
  const Drawing d = Draw(R"(
    c1 = @module
    c2 = @module
    a = object 1 +1
    c1 -> ?:a
    c2 -> ?:a
  )");
  EXPECT_THAT(EntryNames(d), IsEmpty());
  EXPECT_TRUE(d.graph.edge(d.graph.first_edge(d["c1"])).holds());
  EXPECT_FALSE(d.graph.edge(d.graph.first_edge(d["c2"])).holds());
}

TEST(Surplus, WeakReferencesExplainNothing) {
  const Drawing d = Draw(R"(
    main = @thread
    a = object 1 +1
    main -> ~:a
  )");
  EXPECT_THAT(EntryNames(d), ElementsAre("a+1"));
}

TEST(Surplus, UnreachedImmortalObjectsAreEntriesHeadsFirst) {
  const Drawing d = Draw(R"(
    main = @thread
    seen = str 1 !
    t = type 1 !
    u = tuple 1 !
    x = str 1 !
    y = str 1 !
    main -> .s:seen
    t -> .x:u
    x -> .x:y
    y -> .x:x
  )");
  EXPECT_THAT(EntryNames(d), ElementsAre("t+0", "x+0"));
}

TEST(Surplus, GrowthIsByType) {
  const Drawing before = Draw("a = X 1 +1\n b = Y 1 +1\n");
  const Drawing after = Draw("a = X 1 +4\n b = Y 1 +1\n c = Z 1 +2\n");
  const std::vector<TypeSurplusGrowth> growth = SurplusGrowth(before.graph, after.graph);
  ASSERT_EQ(growth.size(), 2u);
  EXPECT_EQ(growth[0].after.type, "X");
  EXPECT_EQ(growth[0].references(), 3);
  EXPECT_EQ(growth[1].after.type, "Z");
}

}  // namespace
}  // namespace limpet::heap
