// That the formats of heaps are complete, and stream. That other tools read them is tested in tests/export.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "heap/builder.h"
#include "heap/dominators.h"
#include "heap/load.h"
#include "heap/synthetic_heap.h"
#include "heap/write_snapshot.h"
#include "interchange/heap_snapshot.h"
#include "interchange/hprof.h"
#include "interchange/hprof_classes.h"
#include "interchange/test_places.h"

namespace limpet::interchange {
namespace {

namespace fs = std::filesystem;
using heap::NodeId;

std::string Written(const heap::Graph& graph, bool hprof) {
  const std::string path = Place("written").string();
  Result<Sink> sink = Sink::Open(path, Packing::kNone);
  if (hprof) WriteHprof(graph, 0, &*sink);
  else WriteHeapSnapshot(graph, &*sink);
  EXPECT_TRUE(sink->Finish().ok());
  const std::string text = *base::ReadFile(path);
  fs::remove(path);
  return text;
}

TEST(HeapSnapshot, CountsAndReferencesAreThere) {
  const heap::Drawing drawn = heap::Draw(R"(
      main   = @interpreter
      leaked = Session 7 +1
      main   -> .modules:d
      d      -> {app}:app
      app    -> .x:a ~:b
      a      -> [0]:b
      lost1  -> .x:lost2 .y:a
      lost2  -> .x:lost1)");
  const nlohmann::json file = nlohmann::json::parse(Written(drawn.graph, false));
  const size_t nodes = drawn.graph.node_count() + 3;
  EXPECT_EQ(file["snapshot"]["node_count"], nodes);
  EXPECT_EQ(file["nodes"].size(), 7 * nodes);
  EXPECT_EQ(file["edges"].size(), 3 * file["snapshot"]["edge_count"].get<size_t>());
  size_t told = 0, weak = 0;
  for (size_t n = 0; n < nodes; ++n) told += file["nodes"][7 * n + 4].get<size_t>();
  for (size_t e = 0; e < file["edges"].size(); e += 3) weak += file["edges"][e] == 6;
  EXPECT_EQ(told, file["snapshot"]["edge_count"]);
  EXPECT_EQ(weak, 2u);  // ~:b, and from the garbage to the living
}

TEST(Hprof, WhatAnObjectOwnsHasItsSizeToTheByte) {
  const heap::Graph graph = heap::MakeSyntheticHeap(20'000);
  const HprofClasses classes(graph);
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    const HprofClass& cls = classes.all()[classes.Of(node)];
    const uint64_t storage = classes.StorageBytes(node, cls);
    const heap::Class& of = graph.classes()[cls.class_id];
    const uint64_t array = cls.array ? uint64_t{8} * (graph.degree(node) - of.fixed) : 0;
    ASSERT_EQ(cls.declared + array + storage, graph.size(node));
    ASSERT_TRUE(storage == 0 || cls.storage);
  }
}

// The most memory that it takes to load `snapshot` and export it.
size_t ExportPeakBytes(const std::string& snapshot, bool hprof) {
  return PeakBytes([&] {
    const Result<heap::Snapshot> loaded = heap::LoadSnapshot(snapshot);
    Result<Sink> sink = Sink::Open("/dev/null", Packing::kNone);
    if (!loaded.ok() || !sink.ok()) return false;
    if (hprof) WriteHprof(loaded->graph, 0, &*sink);
    else WriteHeapSnapshot(loaded->graph, &*sink);
    return sink->Finish().ok();
  });
}

TEST(HeapFormats, ExportsTakeTheMemoryOfTheGraphAndLittleMore) {
  const size_t objects = std::getenv("LIMPET_BENCH_LARGE") ? 5'000'000 : 500'000;
  const std::string path = Place("snapshot").string();
  const pid_t maker = fork();  // what it takes to make the heap is not to count
  if (maker == 0) {
    heap::WriteSnapshot(heap::MakeSyntheticHeap(objects), path);
    _exit(0);
  }
  int status = 0;
  waitpid(maker, &status, 0);
  ASSERT_EQ(status, 0);
  for (const bool hprof : {false, true}) {
    const size_t peak = ExportPeakBytes(path, hprof);
    std::printf("%s of %zu objects: %zu MB at most\n", hprof ? "hprof" : "heapsnapshot", objects, peak >> 20);
    EXPECT_GT(peak, objects * 25);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(peak, (size_t{48} << 20) + objects * 40);
#endif
  }
  fs::remove(path);
}

}  // namespace
}  // namespace limpet::interchange
