#include "cli/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/file.h"
#include "fmt/format.h"

extern char** environ;

namespace limpet::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kMaxOutput = 1 << 20;

struct Pipe {
  base::FileDescriptor read;
  base::FileDescriptor write;
};

Result<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return Error(fmt::format("cannot make a pipe: {}", base::ErrnoText(errno)));
  return Pipe{base::FileDescriptor(fds[0]), base::FileDescriptor(fds[1])};
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// A session of its own, so that it and what it starts can be killed together.
Result<pid_t> Spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int out,
                    int err) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, argv[0].c_str(), &files, &attributes, Pointers(argv).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return Error(fmt::format("cannot run '{}': {}", argv[0], base::ErrnoText(error)));
  return pid;
}

// Reads both pipes until their ends or the deadline; true when both have ended.
bool Drain(int out, int err, Clock::time_point deadline, Probe* probe) {
  std::array<pollfd, 2> fds = {pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  std::array<std::string*, 2> texts = {&probe->output, &probe->errors};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    if (poll(fds.data(), fds.size(), int(left)) < 0 && errno != EINTR) return false;
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t got = read(fds[i].fd, buffer, sizeof buffer);
      if (got > 0 && texts[i]->size() < kMaxOutput) texts[i]->append(buffer, size_t(got));
      if (got == 0 || (got < 0 && errno != EINTR)) fds[i].fd = -1;
    }
  }
  return true;
}

}  // namespace

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  return environment;
}

Result<Probe> RunProbe(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                       int timeout_ms) {
  const Clock::time_point start = Clock::now();
  LIMPET_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  LIMPET_ASSIGN_OR_RETURN(Pipe err, MakePipe());
  LIMPET_ASSIGN_OR_RETURN(const pid_t pid, Spawn(argv, environment, out.write.get(), err.write.get()));
  out.write = base::FileDescriptor();
  err.write = base::FileDescriptor();
  Probe probe;
  const bool ended = Drain(out.read.get(), err.read.get(), start + std::chrono::milliseconds(timeout_ms), &probe);
  if (!ended) kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!ended) return Error(fmt::format("'{}' did not end within {} s", argv[0], timeout_ms / 1000));
  probe.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (WIFSIGNALED(status)) {
    probe.signal = WTERMSIG(status);
  } else {
    probe.exit_status = WEXITSTATUS(status);
  }
  return probe;
}

}  // namespace limpet::cli
