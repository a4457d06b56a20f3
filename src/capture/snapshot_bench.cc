// Writing and reading a heap snapshot: how long a node takes, and how many bytes.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "capture/snapshot_reader.h"
#include "capture/snapshot_synthetic.h"

namespace limpet::capture {
namespace {

const SyntheticHeap& Heap() {
  static const SyntheticHeap heap(150'000);
  return heap;
}

void Write(benchmark::State& state) {
  const SyntheticHeap& heap = Heap();
  uint64_t bytes = 0;
  for (auto _ : state) {
    const int fd = memfd_create("snapshot", 0);
    SnapshotWriter writer;
    writer.Open(fd, {});
    heap.Write(&writer);
    if (!writer.Finish({})) state.SkipWithError("cannot write");
    bytes = writer.bytes_written();
    close(fd);
  }
  const auto nodes = double(heap.nodes().size());
  state.counters["nodes"] = nodes;
  state.counters["edges/node"] = double(heap.edges()) / nodes;
  state.counters["bytes/node"] = double(bytes) / nodes;
  state.counters["ns/node"] =
      benchmark::Counter(nodes * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(Write)->Unit(benchmark::kMillisecond);

void Read(benchmark::State& state) {
  const SyntheticHeap& heap = Heap();
  const int fd = memfd_create("snapshot", 0);
  SnapshotWriter writer;
  writer.Open(fd, {});
  heap.Write(&writer);
  if (!writer.Finish({})) state.SkipWithError("cannot write");
  for (auto _ : state) {
    const auto reader = SnapshotReader::Open("/proc/self/fd/" + std::to_string(fd));
    SnapshotNodes nodes;
    for (const SnapshotPart& part : reader->parts()) {
      if (!reader->ReadPart(part, &nodes).ok()) state.SkipWithError("cannot read");
      benchmark::DoNotOptimize(nodes.targets.data());
    }
  }
  close(fd);
  state.counters["ns/node"] = benchmark::Counter(
      double(heap.nodes().size()) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(Read)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace limpet::capture
