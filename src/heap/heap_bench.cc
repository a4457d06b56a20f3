// How long the engine takes for heaps of 1, 10 and 100 million objects, 2.5 references each. Targets: 10 M all in (with load and named
// paths) 5 s, 100 M 60 s within 20 GiB, on two cores. The heap of 100 M takes 10 GB of memory: only where LIMPET_BENCH_LARGE is set.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "heap/dominators.h"
#include "heap/load.h"
#include "heap/parallel.h"
#include "heap/paths.h"
#include "heap/reach.h"
#include "heap/retained.h"
#include "heap/shapes.h"
#include "heap/synthetic_heap.h"
#include "heap/write_snapshot.h"

namespace limpet::heap {
namespace {

// One at a time: the last one that was asked for.
const Graph& HeapOf(size_t objects) {
  static size_t made = 0;
  static std::unique_ptr<Graph> graph;
  if (made != objects) {
    graph.reset();
    graph = std::make_unique<Graph>(MakeSyntheticHeap(objects));
    made = objects;
  }
  return *graph;
}

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime()->Arg(1'000'000)->Arg(10'000'000);
  if (std::getenv("LIMPET_BENCH_LARGE")) bench->Arg(100'000'000);
}

void MakeGraph(benchmark::State& state) {
  for (auto _ : state) HeapOf(size_t(state.range(0)));
}
BENCHMARK(MakeGraph)->Apply(Sizes);

void FindLive(benchmark::State& state) {
  const Graph& graph = HeapOf(size_t(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Live(graph).Count());
}
BENCHMARK(FindLive)->Apply(Sizes);

void MakeReferrers(benchmark::State& state) {
  const Graph& graph = HeapOf(size_t(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Referrers(graph).bytes());
}
BENCHMARK(MakeReferrers)->Apply(Sizes);

void DominatorsAndRetained(benchmark::State& state) {
  const Graph& graph = HeapOf(size_t(state.range(0)));
  for (auto _ : state) {
    const Dominators dominators(graph);
    state.counters["bytes/object"] = double(graph.bytes() + dominators.bytes()) / double(graph.node_count());
  }
}
BENCHMARK(DominatorsAndRetained)->Apply(Sizes);

void PathsOfAll(benchmark::State& state) {
  const Graph& graph = HeapOf(size_t(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(PathTree(graph).bytes());
}
BENCHMARK(PathsOfAll)->Apply(Sizes);

void ShapesOfAllPaths(benchmark::State& state) {
  const Graph& graph = HeapOf(size_t(state.range(0)));
  const PathTree paths(graph);
  for (auto _ : state) benchmark::DoNotOptimize(ShapeTree(graph, paths).shapes().size());
}
BENCHMARK(ShapesOfAllPaths)->Apply(Sizes);

// From the file to the screen: load, dominators, retained sizes by type, and the named shape of the path to every object.
void AllIn(benchmark::State& state) {
  const std::string path = std::filesystem::temp_directory_path() / "limpet_heap_bench.snapshot";
  WriteSnapshot(HeapOf(size_t(state.range(0))), path);
  HeapOf(10'000);  // makes room
  for (auto _ : state) {
    const Result<Snapshot> snapshot = LoadSnapshot(path);
    if (!snapshot.ok()) return state.SkipWithError(snapshot.message().c_str());
    const Graph& graph = snapshot->graph;
    std::optional<Dominators> dominators;
    std::optional<PathTree> paths;
    std::optional<ShapeTree> shapes;
    const auto name_paths = [&] { shapes.emplace(graph, paths.emplace(graph)); };
    RunBoth(graph.edge_count(), [&] { dominators.emplace(graph); }, name_paths);
    benchmark::DoNotOptimize(RetainedByType(graph, *dominators).size() + shapes->shapes().size());
  }
  state.counters["file bytes/object"] = double(std::filesystem::file_size(path)) / double(state.range(0));
  std::filesystem::remove(path);
}
BENCHMARK(AllIn)->Apply(Sizes);

}  // namespace
}  // namespace limpet::heap
