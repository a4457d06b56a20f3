// What the agent offers to code in its own process: the Python package, which finds it by the symbol `limpet_api`, preloaded or loaded by
// the package itself. Plain C types only. Fields are added at the end, and `size` tells how many there are.
//
// All functions REQUIRE the interpreter lock, none of them raises, prints or runs Python code.
#ifndef LIMPET_AGENT_API_H_
#define LIMPET_AGENT_API_H_

#include <stddef.h>
#include <stdint.h>

extern "C" {

enum LimpetAnswer : int32_t {
  kLimpetOk = 0,
  kLimpetAlready = 1,       // a recording is under way
  kLimpetUnsupported = 2,   // this interpreter cannot be traced
  kLimpetCannotRecord = 3,  // no file, no memory
  kLimpetNotOurs = 4,       // `limpet run` began it, and ends it
  kLimpetNotRunning = 5,
  kLimpetBusy = 6,  // threads did not come out of the allocator in time
};

struct LimpetStart {
  const char* directory;       // absolute; exists
  uint64_t epoch_ms;           // 0: by allocation volume and time
  uint64_t snapshot_every_ms;  // 0: as the program can afford
  uint32_t iterations;         // epochs are what limpet_iteration marks
  uint32_t snapshots;          // 0: none, 1: when asked for, 2: also by themselves
  uint32_t redact;
  uint32_t follow;  // trace forked children
  uint32_t native;  // also the malloc family and mmap of all loaded libraries
};

struct LimpetState {
  uint32_t recording;    // 1: under way
  uint32_t in_process;   // 1: begun by start(), so that stop() may end it
  uint32_t python_seen;  // the self-check has passed
  int32_t pid;
  const char* directory;  // of the recording, as given; stays valid
  const char* folder;     // of this process in it
  const char* refusal;    // why not, or ""
  uint64_t live_bytes;
  uint64_t allocated_bytes;  // since the start
  uint64_t peak_bytes;       // looked at now and then
  uint32_t epoch;
  uint32_t snapshots_done;
};

// Where and when a block was born.
struct LimpetBirth {
  uint64_t size;
  uint32_t site;
  uint32_t epoch;
  uint64_t from_ns;  // CLOCK_MONOTONIC: not before; and
  uint64_t to_ns;    // not after
  uint64_t now_ns;
  uint32_t domain;
};

// One frame of a site's stack. Texts are UTF-8, not zero-terminated.
struct LimpetFrame {
  const char* file;
  const char* name;
  const char* qualname;
  uint32_t file_size;
  uint32_t name_size;
  uint32_t qualname_size;
  uint32_t line;
};

// A live block that tracemalloc knows, or (births, deaths) what a stack's blocks came to since it traces.
struct LimpetTraceRow {
  uint64_t size;
  uint32_t site;
  uint32_t domain;  // tracemalloc's: 0 for Python's allocators
};
struct LimpetChurnRow {
  uint64_t births;
  uint64_t birth_bytes;
  uint64_t deaths;
  uint64_t death_bytes;
  uint32_t site;
};

struct LimpetTraceState {
  uint32_t on;
  uint32_t frames;  // of each stack that are to be shown
  uint64_t current_bytes;
  uint64_t peak_bytes;
};

// tracemalloc's view of the recording that is under way (traces.h).
struct LimpetTraceApi {
  // `whole`: what the recording knows already is traced, too. `frames_of`: the module's _PyTraceMalloc_GetTraceback, for programs that call it.
  int32_t (*start)(uint32_t frames, int32_t whole, void* frames_of);
  void (*stop)();
  void (*clear)();
  void (*reset_peak)();
  void (*state)(LimpetTraceState* state);
  uint64_t (*own_bytes)();
  // 1: `block` is traced, 0: it is not. `domain` 0: a block of Python's allocators, else what a program announced.
  int32_t (*find)(uint32_t domain, const void* block, uint32_t* site);
  // All at one moment; null when there are none, or no memory for them. To be given back by free_rows with the same count.
  LimpetTraceRow* (*rows)(uint64_t* count);
  LimpetChurnRow* (*churn)(uint64_t* count);
  void (*free_rows)(void* rows, uint64_t count, uint64_t row_size);
};

struct LimpetApi {
  uint32_t version;  // 1
  uint32_t size;     // sizeof(LimpetApi)
  int32_t (*start)(const LimpetStart* wish, char* error, size_t room);
  int32_t (*stop)();
  void (*state)(LimpetState* state);
  void (*mark)(const char* name);
  void (*iteration)();
  int32_t (*birth)(const void* block, LimpetBirth* birth);  // 1: known. `block`: where it begins, headers included
  // The frames of a site, innermost first, into `frames`; how many the stack has, which may be more than there is room for.
  uint32_t (*stack)(uint32_t site, LimpetFrame* frames, uint32_t room);
  uint32_t (*begin_snapshot)();  // its number; 0: not now
  int32_t (*poll_snapshot)();    // 1: one is being written
  void (*hold)(int32_t on);      // while the program waits for limpet, its time does not count
  const LimpetTraceApi* traces;
  void* (*map_requests)(
      uint64_t*
          size);  // the file in which requests are counted: zeros, and no mapping of the program's; null: there is no room
};

using LimpetApiFunction = const LimpetApi* (*)();
}

#endif  // LIMPET_AGENT_API_H_
