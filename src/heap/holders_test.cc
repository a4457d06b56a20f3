#include "heap/holders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "heap/drawn_program.h"
#include "heap/random_graph.h"

namespace limpet::heap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<NodeId> AllOf(const Graph& graph, std::string_view type) {
  std::vector<NodeId> nodes;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (graph.type(graph.type_of(node)).name == type) nodes.push_back(node);
  }
  return nodes;
}

std::string CutEdge(const Way& way) { return way.cut_part && !way.cut.empty() ? way.parts[*way.cut_part].edge : ""; }

std::vector<std::string> Lines(const Graph& graph, const Holding& holding) {
  std::vector<std::string> lines;
  for (const Way& way : holding.ways) lines.push_back(PathLine(graph, way.parts));
  return lines;
}

// module app .SESSIONS -> dict -> 100 sessions with a buffer each
struct Service {
  DrawnProgram program;
  NodeId app = program.Module("app");
  NodeId sessions = program.Dict(4000);
  std::vector<NodeId> all;
  Service() {
    program.Put(app, "SESSIONS", sessions);
    for (int i = 0; i < 100; ++i) {
      const NodeId session = program.New("app.Session", 50);
      program.Set(session, "buffer", program.New("bytearray", 1000));
      program.Put(sessions, "u" + std::to_string(i), session);
      all.push_back(session);
    }
  }
};

TEST(Holders, TellManyAsOneWayAndWhatCuttingItFrees) {
  Service service;
  const Graph graph = service.program.Finish();
  Analysis analysis(graph);
  const Holders holders = FindHolders(analysis, AllOf(graph, "app.Session"), 5);
  EXPECT_EQ(holders.objects, 100u);
  EXPECT_EQ(holders.bytes, 5000u);
  EXPECT_EQ(holders.retained_bytes, 105'000u);
  ASSERT_EQ(holders.holdings.size(), 1u);
  const Holding& holding = holders.holdings[0];
  EXPECT_THAT(Lines(graph, holding), ElementsAre("module app .SESSIONS -> dict['…'] -> Session"));
  EXPECT_EQ(CutEdge(holding.ways[0]), "['…']");
  EXPECT_EQ(holding.ways[0].cut.size(), 200u);  // keys go with their values
  EXPECT_EQ(holding.freed_group, 100u);
  EXPECT_EQ(holding.freed_bytes, 105'000u + 100 * 50);
}

TEST(Holders, CutWhereWaysPartAndNotBehind) {
  Service service;
  const Graph graph = service.program.Finish();
  Analysis analysis(graph);
  const Holders holders = FindHolders(analysis, AllOf(graph, "bytearray"), 5);
  ASSERT_EQ(holders.holdings.size(), 1u);
  EXPECT_THAT(Lines(graph, holders.holdings[0]),
              ElementsAre("module app .SESSIONS -> dict['…'] -> Session.buffer -> bytearray"));
  EXPECT_EQ(CutEdge(holders.holdings[0].ways[0]), "['…']");
  EXPECT_EQ(holders.holdings[0].freed_group, 100u);
}

TEST(Holders, CutOneReferenceOfOneObject) {
  Service service;
  const Graph graph = service.program.Finish();
  Analysis analysis(graph);
  const Holders of_dict = FindHolders(analysis, std::vector{service.sessions}, 5);
  EXPECT_EQ(CutEdge(of_dict.holdings[0].ways[0]), ".SESSIONS");
  EXPECT_EQ(of_dict.holdings[0].freed_bytes, of_dict.retained_bytes);
  const Holders of_one = FindHolders(analysis, std::vector{service.all[17]}, 5);
  EXPECT_EQ(CutEdge(of_one.holdings[0].ways[0]), "['u17']");
  EXPECT_EQ(of_one.holdings[0].freed_bytes, 1050u + 50);  // and the key
}

TEST(Holders, NameTheOtherHolderWhereOneCutFreesNothing) {
  Service service;
  const NodeId listeners = service.program.New("list");
  service.program.Put(service.app, "LISTENERS", listeners);
  for (const NodeId session : service.all) service.program.Append(listeners, session);
  const Graph graph = service.program.Finish();
  Analysis analysis(graph);
  const Holders holders = FindHolders(analysis, AllOf(graph, "app.Session"), 5);
  ASSERT_EQ(holders.holdings.size(), 1u);
  EXPECT_THAT(Lines(graph, holders.holdings[0]),
              testing::UnorderedElementsAre("module app .SESSIONS -> dict['…'] -> Session",
                                            "module app .LISTENERS -> list[…] -> Session"));
  EXPECT_EQ(holders.holdings[0].freed_group, 100u);
}

TEST(Holders, TellSeveralWaysApart) {
  Service service;
  const NodeId old = service.program.New("list");
  service.program.Put(service.app, "OLD", old);
  for (int i = 0; i < 3; ++i) service.program.Append(old, service.program.New("app.Session", 50));
  const Graph graph = service.program.Finish();
  Analysis analysis(graph);
  Holders holders = FindHolders(analysis, AllOf(graph, "app.Session"), 5);
  ASSERT_EQ(holders.holdings.size(), 2u);
  EXPECT_EQ(holders.holdings[0].objects, 100u);
  EXPECT_EQ(holders.holdings[1].objects, 3u);
  holders = FindHolders(analysis, AllOf(graph, "app.Session"), 1);
  EXPECT_EQ(holders.more_holdings, 1u);
  EXPECT_EQ(holders.more_objects, 3u);
}

TEST(Holders, SayThatNobodyHoldsGarbage) {
  DrawnProgram program;
  program.Module("app");
  for (int i = 0; i < 10; ++i) {
    const NodeId a = program.New("app.Node"), b = program.New("app.Node");
    program.Set(a, "next", b);
    program.Set(b, "back", a);
  }
  const Graph graph = program.Finish();
  Analysis analysis(graph);
  const Holders holders = FindHolders(analysis, AllOf(graph, "app.Node"), 5);
  EXPECT_TRUE(holders.holdings.empty());
  EXPECT_EQ(holders.garbage_objects, 20u);
  EXPECT_EQ(holders.garbage_bytes, 320u);
  ASSERT_TRUE(holders.cycle);
  EXPECT_EQ(holders.cycle->components, 10u);
  EXPECT_THAT(CycleLine(graph, NameCycle(graph, holders.cycle->cycle)),
              testing::AnyOf("Node.next -> Node.back -> Node", "Node.back -> Node.next -> Node"));
}

TEST(Holders, CountWhatCCodeHolds) {
  DrawnProgram program;
  const NodeId kept = program.New("list"), lost = program.New("app.Lost");
  program.Put(program.Module("app"), "KEPT", kept);
  program.Watch(program.New("weakref"), lost);
  program.Watch(kept, lost);
  program.builder().AddSurplus(lost, 2);
  const Graph graph = program.Finish();
  Analysis analysis(graph);
  const Holders holders = FindHolders(analysis, std::vector{lost}, 5);
  ASSERT_EQ(holders.holdings.size(), 1u);
  EXPECT_EQ(holders.holdings[0].surplus, 2u);
  EXPECT_EQ(holders.holdings[0].refcount, 2u);
  EXPECT_TRUE(holders.holdings[0].ways[0].cut.empty());
  ASSERT_EQ(holders.weak.size(), 2u);
}

TEST(Holders, HoldAListOfAMillionLinks) {
  DrawnProgram program;
  NodeId last = program.New("app.Link");
  program.Put(program.Module("app"), "HEAD", last);
  for (int i = 1; i < 1'000'000; ++i) {
    const NodeId next = program.New("app.Link");
    program.Set(last, "next", next);
    last = next;
  }
  const Graph graph = program.Finish();
  Analysis analysis(graph);
  const Holders holders = FindHolders(analysis, AllOf(graph, "app.Link"), 5);
  ASSERT_FALSE(holders.holdings.empty());
  EXPECT_EQ(CutEdge(holders.holdings[0].ways[0]), ".HEAD");
  EXPECT_EQ(holders.holdings[0].freed_objects, 1'000'000u);
  const Holders of_last = FindHolders(analysis, std::vector{last}, 5);
  EXPECT_EQ(PathLine(graph, of_last.holdings[0].ways[0].parts), "module app .HEAD.next (999999 times) -> Link");
}

// Whatever is advised: the paths are true, and the cuts free what they are said to.
RC_GTEST_PROP(Holders, TellTheTruthOnAnyGraph, ()) {
  const Graph graph = RandomGraph();
  std::vector<NodeId> group;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (*rc::gen::inRange(0, 3) == 0) group.push_back(node);
  }
  Analysis analysis(graph);
  const Holders holders = FindHolders(analysis, group, 100);
  uint64_t held = holders.garbage_objects;
  for (const Holding& holding : holders.holdings) {
    held += holding.objects;
    Cut cut;
    cut.edges = Bits(graph.edge_count());
    for (const Way& way : holding.ways) {
      NodeId at = way.start;
      for (const EdgeIndex edge : way.path) {
        RC_ASSERT(graph.Source(edge) == at && graph.edge(edge).holds());
        at = graph.edge(edge).target();
      }
      RC_ASSERT(std::binary_search(group.begin(), group.end(), at));
      for (const EdgeIndex edge : way.cut) cut.edges.Set(edge);
    }
    const Bits live = Live(graph), left = Live(graph, &cut);
    uint64_t freed = 0;
    for (NodeId node = 0; node < graph.node_count(); ++node) freed += live[node] && !left[node];
    RC_ASSERT(holding.freed_objects == (holding.ways.back().cut.empty() && holding.ways.size() == 1 ? 0 : freed));
  }
  RC_ASSERT(held == group.size());
}

}  // namespace
}  // namespace limpet::heap
