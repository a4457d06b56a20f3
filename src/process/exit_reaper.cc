#include "process/exit_reaper.h"

#include <sys/wait.h>

#include <chrono>

namespace limpet::process {

namespace {

// Of traced threads waitid also takes stops, whatever it is asked for: those are the tracer's to hear of. So it looks first.
bool ReapIfEnded(pid_t thread) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(thread), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) return false;
  const bool ended = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
  if (info.si_pid != thread || !ended) return false;
  return waitid(P_PID, static_cast<id_t>(thread), &info, WEXITED | WNOHANG | __WALL) == 0;
}

}  // namespace

ExitReaper::ExitReaper() : worker_([this] { Run(); }) {}

ExitReaper::~ExitReaper() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_one();
  worker_.join();
}

void ExitReaper::Watch(pid_t thread) {
  const std::lock_guard lock(mutex_);
  watched_.push_back(thread);
}

void ExitReaper::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::milliseconds(10), [this] { return done_; })) {
    std::erase_if(watched_, ReapIfEnded);
  }
}

}  // namespace limpet::process
