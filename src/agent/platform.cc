#include "agent/platform.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace limpet::agent {

void* MapMemory(size_t bytes) {
  ErrnoGuard guard;
  long result =
      syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (result == -1) return nullptr;
  return reinterpret_cast<void*>(result);
}

void UnmapMemory(void* address, size_t bytes) {
  ErrnoGuard guard;
  syscall(SYS_munmap, address, bytes);
}

void Prefault(void* address, size_t bytes) {
  constexpr size_t kHugePage = 2 << 20;
  ErrnoGuard guard;
  if (bytes >= kHugePage) madvise(address, bytes, MADV_HUGEPAGE);
  madvise(address, bytes, MADV_POPULATE_WRITE);
}

}  // namespace limpet::agent
