#include "heap/shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "heap/builder.h"
#include "heap/clusters.h"
#include "heap/delta.h"
#include "heap/diff.h"
#include "heap/garbage.h"
#include "heap/labels.h"
#include "heap/random_graph.h"
#include "heap/reach.h"

namespace limpet::heap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A service with a number of sessions in a dict, and of nodes in a linked list.
std::string Service(int sessions, int list_length, int caches = 0) {
  std::string text = R"(
    main    = @interpreter
    modules = dict
    app     = module
    globals = dict
    all     = dict
    main    -> .modules:modules
    modules -> {app}:app
    app     -> .__dict__:globals
    globals -> {SESSIONS}:all {HEAD}:n0
    n0      = Node 1000
  )";
  for (int i = 0; i < sessions; ++i) {
    const std::string n = std::to_string(i);
    text += "s" + n + " = Session 10\n b" + n + " = bytes 90\n all -> {k" + n + "}:s" + n + "\n s" + n +
            " -> .buffer:b" + n + "\n";
  }
  for (int i = 1; i < list_length; ++i)
    text +=
        "n" + std::to_string(i) + " = Node 1000\n n" + std::to_string(i - 1) + " -> .next:n" + std::to_string(i) + "\n";
  for (int i = 0; i < caches; ++i)
    text +=
        "c" + std::to_string(i) + " = cache 500\n app -> .cache" + std::to_string(i) + ":c" + std::to_string(i) + "\n";
  return text;
}

struct Shaped {
  explicit Shaped(const std::string& text)
      : drawing(Draw(text)),
        paths(drawing.graph),
        dominators(drawing.graph),
        shapes(drawing.graph, paths),
        dominator_shapes(drawing.graph, dominators) {}
  Drawing drawing;
  PathTree paths;
  Dominators dominators;
  ShapeTree shapes;
  ShapeTree dominator_shapes;
};

TEST(Shapes, MaskKeysOfDataAndKeepNames) {
  const Shaped s(Service(3, 1));
  const ShapeId shape = s.shapes.of(s.drawing["s2"]);
  EXPECT_EQ(shape, s.shapes.of(s.drawing["s0"]));
  EXPECT_EQ(s.shapes.shapes()[shape].objects, 3u);
  EXPECT_EQ(s.shapes.Text(shape),
            "interpreter .modules -> dict['app'] -> module .__dict__ -> dict['SESSIONS'] -> dict[*] -> Session");
}

// A dict of the interpreter's that is no table of names is a container: its entries are many of one sort, and not each of its own.
TEST(Shapes, MaskKeysOfTheInterpretersRegistries) {
  const Shaped s(R"(
    main     = @interpreter
    registry = dict
    modules  = dict
    main     -> .codec_error_registry:registry .modules:modules
    one      = function
    two      = function
    json     = module
    re       = module
    registry -> {upload-1}:one {upload-2}:two
    modules  -> {json}:json {re}:re
  )");
  EXPECT_EQ(s.shapes.of(s.drawing["one"]), s.shapes.of(s.drawing["two"]));
  EXPECT_NE(s.shapes.of(s.drawing["json"]), s.shapes.of(s.drawing["re"]));
}

TEST(Shapes, FoldWhatRepeats) {
  const Shaped s(Service(0, 50));
  const ShapeId second = s.shapes.of(s.drawing["n1"]);
  EXPECT_NE(s.shapes.of(s.drawing["n0"]), second);  // came by another reference
  EXPECT_EQ(s.shapes.of(s.drawing["n49"]), second);
  EXPECT_EQ(s.shapes.shapes()[second].objects, 49u);
}

TEST(Shapes, FoldCyclesOfSeveralTypes) {
  std::string text = "main = @interpreter\n t0 = Tree\n main -> .t:t0\n";
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i), next = std::to_string(i + 1);
    text +=
        "l" + n + " = list\n t" + next + " = Tree\n t" + n + " -> .children:l" + n + "\n l" + n + " -> t" + next + "\n";
  }
  const Shaped s(text);
  EXPECT_EQ(s.shapes.of(s.drawing["t20"]), s.shapes.of(s.drawing["t1"]));
  EXPECT_EQ(s.shapes.of(s.drawing["l19"]), s.shapes.of(s.drawing["l1"]));
}

TEST(Clusters, TellHowManyAreHeldInTheSameWay) {
  const Shaped s(Service(3, 1) +
                 "app -> .last:extra\n extra = Session 10\n g = Session 7\n h = Session 7\n g -> h\n h -> g\n");
  std::vector<NodeId> group;
  for (const char* name : {"s0", "s1", "s2", "extra", "g", "h", "h"}) group.push_back(s.drawing[name]);
  const std::vector<Cluster> clusters = ClusterByShape(s.shapes, s.dominators, group);
  ASSERT_EQ(clusters.size(), 3u);
  EXPECT_EQ(clusters[0].objects, 3u);
  EXPECT_EQ(clusters[0].bytes, 30u);
  EXPECT_EQ(clusters[0].retained_bytes, 300u);
  EXPECT_EQ(clusters[0].representative, s.drawing["s0"]);
  EXPECT_EQ(clusters[1].shape, kNoShape);  // the garbage
  EXPECT_EQ(clusters[1].retained_bytes, 14u);
  EXPECT_EQ(clusters[2].representative, s.drawing["extra"]);
}

TEST(Diff, FindsWhereObjectsPileUp) {
  const Shaped a(Service(3, 5)), b(Service(5, 9)), c(Service(8, 20));
  const std::vector<GrowingShape> growth = FindGrowth({&a.shapes, &b.shapes, &c.shapes});
  ASSERT_EQ(growth.size(), 3u);
  EXPECT_EQ(growth[0].type, "Node");
  EXPECT_THAT(growth[0].objects, ElementsAre(4, 8, 19));
  EXPECT_EQ(growth[0].more_bytes(), 15'000);
  EXPECT_EQ(growth[1].path,
            "interpreter .modules -> dict['app'] -> module .__dict__ -> dict['SESSIONS'] -> dict[*] -> Session");
  EXPECT_EQ(growth[1].more_objects(), 5);
  EXPECT_EQ(growth[1].more_bytes(), 500);  // buffers hang on sessions: counted, not told apart
  EXPECT_EQ(growth[2].type, "str");        // the keys
}

TEST(Diff, WhatGrewOnlyOnceIsNoGrowth) {
  const Shaped a(Service(3, 5)), b(Service(9, 5)), c(Service(9, 6));
  EXPECT_THAT(FindGrowth({&a.shapes, &b.shapes, &c.shapes}), IsEmpty());
  EXPECT_EQ(FindGrowth({&a.shapes, &b.shapes}).size(), 2u);
  EXPECT_THAT(FindGrowth({&a.shapes, &b.shapes}, 7), IsEmpty());
}

TEST(Diff, ByTypeAndBySite) {
  GraphBuilder before, after;
  const TypeId x = before.AddType("X"), y = after.AddType("Y"), x_after = after.AddType("X");
  before.SetBirth(before.AddNode(x, 10), 5);
  before.SetBirth(before.AddNode(x, 10), 6);
  for (int i = 0; i < 4; ++i) after.SetBirth(after.AddNode(x_after, 10), 5);
  after.SetBirth(after.AddNode(y, 1), 6);
  Snapshot a, b;
  a.graph = before.Finish();
  b.graph = after.Finish();
  // The same site has other numbers in each snapshot.
  a.births = {{}, {}, {}, {}, {70, 1}, {71, 1}};
  b.births = {{}, {}, {}, {}, {71, 2}, {70, 2}};
  const auto by_type = ChangesByType(a.graph, b.graph);
  ASSERT_EQ(by_type.size(), 2u);
  EXPECT_EQ(by_type[0].type, "X");
  EXPECT_EQ(by_type[0].bytes(), 20);
  EXPECT_EQ(by_type[1].objects(), 1);
  const auto by_site = ChangesBySite(a, b);
  ASSERT_EQ(by_site.size(), 2u);
  EXPECT_EQ(by_site[0].site, 71u);
  EXPECT_EQ(by_site[0].bytes(), 30);
  EXPECT_EQ(by_site[1].bytes(), -9);
}

TEST(Delta, EndsWhereMemoryAccumulates) {
  const Shaped a(Service(3, 1)), b(Service(60, 1));
  const auto found = FindAccumulation(a.dominator_shapes, b.dominator_shapes);
  ASSERT_EQ(found.size(), 1u);
  // One buffer each: it is in them that the memory is.
  EXPECT_EQ(found[0].objects_before, 3u);
  EXPECT_EQ(found[0].objects_after, 60u);
  EXPECT_EQ(found[0].path,
            "interpreter .modules -> dict['app'] -> module .__dict__ -> dict['SESSIONS'] -> dict[*] -> Session .buffer "
            "-> bytes");
}

TEST(Delta, FollowsSeveralLargeOnes) {
  const Shaped a(Service(10, 10)), b(Service(110, 20));
  const auto found = FindAccumulation(a.dominator_shapes, b.dominator_shapes);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].bytes(), 10'000);
  EXPECT_EQ(found[1].bytes(), 9'000);  // 100 buffers
  EXPECT_THAT(FindAccumulation(b.dominator_shapes, a.dominator_shapes), IsEmpty());
}

// holder -> table (of 1000 bytes) -> many of 10
TEST(Delta, AccumulationPointOfOneSnapshot) {
  std::string text = "main = @interpreter\n holder = H 1\n table = list 100\n main -> .h:holder\n holder -> .t:table\n";
  for (int i = 0; i < 100; ++i)
    text += "o" + std::to_string(i) + " = Item 10\n table -> [" + std::to_string(i) + "]:o" + std::to_string(i) + "\n";
  const Shaped s(text);
  EXPECT_EQ(AccumulationPoint(s.dominators, s.drawing["main"]), s.drawing["table"]);
}

//  g1 <-> h1 -> big1     g2 <-> h2     x -> x      both of g1 and g2 -> shared
TEST(Garbage, IsGroupedByTheLookOfItsCycles) {
  const Drawing d = Draw(R"(
    main = @interpreter
    live = object 5
    main -> .l:live
    g1 = Node 10
    h1 = Node 10
    g2 = Node 10
    h2 = Node 10
    big1 = bytes 1000
    shared = str 50
    x = list 7
    g1 -> .next:h1 .s:shared .l:live
    h1 -> .back:g1 .data:big1
    h2 -> .back:g2
    g2 -> .next:h2 .s:shared
    x -> x
  )");
  const CycleReport report = FindGarbage(d.graph, Live(d.graph));
  ASSERT_EQ(report.groups.size(), 2u);
  EXPECT_EQ(report.groups[0].shape, "Node .back -> Node .next ->");
  EXPECT_EQ(report.groups[0].components, 2u);
  EXPECT_EQ(report.groups[0].objects, 4u);
  EXPECT_EQ(report.groups[0].hanging_bytes, 1000u);
  EXPECT_EQ(report.groups[1].shape, "list[*] ->");
  EXPECT_EQ(report.shared_bytes, 50u);
  EXPECT_EQ(report.bytes, 1097u);
  EXPECT_EQ(report.objects, 7u);
}

RC_GTEST_PROP(Garbage, EveryObjectCountsOnceAndCyclesAreShortest, ()) {
  const Graph graph = RandomGraph();
  const Bits live = Live(graph);
  const CycleReport report = FindGarbage(graph, live);
  uint64_t bytes = 0, told = report.shared_bytes;
  for (NodeId node = 0; node < graph.node_count(); ++node) bytes += live[node] ? 0 : graph.size(node);
  RC_ASSERT(report.bytes == bytes);
  for (const CycleGroup& group : report.groups) {
    told += group.all_bytes();
    if (group.cycle.empty()) continue;
    std::set<NodeId> nodes;
    for (size_t i = 0; i < group.cycle.size(); ++i) {
      const NodeId from = graph.Source(group.cycle[i]);
      RC_ASSERT(graph.edge(group.cycle[i]).target() == graph.Source(group.cycle[(i + 1) % group.cycle.size()]));
      RC_ASSERT(graph.edge(group.cycle[i]).holds());
      RC_ASSERT(!live[from]);
      RC_ASSERT(nodes.insert(from).second);
    }
  }
  RC_ASSERT(told == bytes);
}

// What shapes are, the slow way: each object's path as text, without folding as no path here repeats a triple.
RC_GTEST_PROP(Shapes, CountEveryReachedObjectOnce, ()) {
  const Graph graph = RandomGraph();
  const PathTree paths(graph);
  const ShapeTree shapes(graph, paths);
  std::map<ShapeId, uint64_t> bytes;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    RC_ASSERT((shapes.of(node) != kNoShape) == paths.reached(node));
    if (!paths.reached(node)) continue;
    const ShapeId shape = shapes.of(node);
    bytes[shape] += graph.size(node);
    RC_ASSERT(shapes.shapes()[shape].type == graph.type_of(node));
    if (paths.is_start(node)) continue;
    // Above it stands its parent's shape, or one that repeats it.
    const EdgeLabel label = graph.Label(paths.parent(node), paths.via(node));
    if (label.kind != RefKind::kValue && label.kind != RefKind::kKey)
      RC_ASSERT(shapes.label(shapes.shapes()[shape]) == MaskedEdgeText(graph, label));
    const ShapeId above = shapes.shapes()[shape].parent;
    RC_ASSERT(shapes.shapes()[above].type == graph.type_of(paths.parent(node)));
  }
  for (ShapeId shape = 0; shape < shapes.shapes().size(); ++shape) {
    RC_ASSERT(shapes.shapes()[shape].bytes == bytes[shape]);
    RC_ASSERT(shapes.shapes()[shape].parent == kNoShape || shapes.shapes()[shape].parent < shape);
  }
}

RC_GTEST_PROP(Diff, TotalsOfMergedShapesAreThoseOfTheSnapshots, ()) {
  const Graph a = RandomGraph(), b = RandomGraph();
  const PathTree paths_a(a), paths_b(b);
  const ShapeTree shapes_a(a, paths_a), shapes_b(b, paths_b);
  std::vector<uint64_t> totals(2), expected(2);
  for (const MergedShape& shape : MergeShapes({&shapes_a, &shapes_b})) {
    for (size_t k = 0; k < 2; ++k) totals[k] += shape.parent == kNoShape ? shape.total_bytes[k] : 0;
  }
  for (NodeId node = 0; node < a.node_count(); ++node) expected[0] += paths_a.reached(node) ? a.size(node) : 0;
  for (NodeId node = 0; node < b.node_count(); ++node) expected[1] += paths_b.reached(node) ? b.size(node) : 0;
  RC_ASSERT(totals == expected);
}

}  // namespace
}  // namespace limpet::heap
