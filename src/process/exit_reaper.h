// Hears of the ends of traced threads while their tracer is busy attaching to others.
//
// A thread that dies while it is traced stays a zombie until its tracer has waited for it. An execve in the traced process waits for
// all its other threads to be gone, and holds the lock that attaching to any of its threads needs: tracer and traced would wait for
// each other for ever, each inside the kernel, where no signal ends it.
#ifndef LIMPET_PROCESS_EXIT_REAPER_H_
#define LIMPET_PROCESS_EXIT_REAPER_H_

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace limpet::process {

// Any thread of a process may wait for what another of its threads traces; this one does so a hundred times a second, for exits only.
class ExitReaper {
 public:
  ExitReaper();
  ~ExitReaper();
  ExitReaper(const ExitReaper&) = delete;
  ExitReaper& operator=(const ExitReaper&) = delete;

  void Watch(pid_t thread);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<pid_t> watched_;
  bool done_ = false;
  std::thread worker_;  // last: it uses the others
};

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_EXIT_REAPER_H_
