#include "process/stopped_process.h"

#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "base/file.h"
#include "fmt/format.h"
#include "process/exit_reaper.h"
#include "process/proc.h"

namespace limpet::process {
namespace {

constexpr uint64_t kFarewellNs = 1'000'000'000;  // for one that dies, or has not stopped yet, when all are let go
constexpr uint64_t kPatienceNs = 5'000'000'000;  // for a thread in the kernel that cannot be interrupted: a disk, vfork

uint64_t NowNs() {
  return uint64_t(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

std::vector<pid_t> ListThreads(pid_t pid) {
  std::vector<pid_t> threads;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(fmt::format("/proc/{}/task", pid).c_str()), closedir);
  if (!folder) return threads;
  while (const dirent* entry = readdir(folder.get())) {
    pid_t thread = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, thread).ptr == end) threads.push_back(thread);
  }
  return threads;
}

// The letter of a thread's state; 0: it is gone.
char StateOf(pid_t pid, pid_t thread) {
  const auto text = base::ReadFile(fmt::format("/proc/{}/task/{}/stat", pid, thread));
  if (!text.ok()) return 0;
  const size_t name_end = text->rfind(')');
  return name_end != std::string::npos && name_end + 2 < text->size() ? (*text)[name_end + 2] : '\0';
}

bool IsEnded(pid_t pid, pid_t thread) {
  const char state = StateOf(pid, thread);
  return state == 0 || state == 'Z' || state == 'X';
}

}  // namespace

std::string WhyNotAllowed(pid_t pid, int error) {
  const auto status = ReadStatus(pid);
  if (!status.ok()) return status.message();
  const std::string what = fmt::format("limpet may not look into process {} ({})", pid, status->name);
  if (status->tracer) {
    return fmt::format("{}: process {} is tracing it already (a debugger, strace?); end that first", what,
                       status->tracer);
  }
  if (geteuid() != 0 && (status->real_uid != geteuid() || status->effective_uid != geteuid())) {
    return fmt::format("{}: it runs as uid {}, limpet as uid {}; run limpet as that user or as root", what,
                       status->real_uid, geteuid());
  }
  const auto scope = base::ReadFile("/proc/sys/kernel/yama/ptrace_scope");
  const char level = scope.ok() && !scope->empty() ? (*scope)[0] : '0';
  if (level == '3') return what + ": kernel.yama.ptrace_scope is 3, which forbids it to everyone until the next boot";
  if (geteuid() != 0 && (level == '1' || level == '2')) {
    return fmt::format(
        "{}: kernel.yama.ptrace_scope is {}; run limpet as root (sudo), or set it to 0 (sudo sysctl "
        "kernel.yama.ptrace_scope=0)",
        what, level);
  }
  struct stat folder;
  if (geteuid() != 0 && stat(fmt::format("/proc/{}", pid).c_str(), &folder) == 0 && folder.st_uid != geteuid()) {
    return what + ": it is protected from its own user (it gained privileges, or asked for it); run limpet as root";
  }
  return fmt::format(
      "{}: {}; it takes the right CAP_SYS_PTRACE (in a container: --cap-add=SYS_PTRACE, and limpet in the same "
      "one or on the host)",
      what, base::ErrnoText(error));
}

StoppedProcess& StoppedProcess::operator=(StoppedProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(start_ns_, other.start_ns_);
  std::swap(threads_, other.threads_);
  return *this;
}

Result<StoppedProcess> StoppedProcess::Stop(pid_t pid) {
  if (pid == getpid()) return Error("limpet cannot stop itself");
  StoppedProcess process(pid);
  LIMPET_RETURN_IF_ERROR(process.StopThreads());
  return process;
}

bool StoppedProcess::IsKnown(pid_t thread) const {
  return std::any_of(threads_.begin(), threads_.end(), [thread](const Thread& known) { return known.id == thread; });
}

// New threads may begin while others are already held: looks again until none is left.
Status StoppedProcess::StopThreads() {
  ExitReaper reaper;
  for (;;) {
    const size_t before = threads_.size();
    for (const pid_t thread : ListThreads(pid_)) {
      if (before && IsKnown(thread)) continue;
      LIMPET_RETURN_IF_ERROR(Seize(thread, reaper));
    }
    if (threads_.size() == before) break;
    LIMPET_RETURN_IF_ERROR(AwaitStops());
  }
  std::erase_if(threads_, [](const Thread& thread) { return !thread.stopped; });
  return threads_.empty() ? Error(fmt::format("there is no process {}, or it has ended", pid_)) : Status::Ok();
}

Status StoppedProcess::Seize(pid_t thread, ExitReaper& reaper) {
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
    const int error = errno;
    if (error == ESRCH || IsEnded(pid_, thread)) return Status::Ok();
    return Error(WhyNotAllowed(pid_, error));
  }
  if (!start_ns_) start_ns_ = NowNs();
  threads_.push_back({thread, false, 0});
  reaper.Watch(thread);
  ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
  return Status::Ok();
}

Status StoppedProcess::AwaitStops() {
  const uint64_t start = NowNs();
  for (size_t i = 0; i < threads_.size(); ++i) {
    Thread& thread = threads_[i];
    for (int turn = 0; !thread.stopped; ++turn) {
      int status = 0;
      const pid_t result = waitpid(thread.id, &status, __WALL | WNOHANG);
      if (result == thread.id && WIFSTOPPED(status)) {
        thread.stopped = true;
        // What stopped it was our interrupt (or a stop of the whole process), or a signal on its way: that is handed on later.
        if (status >> 16 == 0) thread.signal = WSTOPSIG(status);
        break;
      }
      if (result == thread.id || (result < 0 && errno != EINTR)) break;  // it has ended
      if (NowNs() - start > kPatienceNs) {
        return Error(
            fmt::format("thread {} of process {} does not stop (state {}): it waits within the kernel; try again later",
                        thread.id, pid_, StateOf(pid_, thread.id)));
      }
      if (turn > 100) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
  return Status::Ok();
}

// Lets one thread go, or notices its end. A thread that dies while it is traced stays a zombie until its tracer has heard of it, and its
// process with it: the parent would wait for ever.
bool StoppedProcess::LetGo(const Thread& thread) {
  const auto detach = [&thread](int signal) {
    return ptrace(PTRACE_DETACH, thread.id, nullptr, reinterpret_cast<void*>(intptr_t{signal})) == 0;
  };
  if (thread.stopped && detach(thread.signal)) return true;
  int status = 0;
  const pid_t result = waitpid(thread.id, &status, __WALL | WNOHANG);
  if (result == 0 || (result < 0 && errno == EINTR)) return false;  // not stopped yet, or about to die
  if (result == thread.id && WIFSTOPPED(status)) detach(status >> 16 == 0 ? WSTOPSIG(status) : 0);
  return true;
}

uint64_t StoppedProcess::Resume() {
  if (threads_.empty()) return 0;
  uint64_t resumed = 0;
  for (int turn = 0;; ++turn) {
    std::erase_if(threads_, [](const Thread& thread) { return LetGo(thread); });
    if (!resumed) resumed = NowNs();
    if (threads_.empty() || NowNs() - resumed > kFarewellNs) break;  // the kernel lets go of the others at our end
    if (turn > 100) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  threads_.clear();
  return resumed - start_ns_;
}

}  // namespace limpet::process
