#include "agent/snapshot.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/counters.h"
#include "agent/ending.h"
#include "agent/hot.h"
#include "agent/ledger.h"
#include "agent/live_blocks.h"
#include "agent/maps.h"
#include "agent/modules.h"
#include "agent/python.h"
#include "agent/ranges.h"
#include "capture/snapshot_writer.h"
#include "walk/walk.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef __WCLONE
#define __WCLONE 0x80000000
#endif

namespace limpet::agent {

namespace {

using capture::FileHeader;
using capture::SnapshotTrigger;

constexpr size_t kStackBytes = 512 * 1024;
constexpr size_t kGuardBytes = 64 * 1024;  // below: code of others (tp_traverse) may need more than there is
constexpr uint64_t kMaxWalkNs = 120'000'000'000;
constexpr uint64_t kMaxFileBytes = uint64_t{8} << 30;
constexpr uint64_t kFirstNs =
    100'000'000;  // of the program's life, before the first one; helpers that end sooner have none at all
constexpr int kNice =
    10;  // below the program, but not so far that others starve it for seconds while it holds its copy
constexpr uint64_t kYoungNs = 60'000'000'000;
constexpr uint64_t kCostOfFailureNs = 100'000'000;  // who could not take one does not try again at once
constexpr uint64_t kCostShare = 50;  // a snapshot may cost one part in so many of the time until the next
// More at first: of a script of a second, one while it works shows what its main function lets go of when it returns.
constexpr uint64_t kBriefNs = 2'000'000'000, kBriefCostShare = 15;
// In the first second even more, where memory grew by a quarter and this much since the last one.
constexpr uint64_t kFirstSecondNs = 1'000'000'000, kGrowingCostShare = 5, kGrowthBytes = 1 << 20;
constexpr rlim_t kMostFiles = 1 << 16;  // that are closed one by one, where the kernel has no close_range (before 5.9)
constexpr uint32_t kChildShare =
    4;  // the child's own time counts for a quarter: it runs beside the program, at low priority

struct Taking {
  int child = 0;  // 0: none
  uint64_t started_ns = 0;
  uint64_t pause_ns = 0;
  uint64_t next_ns = 0;      // not before; 0: not planned yet
  uint64_t soonest_ns = 0;   // of a program that grows; 0: not before next_ns
  uint64_t live_bytes = 0;   // when the last one was taken
  uint64_t returned_ns = 0;  // when the one at the main module's end was taken; 0: there is none
  uint32_t requests_seen = 0;
  uint32_t count = 0;  // files begun
  char* stack = nullptr;
  bool children_have_reaper =
      false;                // whether orphans of our children become somebody's of the program; see NoteReaper
  bool has_reaper = false;  // the same of our own
};
Taking g_taking;
SpinLock g_taking_lock;

struct Task {
  capture::SnapshotHeader header;
  uint64_t pauses_before_ns;
  char part[600];
  char whole[600];
};
Task g_task;
capture::SnapshotWriter g_writer;
LoadedModules g_modules;

void WriteOomScore() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  // When memory runs out, this copy is to go, and not the program.
  [[maybe_unused]] const ssize_t written = write(fd, "1000", 4);
  close(fd);
}

void BePoliteAndMortal() {
  prctl(PR_SET_DUMPABLE, 0);  // should it crash, that is no business of the program: no core file
  setpriority(PRIO_PROCESS, 0, kNice);
  WriteOomScore();
  prctl(PR_SET_NAME, "limpet snapshot");
}

// The program's files are let go at once: whoever reads from its pipe or socket is to see the end of it when the program closes it. Code
// of others may print (an assertion that fails): not into our file.
void CloseFiles() {
  if (syscall(SYS_close_range, 0u, ~0u, 0u) != 0) {
    rlimit most = {kMostFiles, kMostFiles};
    getrlimit(RLIMIT_NOFILE, &most);
    const int end = int(most.rlim_cur < kMostFiles ? most.rlim_cur : kMostFiles);
    for (int fd = 0; fd < end; ++fd) close(fd);
  }
  for (int fd = 0; fd < 3 && open("/dev/null", O_RDWR) == fd; ++fd) {
  }
}

// Never one of the numbers that others print to.
int OpenPart() {
  const int fd = open(g_task.part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 || fd > 2) return fd;
  const int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return higher;
}

void TellResult(walk::WalkStop stop, int error) {
  FileHeader* header = g_agent.file.header();
  header->snapshot_error = error;
  __atomic_store_n(&header->snapshot_stop, uint32_t(stop), __ATOMIC_RELEASE);
}

// The child, on a stack of its own. Everything it sees is frozen, but for the recording, which it shares with the program.
int Child(void*) {
  ResetRangesAfterFork();  // their locks may have been held by threads that are not here
  ResetMapsAfterFork();
  BePoliteAndMortal();
  CloseFiles();
  const int fd = OpenPart();
  // Who waits for this file knows by the lock that its writer lives.
  const bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (locked) TakeLedger(g_taking.count, g_task.header.time_ns, true);  // before this copy takes memory of its own
  if (!locked || !g_writer.Open(fd, g_task.header)) {
    TellResult(walk::WalkStop::kFile, errno);
    _exit(1);
  }
  walk::WalkOptions options;
  options.minor = int(g_agent.minor);
  options.runtime = reinterpret_cast<uint64_t>(g_python.runtime);
  options.redact = g_agent.options.redact;
  options.while_collecting = g_task.header.trigger == uint32_t(SnapshotTrigger::kExit);
  options.max_ns = kMaxWalkNs;
  options.max_bytes = kMaxFileBytes;
  options.call_traverse = true;
  options.module_count = g_modules.Find();
  options.modules = g_modules.list();
  options.origin = PairOfLiveBlock;
  options.birth = BirthOfPair;
  options.stack = StackOfPair;
  options.size_of = SizeOfLiveBlock;
  options.for_each_block = ForEachLiveBlock;
  options.max_origins = g_agent.file.Count(capture::Table::kCells) / 2;
  options.progress = &g_agent.file.header()->snapshot_nodes;
  const walk::WalkStop stop = walk::WalkOwn(options, g_writer);
  const bool whole =
      stop == walk::WalkStop::kComplete || stop == walk::WalkStop::kTime || stop == walk::WalkStop::kSize;
  // Only the program knows how long it stood still, and told it since.
  const uint64_t pause_ns = g_agent.file.header()->snapshot_pause_ns - g_task.pauses_before_ns;
  [[maybe_unused]] const ssize_t told =
      pwrite(fd, &pause_ns, sizeof pause_ns, offsetof(capture::SnapshotHeader, pause_ns));
  const bool kept = whole && rename(g_task.part, g_task.whole) == 0;
  TellResult(stop, kept ? 0 : g_writer.error());
  _exit(kept ? 0 : 1);
}

void Describe(SnapshotTrigger trigger, uint64_t now_ns) {
  FileHeader* header = g_agent.file.header();
  capture::SnapshotHeader& snapshot = g_task.header;
  snapshot = {};
  snapshot.pid = g_agent.pid;
  snapshot.python_version = g_python.version_hex;
  snapshot.trigger = uint32_t(trigger);
  snapshot.epoch = g_counters.epoch;
  snapshot.time_ns = now_ns - header->start_monotonic_ns;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snapshot.realtime_ns = uint64_t(now.tv_sec) * 1000000000u + uint64_t(now.tv_nsec);
  snapshot.flags = g_agent.options.redact ? 1 : 0;
  capture::SampleRecord sample = {};
  ReadCollections(&sample);
  snapshot.gc_flags = (sample.gc_flags & 1u) | (sample.gc_flags & 2u);
  const uint32_t number = ++g_taking.count;
  snprintf(g_task.whole, sizeof g_task.whole, "%s/heap.%u", g_agent.file.folder(), number);
  snprintf(g_task.part, sizeof g_task.part, "%s/heap.%u.part", g_agent.file.folder(), number);
}

// Makes the copy. All signals are blocked meanwhile, so that no handler of the program runs in it; and a debugger of the program (strace)
// does not get it, too.
int CloneProcess() {
  if (!g_taking.stack) {
    g_taking.stack = static_cast<char*>(MapMemory(kStackBytes));
    if (!g_taking.stack) return -1;
    mprotect(g_taking.stack, kGuardBytes, PROT_NONE);
  }
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const int child = clone(Child, g_taking.stack + kStackBytes, CLONE_UNTRACED, nullptr);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return child;
}

// The next one is due when the cost of this one is a small part of the time since, and the program is half as old again (twice, once it
// is a minute old): so the last one is never far back.
void Plan(uint64_t cost_ns) {
  const uint64_t start = g_agent.file.header()->start_monotonic_ns;
  const uint64_t taken = g_taking.started_ns;
  if (const uint64_t every = g_agent.options.snapshot_every_ns) {
    g_taking.next_ns = taken + every;
    return;
  }
  const uint64_t age = taken - start;
  const uint64_t affordable = taken + cost_ns * (age < kBriefNs ? kBriefCostShare : kCostShare);
  const uint64_t older = taken + (age < kYoungNs ? age / 2 : age);
  g_taking.next_ns = affordable > older ? affordable : older;
  g_taking.soonest_ns = age < kFirstSecondNs ? taken + cost_ns * kGrowingCostShare : 0;
}

// A script that works for a second and lets go of it all at its end: one look while it grew is worth more than several after.
bool GrowsQuickly(uint64_t now_ns) {
  const uint64_t before = g_taking.live_bytes;
  return g_taking.soonest_ns && now_ns >= g_taking.soonest_ns &&
         g_counters.volume - g_counters.freed >= before + before / 4 + kGrowthBytes;
}

// Takes notice of a child that is done. REQUIRES: g_taking_lock.
void Reap() {
  if (!g_taking.child) return;
  int status = 0;
  rusage usage = {};
  const int done = wait4(g_taking.child, &status, __WCLONE | WNOHANG, &usage);
  if (done == 0) return;
  FileHeader* header = g_agent.file.header();
  const uint64_t cpu_ns = uint64_t(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
                          uint64_t(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
  header->snapshot_cpu_ns += cpu_ns;
  // Somebody else may have waited for it (wait4 with __WALL): then its file tells.
  const bool good = done > 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0 : access(g_task.whole, F_OK) == 0;
  if (good) ++header->snapshots_done;
  else ++header->snapshots_failed;
  g_taking.child = 0;
  __atomic_store_n(&header->snapshot_child, 0, __ATOMIC_RELEASE);
  Plan(g_taking.pause_ns + cpu_ns / kChildShare);
}

// The last one is taken whatever else goes on: beside another that is still being written, and within the collection that finalisation
// begins with (its lists are whole again by the time that it frees anything).
bool MayTake(SnapshotTrigger trigger) {
  if (!g_agent.options.snapshots || !g_python.main_interpreter || !tls.thread || !g_anywhere.holds_lock(tls.thread))
    return false;
  const bool last = trigger == SnapshotTrigger::kExit;
  if (g_taking.child && !last) return false;
  if (g_taking.has_reaper && trigger != SnapshotTrigger::kRequest) return false;
  const walk::WalkStop stop = walk::CanWalkOwn(int(g_agent.minor), reinterpret_cast<uint64_t>(g_python.runtime));
  return stop == walk::WalkStop::kComplete || (last && stop == walk::WalkStop::kCollecting);
}

// REQUIRES: g_taking_lock, and MayTake.
void Take(SnapshotTrigger trigger, uint64_t now_ns) {
  Describe(trigger, now_ns);
  FileHeader* header = g_agent.file.header();
  header->snapshot_nodes = 0;
  header->snapshot_stop = 0;
  header->snapshot_error = 0;
  g_task.pauses_before_ns = header->snapshot_pause_ns;
  const int child = CloneProcess();
  const uint64_t end = NowNs();
  if (child < 0) {
    ++header->snapshots_failed;
    header->snapshot_error = errno;
    g_taking.started_ns = now_ns;
    Plan(kCostOfFailureNs);
    return;
  }
  g_taking.child = child;
  g_taking.live_bytes = g_counters.volume - g_counters.freed;
  g_taking.started_ns = now_ns;
  g_taking.pause_ns = end - now_ns;
  header->snapshot_pause_ns += g_taking.pause_ns;
  __atomic_store_n(&header->snapshot_child, child, __ATOMIC_RELEASE);
}

// A helper that ends so soon has none at all.
bool TooBrief(uint64_t now_ns) {
  return now_ns - g_agent.file.header()->start_monotonic_ns < kFirstNs && !g_agent.options.main;
}

// The last one was taken when the main module had returned, and the program did little since: what callbacks at the exit let go of is better
// seen before them.
bool LookedAtWhenReturned(uint64_t now_ns) {
  constexpr uint64_t kOneIn = 10;  // of the run
  const uint64_t age = now_ns - g_agent.file.header()->start_monotonic_ns;
  return g_taking.returned_ns && now_ns - g_taking.returned_ns < age / kOneIn + kFirstNs;
}

}  // namespace

void ConsiderSnapshot(uint64_t now_ns) {
  if (!g_agent.options.snapshots || !g_python.main_interpreter || !g_taking_lock.TryLock()) return;
  Reap();
  FileHeader* header = g_agent.file.header();
  const uint32_t requests = __atomic_load_n(&header->snapshot_requests, __ATOMIC_ACQUIRE);
  const bool asked = requests != g_taking.requests_seen;
  if (!g_taking.next_ns && g_agent.options.snapshots_auto) {
    const uint64_t first = g_agent.options.snapshot_every_ns ? g_agent.options.snapshot_every_ns : kFirstNs;
    g_taking.next_ns = header->start_monotonic_ns + first;
  }
  const bool ends = g_ending.snapshot_due && g_agent.options.snapshots_auto && !TooBrief(now_ns);
  const bool due = g_agent.options.snapshots_auto && (now_ns >= g_taking.next_ns || GrowsQuickly(now_ns));
  const SnapshotTrigger trigger = asked  ? SnapshotTrigger::kRequest
                                  : ends ? SnapshotTrigger::kExit
                                         : SnapshotTrigger::kInterval;
  if ((asked || ends || due) && MayTake(trigger)) {
    g_taking.requests_seen = requests;
    if (ends) g_taking.returned_ns = now_ns;
    g_ending.snapshot_due &= !ends;
    Take(trigger, now_ns);
  }
  g_taking_lock.Unlock();
}

void TakeSnapshot(SnapshotTrigger trigger, uint64_t now_ns) {
  const bool exits = trigger == SnapshotTrigger::kExit;
  const bool useless = exits && (TooBrief(now_ns) || LookedAtWhenReturned(now_ns));
  if (!g_agent.options.snapshots_auto || useless || !g_taking_lock.TryLock()) return;
  Reap();
  if (MayTake(trigger)) Take(trigger, now_ns);
  g_taking_lock.Unlock();
}

uint32_t BeginSnapshot(uint64_t now_ns) {
  if (!g_taking_lock.TryLock()) return 0;
  Reap();
  uint32_t number = 0;
  if (MayTake(SnapshotTrigger::kRequest)) {
    Take(SnapshotTrigger::kRequest, now_ns);
    number = g_taking.child ? g_taking.count : 0;
  }
  g_taking_lock.Unlock();
  return number;
}

bool PollSnapshot() {
  if (g_taking_lock.TryLock()) {
    Reap();
    g_taking_lock.Unlock();
  }
  return SnapshotRunning();
}

bool SnapshotRunning() { return g_taking.child != 0; }

void ForgetSnapshots() {
  g_taking_lock.ResetAfterFork();
  g_taking.child = 0;
  g_taking.count = 0;
  g_taking.next_ns = 0;
  g_taking.requests_seen = 0;
  g_taking.has_reaper = g_taking.children_have_reaper;
}

void NoteReaper() {
  int subreaper = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0);
  g_taking.children_have_reaper = g_taking.has_reaper || subreaper != 0 || g_agent.pid == 1;
}

void GiveUpSnapshot() {
  if (!g_taking.child || !g_taking_lock.TryLock()) return;
  if (g_taking.child) {
    kill(g_taking.child, SIGKILL);
    wait4(g_taking.child, nullptr, __WCLONE, nullptr);
    unlink(g_task.part);
    g_taking.child = 0;
    __atomic_store_n(&g_agent.file.header()->snapshot_child, 0, __ATOMIC_RELEASE);
  }
  g_taking_lock.Unlock();
}

}  // namespace limpet::agent
