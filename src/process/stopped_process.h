// Holds all threads of another process, without its noticing: no signal is lost, and a process that was stopped stays so. The kernel
// lets it go on should we die. To be used and destroyed by one thread.
#ifndef LIMPET_PROCESS_STOPPED_PROCESS_H_
#define LIMPET_PROCESS_STOPPED_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace limpet::process {

class ExitReaper;

class StoppedProcess {
 public:
  // Fails where there is no right to (the message says what would grant it), and when a thread does not stop within a few seconds.
  static Result<StoppedProcess> Stop(pid_t pid);

  StoppedProcess(StoppedProcess&& other) noexcept { *this = std::move(other); }
  StoppedProcess& operator=(StoppedProcess&& other) noexcept;
  ~StoppedProcess() { Resume(); }

  // Lets it go on. Returns how long it stood still (nanoseconds, from the first thread's stop on).
  uint64_t Resume();

  size_t threads() const { return threads_.size(); }

 private:
  struct Thread {
    pid_t id;
    bool stopped;
    int signal;  // that it was about to get
  };

  explicit StoppedProcess(pid_t pid) : pid_(pid) {}
  Status StopThreads();
  Status Seize(pid_t thread, ExitReaper& reaper);
  Status AwaitStops();
  bool IsKnown(pid_t thread) const;
  static bool LetGo(const Thread& thread);

  pid_t pid_ = 0;
  uint64_t start_ns_ = 0;
  std::vector<Thread> threads_;
};

// Why ptrace says `error` for the process, and what would grant it: "process 7 runs as uid 1000: run limpet as that user or as root".
std::string WhyNotAllowed(pid_t pid, int error);

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_STOPPED_PROCESS_H_
