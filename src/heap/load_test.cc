#include "heap/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "heap/builder.h"
#include "heap/random_graph.h"
#include "heap/synthetic_heap.h"
#include "heap/write_snapshot.h"

namespace limpet::heap {
namespace {

using testing::HasSubstr;

class TemporaryFile {
 public:
  TemporaryFile() : path_(testing::TempDir() + "limpet_load_test." + std::to_string(getpid())) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_;
};

// Empty if `b` begins with what `a` is in its first `nodes` objects.
std::string Difference(const Graph& a, const Graph& b, size_t nodes) {
  for (NodeId node = 0; node < nodes; ++node) {
    const std::string at = " of node " + std::to_string(node);
    if (a.type(a.type_of(node)).name != b.type(b.type_of(node)).name) return "type" + at;
    if (a.size(node) != b.size(node)) return "size" + at;
    if (a.address(node) != b.address(node)) return "address" + at;
    if (a.refcount(node) != b.refcount(node)) return "count" + at;
    if (a.birth(node) != b.birth(node)) return "birth" + at;
    if (a.text(node) != b.text(node)) return "text" + at;
    if (a.degree(node) != b.degree(node)) return "degree" + at;
    for (uint32_t i = 0; i < a.degree(node); ++i) {
      const EdgeIndex ea = a.first_edge(node) + i, eb = b.first_edge(node) + i;
      const NodeId target = a.edge(ea).target();
      if (target >= nodes) continue;
      if (target != b.edge(eb).target()) return "reference " + std::to_string(i) + at;
      if (nodes == a.node_count() && a.edge(ea).holds() != b.edge(eb).holds()) return "hold " + std::to_string(i) + at;
      const EdgeLabel la = a.Label(node, ea), lb = b.Label(node, eb);
      if (la.kind != lb.kind || la.strength != lb.strength || la.argument != lb.argument) return "label" + at;
    }
  }
  return "";
}

RC_GTEST_PROP(Load, GivesBackWhatWasWritten, ()) {
  const Graph graph = RandomGraph();
  const TemporaryFile file;
  WriteSnapshot(graph, file.path());
  const Result<Snapshot> loaded = LoadSnapshot(file.path());
  RC_ASSERT(loaded.ok());
  RC_ASSERT(loaded->problems.empty());
  RC_ASSERT(loaded->graph.node_count() == graph.node_count());
  RC_ASSERT(loaded->graph.edge_count() == graph.edge_count());
  RC_ASSERT(Difference(graph, loaded->graph, graph.node_count()) == "");
  RC_ASSERT(loaded->graph.entries().size() == graph.entries().size());
}

GraphBuilder WithHeapType() {
  GraphBuilder builder;
  const TypeId type = builder.AddType("type"), session = builder.AddType("app.Session", capture::kTypeHeap, 0x1000);
  const NodeId first = builder.AddNode(session);  // before its type
  builder.AddAttribute(first, builder.AddNode(session), "x");
  builder.SetAddress(builder.AddNode(type), 0x1000);
  return builder;
}

TEST(Load, AddsReferencesToHeapTypes) {
  const Graph graph = WithHeapType().Finish();
  const TemporaryFile file;
  WriteSnapshot(graph, file.path());
  const Result<Snapshot> loaded = LoadSnapshot(file.path());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(Difference(graph, loaded->graph, 3), "");
  EXPECT_EQ(loaded->graph.edge_count(), 3u);
  EXPECT_EQ(loaded->graph.edge(0).target(), 2u);
}

// A heap of many parts, and an object with more references than fit into one.
class LargeSnapshot : public testing::Test {
 protected:
  void SetUp() override { WriteSnapshot(graph_, file_.path()); }
  const Graph graph_ = MakeSyntheticHeap(400'000);
  const TemporaryFile file_;
};

TEST_F(LargeSnapshot, IsLoadedByTwoThreadsAsByOne) {
  const Result<Snapshot> loaded = LoadSnapshot(file_.path());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->graph.node_count(), graph_.node_count());
  EXPECT_EQ(loaded->graph.edge_count(), graph_.edge_count());
  EXPECT_EQ(Difference(graph_, loaded->graph, graph_.node_count()), "");
}

TEST_F(LargeSnapshot, CutAnywhereGivesWhatIsWhole) {
  const std::string bytes = file_.Bytes();
  for (size_t part = 1; part < 12; ++part) {
    const std::string begin = bytes.substr(0, bytes.size() * part / 12);
    const auto reader = capture::SnapshotReader::FromBytes(begin);
    ASSERT_TRUE(reader.ok());
    const Result<Snapshot> loaded = LoadSnapshot(*reader);
    if (!loaded.ok()) continue;
    EXPECT_FALSE(loaded->problems.empty());
    const size_t nodes = loaded->graph.node_count() - 1;
    EXPECT_EQ(loaded->graph.type(loaded->graph.type_of(NodeId(nodes))).name, kNotRecorded);
    EXPECT_EQ(Difference(graph_, loaded->graph, nodes), "");
  }
}

TEST_F(LargeSnapshot, DamagedAnywhereGivesWhatComesBefore) {
  const std::string bytes = file_.Bytes();
  size_t damaged = 0;
  for (size_t part = 1; part < 24; ++part) {
    std::string changed = bytes;
    changed[bytes.size() * part / 24] ^= 0x55;
    const auto reader = capture::SnapshotReader::FromBytes(changed);
    if (!reader.ok()) continue;
    const Result<Snapshot> loaded = LoadSnapshot(*reader);
    if (!loaded.ok() || loaded->problems.empty()) continue;
    ++damaged;
    const bool extra = loaded->graph.type(loaded->graph.types().size() - 1).name == kNotRecorded;
    EXPECT_EQ(Difference(graph_, loaded->graph, loaded->graph.node_count() - extra), "") << part;
  }
  EXPECT_GT(damaged, 0u);
}

TEST(Load, SaysWhereTheFileIsMissing) {
  const Result<Snapshot> loaded = LoadSnapshot("/nonexistent/heap.1");
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.message(), HasSubstr("/nonexistent/heap.1"));
}

}  // namespace
}  // namespace limpet::heap
