// Walking a heap: finds every object of an interpreter, gives it a number, takes it apart (cpython/object_decoder.h) and writes the
// snapshot (capture/snapshot_writer.h). One walker for three memories: the forked copy of our own process, another process, a core file.
//
//     states, threads, frames (synthetic nodes)  -.
//     the collector's lists                       +-> numbers --> records, in order of number --> C variables that hold objects
//     whatever these refer to                    -'
//
// Nothing is allocated but from the kernel, nothing is written to the memory walked, nothing of it is trusted.
#ifndef LIMPET_WALK_WALK_H_
#define LIMPET_WALK_WALK_H_

#include <cstddef>
#include <cstdint>

#include "capture/snapshot_writer.h"

namespace limpet::walk {

// A stretch of writable memory that belongs to a loaded library or the executable: its C variables.
struct ModuleData {
  uint64_t begin;
  uint64_t end;
  uint64_t base;  // what addresses in it are told relative to
  char path[256];
};

struct LiveBlock {
  uint64_t address;
  uint64_t size;
  enum class Use {
    kAny,     // may be an object
    kNative,  // taken by C code for itself
    kMapped,  // the same, from the kernel: may be unreadable, and is large: files, buffers, the stacks of calls (whose frames are found otherwise)
  } use;
};

struct WalkOptions {
  int minor = 0;                  // CPython 3.minor
  uint64_t runtime = 0;           // address of _PyRuntime
  bool redact = false;            // leave contents of strings out that are not identifiers of the code
  uint64_t max_ns = 0;            // 0: no limit
  uint64_t max_bytes = 0;         // of the file; 0: no limit
  bool while_collecting = false;  // go on although a collection runs: what it found to be garbage is then on no list
  bool call_traverse =
      false;  // unknown types may be asked by their tp_traverse (a frozen copy of our own process only)
  const ModuleData* modules = nullptr;
  size_t module_count = 0;
  // Where the block at an address was born: a number below max_origins that stands for a place and time, or 0: not known; what it stands
  // for; and its stack, by a number of its own. All null: nobody knows.
  uint32_t (*origin)(uint64_t block) = nullptr;
  capture::SnapshotBirth (*birth)(uint32_t origin) = nullptr;
  uint32_t (*stack)(uint32_t origin) = nullptr;
  uint32_t max_origins = 0;
  // The size of the allocated block that begins at an address; 0: none does there. Null: nobody knows.
  uint64_t (*size_of)(uint64_t block) = nullptr;
  // Calls visit(self, block) for every block of memory that is allocated, in order of address. With it, objects are found that nothing
  // refers to: a reference was taken and never given back; and memory of C code is looked into that holds objects. Null: nobody knows.
  void (*for_each_block)(void (*visit)(void* self, LiveBlock block), void* self) = nullptr;
  // Counts nodes as they are written; may be in memory shared with whoever waits.
  uint64_t* progress = nullptr;
};

enum class WalkStop : uint32_t {
  kComplete = 0,
  kTime = 1,
  kSize = 2,
  kMemory = 3,
  kFile = 4,
  kNoInterpreter = 5,
  kNoCollector = 6,
  kCollecting = 7
};

// Walks this process's own memory. REQUIRES: nothing else changes it (a forked child), and signals SIGSEGV, SIGBUS and SIGALRM may be taken.
WalkStop WalkOwn(const WalkOptions& options, capture::SnapshotWriter& writer);

// Whether a walk can begin now: an interpreter is there, its collector is known and not at work. Own memory; cheap.
WalkStop CanWalkOwn(int minor, uint64_t runtime);

}  // namespace limpet::walk

#endif  // LIMPET_WALK_WALK_H_
