// The functions that execute other programs: they get our variables, so that Python children are traced too. These run in
// children of vfork as well: nothing here allocates or writes to anything but the stack.
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/environment.h"
#include "agent/snapshot.h"
#include "agent/symbols.h"

namespace limpet::agent {

namespace {

// Notes in the recording that this process image ends, unless we are in a child of vfork, which shares our memory.
class Leaving {
 public:
  Leaving() {
    capture::FileHeader* header = g_agent.file.header();
    if (!header || g_gate.state != uint32_t(Gate::kOpen) || g_agent.pid != int(syscall(SYS_getpid))) return;
    header_ = header;
    GiveUpSnapshot();
    header->state = uint32_t(capture::State::kExeced);
  }
  ~Leaving() {  // the call came back: it failed
    if (header_) header_->state = uint32_t(capture::State::kRecording);
  }

 private:
  capture::FileHeader* header_ = nullptr;
};

template <class Function>
Function NextOf(Function, const char* name) {
  return reinterpret_cast<Function>(FindSymbol(RTLD_NEXT, name));
}

}  // namespace

// Room for the changed environment on the caller's stack; `environment` becomes the one to use.
#define LIMPET_WITH_ENVIRONMENT(environment)                                                                   \
  const size_t variables = CountVariables(environment);                                                        \
  char** fresh =                                                                                               \
      static_cast<char**>(__builtin_alloca((variables <= kMaxVariables ? variables + 3 : 1) * sizeof(char*))); \
  char preload[kMaxPreload];                                                                                   \
  environment = const_cast<char**>(AddEnvironment(environment, fresh, preload))

LIMPET_EXPORT int execve(const char* path, char* const* arguments, char* const* environment) noexcept {
  static const auto next = NextOf(&execve, "execve");
  LIMPET_WITH_ENVIRONMENT(environment);
  Leaving leaving;
  return next(path, arguments, environment);
}

LIMPET_EXPORT int execv(const char* path, char* const* arguments) noexcept { return execve(path, arguments, environ); }

LIMPET_EXPORT int execvpe(const char* file, char* const* arguments, char* const* environment) noexcept {
  static const auto next = NextOf(&execvpe, "execvpe");
  LIMPET_WITH_ENVIRONMENT(environment);
  Leaving leaving;
  return next(file, arguments, environment);
}

LIMPET_EXPORT int execvp(const char* file, char* const* arguments) noexcept {
  return execvpe(file, arguments, environ);
}

LIMPET_EXPORT int fexecve(int fd, char* const* arguments, char* const* environment) noexcept {
  static const auto next = NextOf(&fexecve, "fexecve");
  LIMPET_WITH_ENVIRONMENT(environment);
  Leaving leaving;
  return next(fd, arguments, environment);
}

LIMPET_EXPORT int execveat(int fd, const char* path, char* const* arguments, char* const* environment,
                           int flags) noexcept {
  static const auto next = NextOf(&execveat, "execveat");
  LIMPET_WITH_ENVIRONMENT(environment);
  Leaving leaving;
  return next(fd, path, arguments, environment, flags);
}

// The arguments of execl and kin, copied to an array on the stack of the caller.
#define LIMPET_COLLECT(first)                                                            \
  va_list list;                                                                          \
  size_t count = 1;                                                                      \
  va_start(list, first);                                                                 \
  while (va_arg(list, char*)) ++count;                                                   \
  va_end(list);                                                                          \
  char** arguments = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*))); \
  arguments[0] = const_cast<char*>(first);                                               \
  va_start(list, first);                                                                 \
  for (size_t i = 1; i <= count; ++i) arguments[i] = va_arg(list, char*)

LIMPET_EXPORT int execl(const char* path, const char* first, ...) noexcept {
  LIMPET_COLLECT(first);
  va_end(list);
  return execve(path, arguments, environ);
}

LIMPET_EXPORT int execlp(const char* file, const char* first, ...) noexcept {
  LIMPET_COLLECT(first);
  va_end(list);
  return execvpe(file, arguments, environ);
}

LIMPET_EXPORT int execle(const char* path, const char* first, ...) noexcept {
  LIMPET_COLLECT(first);
  char** environment = va_arg(list, char**);
  va_end(list);
  return execve(path, arguments, environment);
}

LIMPET_EXPORT int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                              const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) {
  static const auto next = NextOf(&posix_spawn, "posix_spawn");
  LIMPET_WITH_ENVIRONMENT(environment);
  return next(pid, path, actions, attributes, arguments, environment);
}

LIMPET_EXPORT int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                               const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) {
  static const auto next = NextOf(&posix_spawnp, "posix_spawnp");
  LIMPET_WITH_ENVIRONMENT(environment);
  return next(pid, file, actions, attributes, arguments, environment);
}

// The C library's own `system` executes the shell by a way that does not pass here, so this is POSIX's, written out.
LIMPET_EXPORT int system(const char* command) {
  if (!command) return 1;
  struct sigaction ignore = {}, old_interrupt, old_quit;
  ignore.sa_handler = SIG_IGN;
  sigset_t block, old_mask, defaults;
  sigemptyset(&block);
  sigaddset(&block, SIGCHLD);
  sigaction(SIGINT, &ignore, &old_interrupt);
  sigaction(SIGQUIT, &ignore, &old_quit);
  sigprocmask(SIG_BLOCK, &block, &old_mask);
  sigemptyset(&defaults);
  if (old_interrupt.sa_handler != SIG_IGN) sigaddset(&defaults, SIGINT);
  if (old_quit.sa_handler != SIG_IGN) sigaddset(&defaults, SIGQUIT);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &old_mask);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  char* const arguments[] = {const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>(command), nullptr};
  pid_t pid;
  int status = 127 << 8;  // as if the shell had not been found
  if (posix_spawn(&pid, "/bin/sh", nullptr, &attributes, arguments, environ) == 0) {
    while (waitpid(pid, &status, 0) < 0) {
      if (errno == EINTR) continue;
      status = -1;
      break;
    }
  }
  posix_spawnattr_destroy(&attributes);
  const int saved = errno;
  sigaction(SIGINT, &old_interrupt, nullptr);
  sigaction(SIGQUIT, &old_quit, nullptr);
  sigprocmask(SIG_SETMASK, &old_mask, nullptr);
  errno = saved;
  return status;
}

}  // namespace limpet::agent
