#include "cli/spawn.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace limpet::cli {
namespace {

// Signals that one process sends another on purpose. Those that tell of a fault of our own (SIGSEGV ...) stay ours.
constexpr int kPassedOn[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,   SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCONT,
                             SIGTSTP, SIGTTIN, SIGTTOU, SIGVTALRM, SIGPROF, SIGURG,  SIGIO,   SIGPWR,   SIGSTKFLT};

bool HasTerminal() {
  const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return false;
  close(fd);
  return true;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

timespec FromMilliseconds(int ms) { return {ms / 1000, (ms % 1000) * 1'000'000L}; }

}  // namespace

Child::Child() {
  sigemptyset(&taken_);
  for (const int signal : kPassedOn) sigaddset(&taken_, signal);
  sigaddset(&taken_, SIGCHLD);
  sigset_t blocked = taken_;
  sigaddset(&blocked, SIGPIPE);  // a report that nobody reads must not change the exit status
  sigprocmask(SIG_BLOCK, &blocked, &mask_before_);
  struct sigaction fresh = {};
  fresh.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &fresh, &child_action_);
}

void Child::GiveSignalsBack() {
  sigset_t mask = mask_before_;
  sigaddset(&mask, SIGPIPE);
  sigaddset(&mask, SIGTTOU);  // a report from the background must not wait for the terminal
  sigprocmask(SIG_SETMASK, &mask, nullptr);
}

int Child::Start(const std::string& path, const std::vector<std::string>& argv,
                 const std::vector<std::string>& environment) {
  const std::vector<char*> arguments = Pointers(argv);
  const std::vector<char*> variables = Pointers(environment);
  // A file without "#!" line is a shell script, as execvp has it.
  std::vector<char*> shell = {const_cast<char*>("/bin/sh"), const_cast<char*>(path.c_str())};
  shell.insert(shell.end(), arguments.begin() + 1, arguments.end());

  // vfork: the child runs in our memory until execve, so `error` tells us why there was none.
  volatile int error = 0;
  const pid_t pid = vfork();  // NOLINT(bugprone-unsafe-functions): posix_spawn cannot run a script without "#!"
  if (pid < 0) return errno;
  if (pid == 0) {
    sigaction(SIGCHLD, &child_action_, nullptr);
    sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    execve(path.c_str(), arguments.data(), variables.data());
    if (errno == ENOEXEC) execve(shell[0], shell.data(), variables.data());
    error = errno;
    _exit(127);
  }
  pid_ = pid;
  if (error != 0) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
  }
  return error;
}

Ending Child::Wait(int period_ms, const std::function<void()>& tick) {
  Ending ending;
  while (!Reap(&ending)) {
    siginfo_t info = {};
    int signal;
    if (period_ms > 0) {
      const timespec period = FromMilliseconds(period_ms);
      signal = sigtimedwait(&taken_, &info, &period);
      if (signal < 0 && errno == EAGAIN) tick();
    } else {
      signal = sigwaitinfo(&taken_, &info);
    }
    if (signal > 0) Handle(info);
  }
  return ending;
}

void Child::Handle(const siginfo_t& info) const {
  if (info.si_signo == SIGCHLD) return;                // Reap looks
  const bool from_kernel = info.si_code == SI_KERNEL;  // the terminal: the program has its own copy
  const bool from_program = info.si_pid == pid_;
  if (!from_kernel && !from_program) kill(pid_, info.si_signo);
}

// One look at the child: true when it has ended.
bool Child::Reap(Ending* ending) {
  while (true) {
    int status = 0;
    const pid_t got = waitpid(pid_, &status, WNOHANG | WUNTRACED);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return true;  // somebody else reaped it: neither status nor signal is known
    if (got == 0) return false;
    if (WIFSTOPPED(status)) {
      StopWithChild(WSTOPSIG(status));
      continue;
    }
    if (WIFSIGNALED(status)) {
      ending->signal = WTERMSIG(status);
    } else {
      ending->exit_status = WEXITSTATUS(status);
    }
    return true;
  }
}

// Job control: a shell takes the terminal back only when all of the job has stopped. Without a terminal nobody would ever
// continue us, so we go on waiting.
void Child::StopWithChild(int signal) const {
  const bool job_control = signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  if (!job_control || getpgid(pid_) != getpgrp() || !HasTerminal()) return;
  raise(SIGSTOP);
  kill(pid_, SIGCONT);  // we are back: whoever continued us meant the program
}

void ExitLike(const Ending& ending) {
  if (ending.signal) {
    const int signal = *ending.signal;
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);  // a core pattern with a pipe ignores the limit
    ::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    raise(signal);
    _exit(128 + signal);  // not reached: a signal that killed the program is deadly by default
  }
  _exit(ending.exit_status.value_or(1));
}

}  // namespace limpet::cli
