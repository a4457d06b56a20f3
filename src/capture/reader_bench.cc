// How long a large recording takes to read: a million cells of a quarter of a million sites, in deep stacks. Target: 0.5 s.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "capture/builder.h"
#include "capture/reader.h"

namespace limpet::capture {
namespace {

constexpr uint32_t kCells = 1'000'000;
constexpr uint32_t kSites = kCells / 4;  // each with a pair of cells in two epochs

const std::string& LargeFile() {
  static const std::string bytes = [] {
    ProcessBuilder b;
    std::vector<uint32_t> sites;
    for (uint32_t i = 0; i < kSites; ++i) {
      // 25 callers of 100 callees of 100 lines each.
      sites.push_back(
          b.Site({{"leaf.py", "leaf", i % 100}, {"middle.py", "f", i / 100 % 100}, {"app.py", "main", i / 10000}}));
    }
    for (int epoch = 0; epoch < 2; ++epoch) {
      for (const uint32_t site : sites) b.Born(site, 3, 100);
      b.NextEpoch();
    }
    b.TakePeak();
    return b.Bytes();
  }();
  return bytes;
}

void ReadAMillionCells(benchmark::State& state) {
  const std::string& bytes = LargeFile();
  for (auto _ : state) {
    const Process process = *ParseProcess(bytes, "bench");
    if (process.sites.size() != kSites || !process.problems.empty())
      state.SkipWithError("the file is not as it was made");
    benchmark::DoNotOptimize(process);
  }
  state.SetItemsProcessed(int64_t(state.iterations()) * kCells);
}
BENCHMARK(ReadAMillionCells)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace limpet::capture
