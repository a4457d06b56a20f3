#include "viewer/treemap.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "heap/drawn_program.h"

namespace limpet::viewer {
namespace {

const TreemapRow* Find(const std::vector<TreemapRow>& rows, const std::string& label) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const TreemapRow& row) { return row.label == label; });
  return found == rows.end() ? nullptr : &*found;
}

TEST(Treemap, TellsWhatHangsOnWhat) {
  heap::DrawnProgram program;
  const heap::NodeId dict = program.Module("app");
  const heap::NodeId sessions = program.Dict();
  program.Put(dict, "SESSIONS", sessions);
  for (int i = 0; i < 200; i++) {
    const heap::NodeId session = program.New("app.Session", 100);
    program.Set(session, "buffer", program.New("bytearray", 900));
    program.Put(sessions, "u" + std::to_string(i), session);
  }
  const heap::Graph graph = program.Finish();
  heap::Analysis analysis(graph);
  const std::vector<TreemapRow> rows = MakeTreemap(analysis, {});
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows[0].bytes, graph.total_bytes());
  const TreemapRow *module = Find(rows, "module app"), *held = Find(rows, ".SESSIONS"),
                   *session = Find(rows, "app.Session"), *buffer = Find(rows, "bytearray");
  ASSERT_TRUE(module && held && session && buffer);
  EXPECT_EQ(held->type, "dict");
  EXPECT_EQ(session->groups, 200u);
  EXPECT_EQ(session->bytes, 200'000u);
  EXPECT_EQ(buffer->bytes, 180'000u);
  EXPECT_EQ(&rows[session->parent], held);
  EXPECT_EQ(&rows[buffer->parent], session);
}

TEST(Treemap, GivesGarbageARowOfItsOwn) {
  heap::DrawnProgram program;
  program.Module("app");
  const heap::NodeId one = program.New("app.Node", 1000), other = program.New("app.Node", 1000);
  program.Set(one, "next", other);
  program.Set(other, "back", one);
  const heap::Graph graph = program.Finish();
  heap::Analysis analysis(graph);
  const std::vector<TreemapRow> rows = MakeTreemap(analysis, {});
  const TreemapRow* garbage = Find(rows, "garbage that waits for the collector");
  ASSERT_NE(garbage, nullptr);
  EXPECT_EQ(garbage->bytes, 2000u);
}

TEST(Treemap, KeepsToItsLimits) {
  heap::DrawnProgram program;
  const heap::NodeId dict = program.Module("app");
  for (int i = 0; i < 100; i++)
    program.Put(dict, "x" + std::to_string(i), program.New("app.T" + std::to_string(i), 500));
  const heap::Graph graph = program.Finish();
  heap::Analysis analysis(graph);
  EXPECT_LE(MakeTreemap(analysis, {.rows = 7}).size(), 7u);
  for (const TreemapRow& row : MakeTreemap(analysis, {.least = 0.3}))
    EXPECT_GE(row.bytes, graph.total_bytes() * 3 / 10);
}

// Whatever the heap: parents stand before their children, and children are parts of them.
TEST(Treemap, IsATreeOfParts) {
  for (uint32_t seed = 1; seed <= 50; seed++) {
    heap::DrawnProgram program;
    std::vector<heap::NodeId> nodes = {program.Module("app")};
    uint32_t state = seed;
    const auto random = [&](uint32_t below) { return (state = state * 1664525 + 1013904223) / 7 % below; };
    for (int i = 0; i < 60; i++) {
      const heap::NodeId node = program.New("t" + std::to_string(random(5)), 1 + random(1000));
      for (uint32_t k = 0; k <= random(3); k++)
        program.Set(nodes[random(uint32_t(nodes.size()))], "a" + std::to_string(i) + "_" + std::to_string(k), node);
      nodes.push_back(node);
    }
    const heap::Graph graph = program.Finish();
    heap::Analysis analysis(graph);
    const std::vector<TreemapRow> rows = MakeTreemap(analysis, {.rows = 40, .children = 5, .least = 0});
    std::vector<uint64_t> bytes(rows.size()), objects(rows.size());
    for (size_t i = 1; i < rows.size(); i++) {
      ASSERT_LT(rows[i].parent, i);
      bytes[rows[i].parent] += rows[i].bytes;
      objects[rows[i].parent] += rows[i].objects;
    }
    for (size_t i = 0; i < rows.size(); i++) {
      EXPECT_LE(bytes[i], rows[i].bytes) << seed;
      EXPECT_LE(objects[i], rows[i].objects) << seed;
    }
  }
}

}  // namespace
}  // namespace limpet::viewer
