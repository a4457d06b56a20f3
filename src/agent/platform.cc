#include "agent/platform.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/ranges.h"

namespace limpet::agent {

constinit OwnRanges g_own_ranges;
constinit ArenaRanges g_arena_ranges;

void* MapMemory(size_t bytes) {
  ErrnoGuard guard;
  long result =
      syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (result == -1) return nullptr;
  g_own_ranges.Add(uintptr_t(result), bytes);
  return reinterpret_cast<void*>(result);
}

void UnmapMemory(void* address, size_t bytes) {
  ErrnoGuard guard;
  g_own_ranges.Remove(reinterpret_cast<uintptr_t>(address), bytes);  // before somebody else is given the place
  syscall(SYS_munmap, address, bytes);
}

void Prefault(void* address, size_t bytes) {
  constexpr size_t kHugePage = 2 << 20;
  ErrnoGuard guard;
  if (bytes >= kHugePage) madvise(address, bytes, MADV_HUGEPAGE);
  madvise(address, bytes, MADV_POPULATE_WRITE);
}

const char* ErrorText(int error) {
  switch (error) {
    case EFAULT:
      return "no pages to be had";  // what MADV_POPULATE_WRITE says of a full disk
    case ENOSPC:
      return "no space left on device";
    case EDQUOT:
      return "disk quota exceeded";
    case EFBIG:
      return "file too large";
    case ENOMEM:
      return "out of memory";
    case EMFILE:
    case ENFILE:
      return "too many open files";
    case EACCES:
    case EPERM:
      return "permission denied";
    case EROFS:
      return "read-only file system";
    case ENOENT:
      return "no such file or directory";
    case ENOTDIR:
      return "not a directory";
    case ENAMETOOLONG:
      return "file name too long";
    case EIO:
      return "input/output error";
    case EINVAL:
      return "not supported by the file system";
    default:
      return "the system refused";
  }
}

}  // namespace limpet::agent
