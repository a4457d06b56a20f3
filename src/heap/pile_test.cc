#include "heap/pile.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "heap/drawn_program.h"
#include "heap/random_graph.h"
#include "heap/sample.h"

namespace limpet::heap {
namespace {

// app.SESSIONS: 40 sessions with a list and a string in it each; app.OTHER: 10 strings; 5 strings in garbage.
struct Shop {
  DrawnProgram program;
  NodeId app = program.Module("app");
  NodeId sessions = program.Dict(1000), other = program.Dict(1000);
  std::vector<NodeId> all, strings;
  Shop() {
    program.Put(app, "SESSIONS", sessions);
    program.Put(app, "OTHER", other);
    for (int i = 0; i < 40; ++i) {
      all.push_back(program.New("app.Session", 50));
      const NodeId list = program.New("list", 40);
      strings.push_back(program.New("str", 60));
      program.Set(all.back(), "history", list);
      program.Set(list, "first", strings.back());
      program.Put(sessions, "s" + std::to_string(i), all.back());
    }
    for (int i = 0; i < 10; ++i) {
      strings.push_back(program.New("str", 60));
      program.Put(other, "o" + std::to_string(i), strings.back());
    }
  }
};

TEST(Pile, IsWhereTheWaysPartHoweverDeepTheMembersAre) {
  Shop shop;
  const Graph graph = shop.program.Finish();
  Analysis analysis(graph);
  const Pile of_sessions = FindPile(analysis, shop.all), of_strings = FindPile(analysis, shop.strings);
  EXPECT_EQ(of_sessions.container, shop.sessions);
  EXPECT_EQ(of_strings.container, shop.sessions);
  EXPECT_DOUBLE_EQ(of_sessions.share, 1);
  EXPECT_DOUBLE_EQ(of_strings.share, 0.8);
  EXPECT_EQ(of_strings.held, shop.all);
  EXPECT_EQ(of_strings.subjects, shop.all);
  EXPECT_EQ(FindPile(analysis, shop.strings, 0.9).container == shop.sessions, false);
  EXPECT_EQ(MembersIn(analysis, shop.sessions, shop.strings),
            std::vector<NodeId>(shop.strings.begin(), shop.strings.begin() + 40));
  EXPECT_TRUE(MembersIn(analysis, shop.all[3], shop.all).empty());
}

TEST(Pile, GarbageIsCountedAndPilesUpNowhere) {
  Shop shop;
  std::vector<NodeId> garbage;
  for (int i = 0; i < 10; ++i) garbage.push_back(shop.program.New("app.Session", 50));
  for (int i = 0; i < 10; ++i) shop.program.Set(garbage[i], "peer", garbage[(i + 1) % 10]);
  const Graph graph = shop.program.Finish();
  Analysis analysis(graph);
  EXPECT_EQ(FindPile(analysis, garbage).container, kNoNode);
  EXPECT_DOUBLE_EQ(FindPile(analysis, garbage).garbage, 1);
  garbage.insert(garbage.end(), shop.all.begin(), shop.all.begin() + 30);
  EXPECT_EQ(FindPile(analysis, garbage).container, shop.sessions);
  EXPECT_DOUBLE_EQ(FindPile(analysis, garbage).garbage, 0.25);
  EXPECT_EQ(FindPile(analysis, {}).container, kNoNode);
}

// Whatever the graph: more than 0.6 of the group are reached by way of the container, and by no single reference out of it.
RC_GTEST_PROP(Pile, NoDeeperPlaceHasMostOfTheGroup, ()) {
  const Graph graph = BuildPlan(MakePlan());
  Analysis analysis(graph);
  std::vector<NodeId> group;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    if (*rc::gen::arbitrary<bool>()) group.push_back(node);
  }
  const Pile pile = FindPile(analysis, group);
  std::map<NodeId, size_t> through;
  std::map<EdgeIndex, size_t> by;
  size_t reached = 0;
  for (const NodeId member : group) {
    if (!analysis.paths().reached(member)) continue;
    ++reached;
    const std::vector<EdgeIndex> way = analysis.paths().To(member);
    ++through[way.empty() ? member : graph.Source(way.front())];
    for (const EdgeIndex edge : way) {
      ++through[graph.edge(edge).target()];
      ++by[edge];
    }
  }
  if (!group.empty()) RC_ASSERT(std::abs(pile.garbage - (1 - double(reached) / double(group.size()))) < 1e-9);
  if (pile.container == kNoNode) return;
  RC_ASSERT(double(through[pile.container]) > 0.6 * double(group.size()));
  for (EdgeIndex e = graph.first_edge(pile.container); e < graph.last_edge(pile.container); ++e) {
    RC_ASSERT(double(by[e]) <= 0.6 * double(group.size()));
  }
}

// Objects that were made in turns: a sample at equal distances could see the same one of each turn.
TEST(Sample, SeesEachOfTheSortsThatWereMadeInTurns) {
  for (const size_t turn : {2u, 4u, 7u, 28u}) {
    std::vector<NodeId> nodes(28'000);
    for (NodeId i = 0; i < nodes.size(); ++i) nodes[i] = i;
    std::vector<size_t> seen(turn);
    const std::vector<NodeId> sample = SampleOf(nodes, 500);
    EXPECT_EQ(sample.size(), 500u);
    EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end()));
    for (const NodeId node : sample) ++seen[node % turn];
    for (const size_t count : seen) EXPECT_GT(count, 500 / turn / 3) << turn;
  }
  EXPECT_EQ(SampleOf(std::vector<NodeId>{3, 5}, 500), (std::vector<NodeId>{3, 5}));
}

}  // namespace
}  // namespace limpet::heap
