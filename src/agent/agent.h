// The agent's shared state: what all hooks of one process count into.
//
// Life of an event:  hook -> Enter (this thread, not nested) -> the allocator that was there before -> Look (look.h: which
// stack?) -> cell pair (counters.h: which site and epoch?) -> counts and shadow row (hot.h). Only the first sight of a stack, a
// new epoch or a tick leave this path; they take Agent::lock.
#ifndef LIMPET_AGENT_AGENT_H_
#define LIMPET_AGENT_AGENT_H_

#include "agent/data_file.h"
#include "agent/id_map.h"
#include "agent/platform.h"

namespace limpet::agent {

// Whether hooks count. In a page of its own that the kernel wipes in forked children: a child made behind our back (a raw
// clone) is silent by itself.
enum class Gate : uint32_t { kClosed = 0, kOpen = 1, kPaused = 2 };
struct GatePage {
  alignas(4096) volatile uint32_t state;
  char rest[4092];
};
extern GatePage g_gate;

struct Options {
  bool main = false;               // this is the program that `limpet run` was asked to run
  bool follow = true;              // trace children
  bool shadow_files = false;       // keep the shadow table in files (tests)
  bool iterations = false;         // epochs follow the program's own iterations
  bool snapshots = true;           // heap snapshots may be taken
  bool snapshots_auto = true;      // ... also without being asked for
  bool native = false;             // native stacks of blocks from C code
  bool tracemalloc = false;        // we stand in for the standard module (stand_in.h)
  bool redact = false;             // snapshots without contents of strings
  uint64_t snapshot_every_ns = 0;  // fixed distance of snapshots; 0: as the program can afford
  uint64_t epoch_ns = 0;           // fixed length of an epoch; 0: automatic
  char directory[512] = {};        // of the recording; empty: the agent was not asked to record
};

struct Agent {
  Options options;
  DataFile file;
  SpinLock lock;
  int pid = 0;         // of the process that counts
  uint32_t minor = 0;  // CPython 3.minor, 0 before it is known
  bool python_seen = false;
  char refusal[256] = {};  // why Python is not traced, if so
};
extern Agent g_agent;

// Stops counting for good and says why in the recording. Hooks pass everything through from now on. Any thread.
void StopRecording(const char* reason);

// Waits until no other thread is inside a hook and keeps them out; false when that took too long. REQUIRES: caller not busy.
bool PauseWorld();
void ResumeWorld();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_AGENT_H_
