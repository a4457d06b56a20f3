#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "cli/doctor.h"
#include "fmt/format.h"
#include "process/proc.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14
#endif

namespace limpet::cli {
namespace {

constexpr uint64_t kLittleDisk = 64ull << 20;  // a recording of an hour of a busy server takes about this
constexpr uint64_t kNoDisk = 1ull << 20;       // less cannot hold the smallest recording
constexpr uint64_t kLittleAddressSpace = 1ull << 30;

// First line of a small file, or nothing.
std::string Line(const std::string& path) {
  const Result<std::string> text = base::ReadFile(path);
  if (!text.ok()) return {};
  return text->substr(0, text->find('\n'));
}

bool KernelTakesAdvice(int advice) {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  const bool taken = madvise(page, 4096, advice) == 0;
  munmap(page, 4096);
  return taken;
}

void CheckKernel(Checks* checks) {
  utsname system = {};
  uname(&system);
  const std::string name = fmt::format("Linux {} on {}", system.release, system.machine);
  if (std::string(system.machine) == "x86_64") {
    checks->Ok("system", name);
  } else {
    checks->Problem("system", name, "limpet traces programs on x86-64");
  }
  std::string missing;
  const auto need = [&missing](bool there, const char* what) {
    if (!there) missing += (missing.empty() ? "" : ", ") + std::string(what);
  };
  need(KernelTakesAdvice(MADV_WIPEONFORK), "MADV_WIPEONFORK (children of a raw clone may be counted as their parent)");
  need(KernelTakesAdvice(MADV_POPULATE_WRITE), "MADV_POPULATE_WRITE (disk space is claimed in a slower way)");
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  need(commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0,
       "membarrier (pauses of the program are longer)");
  if (missing.empty()) {
    checks->Ok("kernel", "MADV_WIPEONFORK, MADV_POPULATE_WRITE and membarrier are there");
  } else {
    checks->Note("kernel", "not available: " + missing, "a newer kernel, or a container profile that allows them");
  }
}

void CheckDisk(const std::string& folder, Checks* checks) {
  struct statvfs space;
  if (statvfs(folder.c_str(), &space) != 0) {
    checks->Problem("recordings", fmt::format("cannot look at '{}': {}", folder, base::ErrnoText(errno)),
                    "choose another place with -o");
    return;
  }
  const uint64_t bytes = uint64_t(space.f_bavail) * space.f_frsize;
  const std::string text = fmt::format("{} free in {}", base::FormatBytes(bytes), folder);
  if (access(folder.c_str(), W_OK) != 0) {
    checks->Problem("recordings", fmt::format("cannot write to {}: {}", folder, base::ErrnoText(errno)),
                    "record elsewhere: limpet run -o DIR/NAME.limpet");
  } else if (bytes < kNoDisk) {
    checks->Problem("recordings", text, "free some space, or record elsewhere: limpet run -o DIR/NAME.limpet");
  } else if (bytes < kLittleDisk) {
    checks->Note("recordings", text,
                 "long runs need about 64 MB; limpet stops recording when the disk is full, the program goes on");
  } else {
    checks->Ok("recordings", text);
  }
  struct statfs kind;
  if (statfs(folder.c_str(), &kind) == 0 && (kind.f_type == TMPFS_MAGIC || kind.f_type == RAMFS_MAGIC)) {
    checks->Note("recordings", folder + " lives in memory, and so would a recording", "record to a disk with -o");
  }
}

void CheckLimit(int resource, const char* name, uint64_t little, const char* effect, Checks* checks) {
  rlimit limit;
  if (getrlimit(__rlimit_resource(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      limit.rlim_cur >= little)
    return;
  checks->Note("limits", fmt::format("{} is {}: {}", name, base::FormatBytes(limit.rlim_cur), effect),
               "raise it with ulimit");
}

void CheckLimits(Checks* checks) {
  const size_t before = checks->all().size();
  CheckLimit(RLIMIT_AS, "the limit on address space (ulimit -v)", kLittleAddressSpace,
             "limpet's tables take part of it: a quarter of the traced heap and some MB", checks);
  CheckLimit(RLIMIT_DATA, "the limit on data (ulimit -d)", kLittleAddressSpace, "limpet's tables take part of it",
             checks);
  CheckLimit(RLIMIT_FSIZE, "the limit on file sizes (ulimit -f)", kLittleDisk,
             "recording stops when its file reaches it", checks);
  if (Line("/proc/sys/vm/overcommit_memory") == "2") {
    checks->Note("limits",
                 "the kernel does not overcommit memory (vm.overcommit_memory = 2): limpet's tables count in full");
  }
  if (checks->all().size() == before) checks->Ok("limits", "no limit on address space, data or file size that matters");
}

void CheckConfinement(Checks* checks) {
  const Result<process::ProcessStatus> own = process::ReadStatus(getpid());
  if (!own.ok()) {
    checks->Note("/proc", "is not there: limpet can tell less about processes", "mount it");
    return;
  }
  if (own->seccomp != 0) {
    checks->Note("seccomp",
                 "a filter limits the system calls of this shell and of what it starts; the trial below shows whether "
                 "limpet is hurt");
  } else {
    checks->Ok("seccomp", "no filter on system calls");
  }
  if (own->no_new_privs)
    checks->Note("seccomp", "no_new_privs is set: setuid programs stay what they are, and can be traced");
  const std::string scope = Line("/proc/sys/kernel/yama/ptrace_scope");
  checks->Ok("ptrace", fmt::format("scope {}; 'limpet run' does not need ptrace",
                                   scope.empty() ? "unrestricted (no Yama)" : scope));
}

void CheckContainer(Checks* checks) {
  std::string kind;
  if (access("/.dockerenv", F_OK) == 0) kind = "Docker";
  if (access("/run/.containerenv", F_OK) == 0) kind = "Podman";
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) kind = "Kubernetes";
  std::string limit = Line("/sys/fs/cgroup/memory.max");
  if (limit.empty()) limit = Line("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const uint64_t bytes = std::strtoull(limit.c_str(), nullptr, 10);
  const bool limited = bytes > 0 && bytes < (1ull << 60);
  const std::string place = kind.empty() ? "no container is known" : fmt::format("inside {}", kind);
  if (limited) {
    checks->Note("memory", fmt::format("{}; the control group allows {}: limpet's tables count towards it", place,
                                       base::FormatBytes(bytes)));
  } else {
    checks->Ok("memory", place + ", no limit by a control group");
  }
}

}  // namespace

void CheckMachine(const std::string& recording_parent, Checks* checks) {
  CheckKernel(checks);
  CheckDisk(recording_parent, checks);
  CheckLimits(checks);
  CheckConfinement(checks);
  CheckContainer(checks);
}

}  // namespace limpet::cli
