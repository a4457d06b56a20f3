#include "agent/samples.h"

#include <fcntl.h>
#include <unistd.h>

#include "agent/counters.h"
#include "agent/epochs.h"
#include "agent/python.h"

namespace limpet::agent {

using capture::SampleRecord;
using capture::Table;

namespace {

constexpr uint64_t kFirstSpacingNs = 20000000;
constexpr uint64_t kShare = 250;  // samples may take one part in so many of the time, and so may counts

struct State {
  uint64_t next_ns = 0;
  uint64_t spacing_ns = kFirstSpacingNs;
  uint64_t next_count_ns = 0;
  uint64_t live_blocks = 0;  // at the last count
};
constinit State g_samples;

// Resident bytes of this process, 0 when the kernel does not say (no descriptor free, /proc not mounted).
uint64_t ResidentBytes() {
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128];
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = 0;
  const char* p = text;
  while (*p && *p != ' ') ++p;
  uint64_t pages = 0;
  for (++p; *p >= '0' && *p <= '9'; ++p) pages = pages * 10 + uint64_t(*p - '0');
  return pages * g_agent.file.header()->page_size;
}

// Drops every second sample and spaces the coming ones twice as far.
void Thin() {
  DataFile& file = g_agent.file;
  const uint32_t count = file.Count(Table::kSamples);
  for (uint32_t i = 1; i * 2 < count; ++i) {
    *file.At<SampleRecord>(Table::kSamples, i) = *file.At<SampleRecord>(Table::kSamples, i * 2);
  }
  file.SetCount(Table::kSamples, (count + 1) / 2);
  g_samples.spacing_ns *= 2;
}

uint64_t LiveBlocks() {
  uint64_t blocks = 0;
  const uint32_t pairs = g_agent.file.Count(Table::kCells) / 2;
  for (uint32_t pair = 1; pair < pairs; ++pair) {
    const capture::CellRecord* h = PairAt(pair)->half;
    if (h[0].site != capture::kNoSite) blocks += uint32_t(h[0].births + h[1].births - h[0].deaths - h[1].deaths);
  }
  return blocks;
}

// What takes a walk over everything; many samples come between two counts when there is much to walk.
void CountAll() {
  const uint64_t start = ThreadCpuNs();
  g_samples.live_blocks = LiveBlocks();
  g_agent.file.header()->agent_bytes = OwnBytes();
  g_samples.next_count_ns = NowNs() + (ThreadCpuNs() - start) * kShare;
}

}  // namespace

void ResetSamples() { g_samples = {}; }

void TakeSample(uint64_t now, bool force) {
  if (!force && now < g_samples.next_ns) return;
  DataFile& file = g_agent.file;
  if (file.Count(Table::kSamples) >= capture::kMaxSamples) Thin();
  auto* sample = static_cast<SampleRecord*>(file.Next(Table::kSamples));
  if (!sample) return;
  if (force || now >= g_samples.next_count_ns) CountAll();
  const uint64_t start = ThreadCpuNs();
  *sample = {};
  sample->time_ns = now - file.header()->start_monotonic_ns;
  sample->volume = ProgramVolume();
  sample->live_bytes = g_counters.volume - g_counters.freed;
  sample->live_blocks = g_samples.live_blocks;
  sample->rss_bytes = ResidentBytes();
  sample->epoch = g_counters.epoch;
  sample->threads = ThreadCount();
  ReadCollections(sample);
  file.Publish(Table::kSamples);
  const uint64_t rest = (ThreadCpuNs() - start) * kShare;
  g_samples.next_ns = NowNs() + (rest > g_samples.spacing_ns ? rest : g_samples.spacing_ns);
}

}  // namespace limpet::agent
