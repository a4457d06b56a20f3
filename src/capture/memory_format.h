// What a process holds beside the blocks that limpet counts: the file p<pid>/memory of a recording.
//
//     MemoryHeader | ResourceRecord x kMaxResources | LedgerRecord x kMaxLedgers
//
// Resources are the process over time: descriptors, threads, children, resident memory. A ledger splits the memory that is the process's
// own (its anonymous pages) at one moment into what it is used for, page by page; one is made with each heap snapshot, under the snapshot's
// number. Like the data file, this one is mapped by the program, complete at every moment and read while it changes; unlike it, it is of a
// fixed size. Numbers are little-endian. docs/format.md describes the same.
#ifndef LIMPET_CAPTURE_MEMORY_FORMAT_H_
#define LIMPET_CAPTURE_MEMORY_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace limpet::capture {

inline constexpr char kMemoryMagic[8] = {'L', 'I', 'M', 'P', 'M', 'E', 'M', '\n'};
inline constexpr uint32_t kMemoryVersion = 1;
inline constexpr uint32_t kMemoryFileSize = 48 * 1024;
inline constexpr uint32_t kMaxResources = 512;
inline constexpr uint32_t kMaxLedgers = 16;
inline constexpr uint32_t kMaxPins = 8;

// What malloc_trim(0) gave back when somebody asked for a trial.
struct TrimRecord {
  uint64_t time_ns;      // 0: there was none yet
  uint64_t anon_before;  // resident anonymous memory
  uint64_t anon_after;
};
static_assert(sizeof(TrimRecord) == 24);

struct MemoryHeader {
  char magic[8];
  uint32_t version;
  uint32_t header_size;
  uint32_t resource_size;
  uint32_t ledger_size;
  uint32_t max_resources;
  uint32_t max_ledgers;
  int32_t pid;
  uint32_t header_crc;  // CRC-32 of the bytes before this field (they do not change)

  // --- below this line fields change while the process runs ---
  uint32_t resources;      // valid records; every second one is dropped when there is no more room
  uint32_t trim_requests;  // counted up by whoever wants to know what malloc_trim would give back
  uint32_t trims_done;     // trim_requests as it was when the last one was served
  uint32_t pad;
  TrimRecord trim;  // the last one
  uint8_t reserved[176];
};
static_assert(sizeof(MemoryHeader) == 256);
static_assert(offsetof(MemoryHeader, header_crc) == 36 && offsetof(MemoryHeader, trim) == 56);

enum ResourceFlag : uint32_t {
  kResourceFiles = 1,     // `open` was counted
  kResourceKinds = 2,     // ... and each of them looked at
  kResourceThreads = 4,   // `threads` was counted
  kResourceChildren = 8,  // `children` was counted
};

struct ResourceRecord {
  uint64_t time_ns;  // since the recording's start_monotonic_ns
  uint64_t anon;     // resident bytes: anonymous
  uint64_t shared;   // ... and of files and shared memory
  uint32_t flags;    // ResourceFlag
  uint32_t open;     // descriptors
  uint32_t files;    // of these: with a name in the file system
  uint32_t sockets;
  uint32_t pipes;
  uint32_t events;  // eventfd
  uint32_t other;   // epoll, timers, devices ...
  uint32_t threads;
  uint32_t children;  // that were not waited for included
  uint32_t pad;
};
static_assert(sizeof(ResourceRecord) == 64);

// Memory that blocks born at one site keep from being given back.
struct LedgerPin {
  uint32_t site;    // record in the table of sites
  uint32_t blocks;  // that live
  uint64_t bytes;   // of them
  uint64_t pinned;  // their share of the free memory around them
};
static_assert(sizeof(LedgerPin) == 24);

enum LedgerFlag : uint32_t {
  kLedgerFrozen = 1,    // of a copy that stood still; else the program ran on meanwhile
  kLedgerCut = 2,       // more mappings than could be looked at: the rest holds them
  kLedgerCgroup = 4,    // the two figures of the cgroup are known
  kLedgerManySites = 8  // more sites pin memory than could be counted: the pins may not be the largest
};

struct LedgerRecord {
  uint32_t number;  // of the heap snapshot, or counted on; 0: none here, or half written
  uint32_t flags;   // LedgerFlag
  uint64_t time_ns;
  uint64_t took_ns;
  // As the kernel counts (smaps, status): resident bytes.
  uint64_t anon;    // the process's own: what is split below
  uint64_t file;    // pages of files, which others may share, and which the kernel can drop
  uint64_t shared;  // shared memory
  uint64_t swap;    // not resident: written to swap
  // Parts of `anon`, by resident pages. What is missing to `anon` is not explained.
  uint64_t live_python;      // live blocks of PyMem_Malloc and PyObject_Malloc
  uint64_t live_raw;         // ... of PyMem_RawMalloc
  uint64_t live_native;      // ... of malloc
  uint64_t live_mapped;      // mappings of the program's own
  uint64_t arena_free;       // in pymalloc's arenas: no live block there
  uint64_t arena_rounding;   // ... lost by rounding sizes up
  uint64_t malloc_pages;     // in malloc's heaps: pages without a live block
  uint64_t malloc_parts;     // ... between live blocks
  uint64_t malloc_rounding;  // ... headers and rounding
  uint64_t stacks;           // of threads
  uint64_t library_data;  // variables of the program and its libraries: pages of files that were written to, and .bss
  uint64_t agent;         // limpet's own
  // What else is worth knowing.
  uint64_t arena_resident;
  uint64_t pinned;  // of arena_free: in arenas that are less than half full
  uint32_t arenas;
  uint32_t sparse_arenas;  // less than half full
  uint32_t thread_stacks;
  uint32_t malloc_heaps;
  uint64_t recording;               // of `file`: limpet's own recording, at most
  uint64_t untouched;               // live bytes that are not resident
  uint64_t cgroup_bytes;            // what the process's memory cgroup counts
  uint64_t cgroup_file;             // of these: page cache
  LedgerPin arena_pins[kMaxPins];   // most pinned first; blocks 0: no more
  LedgerPin malloc_pins[kMaxPins];  // the same of malloc_parts
  uint8_t reserved[168];
};
static_assert(sizeof(LedgerRecord) == 768);

inline constexpr uint32_t kResourceOffset = sizeof(MemoryHeader);
inline constexpr uint32_t kLedgerOffset = kResourceOffset + kMaxResources * sizeof(ResourceRecord);
static_assert(kLedgerOffset + kMaxLedgers * sizeof(LedgerRecord) <= kMemoryFileSize);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_MEMORY_FORMAT_H_
