#include "agent/memory_file.h"

#include <malloc.h>

#include "agent/agent.h"
#include "agent/own_file.h"
#include "agent/resources.h"
#include "base/crc32.h"

namespace limpet::agent {

using capture::LedgerRecord;
using capture::MemoryHeader;
using capture::ResourceRecord;

namespace {

constexpr uint64_t kFirstSpacingNs = 20000000;
constexpr uint64_t kShare = 250;  // one part in so many of the time

struct State {
  MemoryHeader* header = nullptr;
  bool failed = false;
  uint64_t next_ns = 0;
  uint64_t spacing_ns = kFirstSpacingNs;
  uint32_t trims_seen = 0;
};
constinit State g_memory;

void FillHeader(MemoryHeader* header) {
  header->version = capture::kMemoryVersion;
  header->header_size = sizeof(MemoryHeader);
  header->resource_size = sizeof(ResourceRecord);
  header->ledger_size = sizeof(LedgerRecord);
  header->max_resources = capture::kMaxResources;
  header->max_ledgers = capture::kMaxLedgers;
  header->pid = g_agent.pid;
  __atomic_thread_fence(__ATOMIC_RELEASE);
  memcpy(header->magic, capture::kMemoryMagic, sizeof header->magic);
  header->header_crc = base::Crc32(header, offsetof(MemoryHeader, header_crc));
}

ResourceRecord* Resources(MemoryHeader* header) {
  return reinterpret_cast<ResourceRecord*>(reinterpret_cast<char*>(header) + capture::kResourceOffset);
}

// Drops every second record and spaces the coming ones twice as far.
void Thin(MemoryHeader* header) {
  ResourceRecord* records = Resources(header);
  const uint32_t count = header->resources;
  for (uint32_t i = 1; i * 2 < count; ++i) records[i] = records[i * 2];
  __atomic_store_n(&header->resources, (count + 1) / 2, __ATOMIC_RELEASE);
  g_memory.spacing_ns *= 2;
}

}  // namespace

MemoryHeader* MemoryFile() {
  if (g_memory.header || g_memory.failed) return g_memory.header;
  ErrnoGuard guard;
  auto* header = static_cast<MemoryHeader*>(MapOwnFile("memory", capture::kMemoryFileSize));
  g_memory.failed = !header;
  if (!header) return nullptr;
  FillHeader(header);
  __atomic_store_n(&g_memory.header, header, __ATOMIC_RELEASE);
  return header;
}

LedgerRecord* LedgerSlot(uint32_t number) {
  MemoryHeader* header = __atomic_load_n(&g_memory.header, __ATOMIC_ACQUIRE);
  if (!header) return nullptr;
  auto* ledgers = reinterpret_cast<LedgerRecord*>(reinterpret_cast<char*>(header) + capture::kLedgerOffset);
  return ledgers + number % capture::kMaxLedgers;
}

void SampleResources(uint64_t now, bool force) {
  if (!force && now < g_memory.next_ns) return;
  MemoryHeader* header = MemoryFile();
  if (!header) {
    g_memory.next_ns = ~uint64_t{0};
    return;
  }
  if (header->resources >= capture::kMaxResources) Thin(header);
  const uint64_t start = ThreadCpuNs();
  ResourceRecord record = {};
  CountResources(int32_t(g_agent.file.header()->snapshot_child), &record);
  record.time_ns = now - g_agent.file.header()->start_monotonic_ns;
  Resources(header)[header->resources] = record;
  __atomic_store_n(&header->resources, header->resources + 1, __ATOMIC_RELEASE);
  const uint64_t rest = (ThreadCpuNs() - start) * kShare;
  g_memory.next_ns = now + (rest > g_memory.spacing_ns ? rest : g_memory.spacing_ns);
}

void ConsiderTrim() {
  MemoryHeader* header = __atomic_load_n(&g_memory.header, __ATOMIC_ACQUIRE);
  if (LIMPET_LIKELY(!header)) return;
  const uint32_t wanted = __atomic_load_n(&header->trim_requests, __ATOMIC_ACQUIRE);
  uint32_t seen = __atomic_load_n(&g_memory.trims_seen, __ATOMIC_RELAXED);
  if (LIMPET_LIKELY(wanted == seen)) return;
  if (!__atomic_compare_exchange_n(&g_memory.trims_seen, &seen, wanted, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return;  // another thread is at it
  header->trim.time_ns = NowNs() - g_agent.file.header()->start_monotonic_ns;
  header->trim.anon_before = OwnAnonymousBytes();
  malloc_trim(0);
  header->trim.anon_after = OwnAnonymousBytes();
  __atomic_store_n(&header->trims_done, wanted, __ATOMIC_RELEASE);
}

void ForgetMemoryFile() {
  if (g_memory.header) UnmapOwnFile(g_memory.header, capture::kMemoryFileSize);
  g_memory.header = nullptr;
  g_memory.failed = false;
  g_memory.next_ns = 0;
  g_memory.spacing_ns = kFirstSpacingNs;
  g_memory.trims_seen = 0;
}

}  // namespace limpet::agent
