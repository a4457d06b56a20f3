// Starts a program and stays out of its way until it ends.
//
// The program is our direct child, in our process group, with our terminal, files, signal mask and dispositions, so that it
// lives as if it had been started in our place. Signals:
//   - What the terminal sends (Ctrl-C, Ctrl-\, Ctrl-Z, hang-up) reaches the program by itself, because it reaches the whole
//     process group. We ignore our copy.
//   - What somebody sends to us alone (kill PID, timeout, a supervisor) is passed on, unless the program itself sent it.
//   - When Ctrl-Z stops the program, we stop too, so that the shell gets its prompt; when the shell continues us, the
//     program is continued.
// SIGKILL cannot be passed on: the program then runs on, and its recording stays complete.
#ifndef LIMPET_CLI_SPAWN_H_
#define LIMPET_CLI_SPAWN_H_

#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace limpet::cli {

struct Ending {
  std::optional<int> exit_status;
  std::optional<int> signal;
};

class Child {
 public:
  // Takes over the signals of this process for good: what arrives is the program's matter.
  Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Starts `path` with the given arguments and environment ("NAME=value"). Returns 0 or the errno of vfork or execve.
  int Start(const std::string& path, const std::vector<std::string>& argv, const std::vector<std::string>& environment);

  // For a process that we fork after the end: it can be interrupted as any other.
  void GiveSignalsBack();

  pid_t pid() const { return pid_; }

  // Waits for the end; calls `tick` about every `period_ms` milliseconds meanwhile when that is not 0.
  // REQUIRES: Start returned 0.
  Ending Wait(int period_ms, const std::function<void()>& tick);

 private:
  void Handle(const siginfo_t& info) const;
  bool Reap(Ending* ending);
  void StopWithChild(int signal) const;

  pid_t pid_ = -1;
  sigset_t taken_;  // the signals that we wait for instead of having them delivered
  sigset_t mask_before_;
  struct sigaction
      child_action_;  // SIGCHLD's disposition before: a parent that ignores it loses its children's statuses
};

// Ends this process as the program ended: same exit status, or the same signal (without a core file of our own).
[[noreturn]] void ExitLike(const Ending& ending);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_SPAWN_H_
