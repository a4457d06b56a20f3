// A recording as the other rooms see it: checked, added up, with epochs grouped. What the file looks like is format.h's
// matter; how it is read, reader.h's.
#ifndef LIMPET_CAPTURE_RECORDING_H_
#define LIMPET_CAPTURE_RECORDING_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/format.h"
#include "capture/memory_record.h"
#include "capture/requests.h"

namespace limpet::capture {

// Index into Process::frames, nodes, natives, sites, groups. Node 0 is the empty stack, as is native node 0.
struct FrameId {
  uint32_t value = 0;
  auto operator<=>(const FrameId&) const = default;
};
struct NodeId {
  uint32_t value = 0;
  auto operator<=>(const NodeId&) const = default;
};
struct NativeId {
  uint32_t value = 0;
  auto operator<=>(const NativeId&) const = default;
};
struct SiteId {
  uint32_t value = 0;
  auto operator<=>(const SiteId&) const = default;
};
struct GroupId {
  uint32_t value = 0;
  auto operator<=>(const GroupId&) const = default;
};

// One instruction of one code object. Strings live as long as the Process or a copy of it, and are valid UTF-8. Where the file is
// damaged, file and function are "?" and the line is 0.
struct Frame {
  std::string_view file;
  std::string_view function;  // qualified name, e.g. "Session.open"
  std::string_view name;      // last part only
  uint32_t first_line = 0;    // of the function
  uint32_t line = 0;          // 0: unknown
  uint32_t end_line = 0;
  std::optional<uint32_t> column;  // 0-based UTF-8 bytes
  std::optional<uint32_t> end_column;
  uint32_t offset = 0;  // of the instruction, bytes
};

struct Node {
  NodeId parent;
  FrameId frame;       // meaningless for node 0
  uint32_t depth = 0;  // frames in the stack
};

// A frame of C code on top of the one that called it. Strings as in Frame.
struct Native {
  NativeId parent;
  std::string_view module;    // path of the file it is in; "?": damaged
  std::string_view build_id;  // of that file, in hex; empty: it had none
  uint64_t address = 0;       // in that file, just behind the call
};

// Blocks and bytes together; every sum in limpet is one of these.
struct Amount {
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  Amount& operator+=(const Amount& o) {
    blocks += o.blocks;
    bytes += o.bytes;
    return *this;
  }
  Amount& operator-=(const Amount& o) {
    blocks -= o.blocks;
    bytes -= o.bytes;
    return *this;
  }
  friend Amount operator+(Amount a, const Amount& b) { return a += b; }
  friend Amount operator-(Amount a, const Amount& b) { return a -= b; }
  bool operator==(const Amount&) const = default;
};

// Births and deaths of the blocks of one site that were born in one epoch group.
struct Cohort {
  GroupId group;
  Amount births;
  Amount deaths;  // of those births, up to the end of the recording
  Amount live() const { return births - deaths; }
  Amount peak_live;   // live when the process had the most memory live; equals live() without a peak image
  Amount final_live;  // live when the interpreter began to finalise; equals live() where it never did
};

// One allocation site: a Python stack, the allocator that was asked, and (with --native) by which C functions.
struct Site {
  NodeId node;
  NativeId native;  // 0: not known
  Domain domain = Domain::kObject;
  std::vector<Cohort> cohorts;  // ascending by group, only groups with births
  Amount births;                // sums over cohorts
  Amount deaths;
  Amount live() const { return births - deaths; }
  Amount peak_live;
  Amount final_live;
};

// A stretch of time: one or several neighbouring fine epochs. At most kMaxEpochGroups of them, in order, without gaps.
struct EpochGroup {
  uint64_t start_ns = 0;      // since the process's start
  uint64_t end_ns = 0;        // the next one's start, or the last sign of life
  uint64_t start_cpu_ns = 0;  // processor time used before it, by all threads
  uint64_t end_cpu_ns = 0;
  uint64_t start_volume = 0;  // bytes allocated before it
  uint64_t end_volume = 0;
  uint32_t first_iteration = 0;  // iterations marked before it
  uint32_t end_iteration = 0;
  uint32_t first_fine = 0;  // fine epochs [first_fine, end_fine)
  uint32_t end_fine = 0;
};

struct Image {
  bool valid = false;
  uint64_t time_ns = 0;
  GroupId group;
  Amount live;
};

struct Thread {
  int32_t tid = 0;
  std::string name;
  uint64_t start_ns = 0;
  bool busy = false;
  bool ended = false;
};

struct Mark {
  uint64_t time_ns = 0;
  std::string name;
  GroupId group;
  uint32_t iterations = 0;
};

// One process image: one folder of the recording.
struct Process {
  std::string folder;  // "p1234"
  int32_t pid = 0;
  int32_t parent_pid = 0;
  int32_t forked_from = 0;  // 0: not forked from a traced process
  uint32_t image = 0;
  State state = State::kRecording;
  std::string reason;
  Program program = Program::kUnknown;
  uint32_t python_version = 0;  // PY_VERSION_HEX
  std::string python_text;
  std::string executable;
  std::vector<std::string> command;
  uint64_t start_realtime_ns = 0;
  uint64_t duration_ns = 0;  // up to the last sign of life
  uint32_t limits = 0;       // Limit bits
  uint32_t iterations = 0;   // marked by the program; 0: it marks none

  std::shared_ptr<const std::deque<std::string>>
      strings_storage;  // keeps Frame's views alive, in copies too; not for reading
  std::vector<Frame> frames;
  std::vector<Node> nodes;      // [0] is the empty stack
  std::vector<Native> natives;  // [0] is the empty stack
  std::vector<Site> sites;      // one per (node, domain, native) with births
  // By the number that a site has in the file, as heap snapshots name it: what is its place in `sites`? None: damaged, or without births.
  std::vector<std::optional<SiteId>> site_of_record;
  std::vector<EpochGroup> groups;
  std::vector<SampleRecord> samples;
  std::vector<Mark> marks;
  std::vector<Thread> threads;

  Amount births, deaths;  // sums over sites
  Amount live() const { return births - deaths; }
  Amount inherited;  // part of births that a forked process brought along (all in group 0)
  Image peak;        // the cells at (nearly) the most memory live
  Image final;       // the cells when the interpreter began to finalise
  std::optional<GroupId> finalizing_group;
  uint64_t peak_bytes = 0;  // most bytes live at once, to within a tick (some 64 KiB of allocation)
  uint64_t peak_time_ns = 0;
  uint64_t lost_blocks = 0;
  Amount unrecorded;
  uint64_t agent_bytes = 0;
  uint32_t busy_threads = 0;  // operations that may be half counted (process was killed inside a hook)

  MemoryRecord memory;  // ledgers and resources; empty where there are none
  Requests requests;    // who answered how many; empty where nobody counted

  std::vector<std::string>
      problems;  // what was odd in the file, one sentence each, with the place; empty for a sound one

  // The group of a fine epoch; the last one for epochs that came after the recording was read.
  GroupId GroupOf(uint32_t fine_epoch) const;
  // Frames of a stack, innermost first. Empty for node 0.
  std::vector<FrameId> Stack(NodeId node) const;
  // The same for C code. Empty for native node 0.
  std::vector<NativeId> NativeStack(NativeId node) const;
};

// run.json: what `limpet run` knows.
struct RunInfo {
  std::string limpet_version;
  std::vector<std::string> command;
  std::string directory;
  uint64_t started_ns = 0;  // Unix time; 0: unknown
  uint64_t ended_ns = 0;    // 0: still running, or the recorder itself was killed
  std::optional<int> exit_status;
  std::optional<int> signal;
  int32_t pid = 0;                 // of the program itself
  std::vector<std::string> notes;  // what the user should know: "setuid program: the agent was not loaded"
};

struct Recording {
  std::string path;
  RunInfo run;
  std::vector<Process> processes;  // by start time; unreadable folders are left out and named in problems
  std::vector<std::string> problems;
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_RECORDING_H_
