#include "agent/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/agent.h"
#include "capture/requests_format.h"

namespace limpet::agent {

namespace {

constinit uint64_t g_mapped;

using Path = char[600];

void PathOf(const char* name, Path& path) { snprintf(path, sizeof path, "%s/%s", g_agent.file.folder(), name); }

bool MayBeWritten(size_t bytes) {
  rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= bytes;
}

// Gives all pages their disk blocks now, so that a full disk is an answer and not a signal.
bool Populate(void* base, size_t bytes, int fd) {
  if (madvise(base, bytes, MADV_POPULATE_WRITE) == 0) return true;
  return errno == EINVAL && fallocate(fd, 0, 0, off_t(bytes)) == 0;
}

}  // namespace

void* MapOwnFile(const char* name, size_t bytes) {
  if (!MayBeWritten(bytes)) return nullptr;
  Path path;
  PathOf(name, path);
  const int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
  if (fd < 0) return nullptr;
  void* base = nullptr;
  if (ftruncate(fd, off_t(bytes)) == 0) {
    const long result = syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
    if (result != -1) base = reinterpret_cast<void*>(result);
  }
  if (base && !Populate(base, bytes, fd)) {
    syscall(SYS_munmap, base, bytes);
    base = nullptr;
  }
  close(fd);
  if (base) __atomic_add_fetch(&g_mapped, bytes, __ATOMIC_RELAXED);
  else unlink(path);
  return base;
}

void UnmapOwnFile(void* base, size_t bytes) {
  syscall(SYS_munmap, base, bytes);
  __atomic_sub_fetch(&g_mapped, bytes, __ATOMIC_RELAXED);
}

void* MapRequestsFile() {
  ErrnoGuard guard;
  Path path;
  PathOf("requests", path);
  unlink(path);
  return MapOwnFile("requests", capture::kRequestsFileSize);
}

uint64_t OwnFileBytes() { return __atomic_load_n(&g_mapped, __ATOMIC_RELAXED); }

}  // namespace limpet::agent
