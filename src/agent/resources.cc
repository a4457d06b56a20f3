#include "agent/resources.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/kernel_counts.h"
#include "agent/platform.h"

namespace limpet::agent {

namespace {

using capture::ResourceRecord;

constexpr uint32_t kLookedAt = 1024;   // descriptors of which the kind is looked up; reading a link costs a microsecond
constexpr uint32_t kMostThreads = 64;  // with more, children are not counted

char g_entries[4096];  // under the agent's lock
char g_text[4096];

struct KernelEntry {  // linux_dirent64
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

// Calls for each numbered entry of a folder of /proc; false when it could not be read to its end.
template <class Visit>
bool ForEachNumber(int folder, Visit visit) {
  for (;;) {
    const long size = syscall(SYS_getdents64, folder, g_entries, sizeof g_entries);
    if (size < 0) return false;
    if (size == 0) return true;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const KernelEntry*>(g_entries + at);
      if (entry->length == 0) return false;
      at += entry->length;
      if (entry->name[0] >= '0' && entry->name[0] <= '9') visit(entry->name);
    }
  }
}

// Reads a short file; the text is ended by a zero byte. False when it cannot be.
bool ReadText(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t size = read(fd, g_text, sizeof g_text - 1);
  close(fd);
  if (size < 0) return false;
  g_text[size] = 0;
  return true;
}

void CountKind(DescriptorKind kind, ResourceRecord* record) {
  switch (kind) {
    case DescriptorKind::kFile:
      ++record->files;
      return;
    case DescriptorKind::kSocket:
      ++record->sockets;
      return;
    case DescriptorKind::kPipe:
      ++record->pipes;
      return;
    case DescriptorKind::kEvent:
      ++record->events;
      return;
    case DescriptorKind::kOther:
      ++record->other;
      return;
  }
}

void CountDescriptors(ResourceRecord* record) {
  const int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) {
    // None is left: that is the very number.
    rlimit limit;
    if (errno != EMFILE || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    record->open = uint32_t(limit.rlim_cur);
    record->flags |= capture::kResourceFiles;
    return;
  }
  uint32_t looked_at = 0;
  const bool all = ForEachNumber(folder, [&](const char* name) {
    if (strtol(name, nullptr, 10) == folder) return;
    ++record->open;
    if (looked_at == kLookedAt) return;
    char target[64];
    const ssize_t length = readlinkat(folder, name, target, sizeof target - 1);
    if (length < 0) return;
    target[length] = 0;
    ++looked_at;
    CountKind(KindOfDescriptor(target), record);
  });
  close(folder);
  if (!all) return;
  record->flags |= capture::kResourceFiles;
  if (looked_at == record->open) record->flags |= capture::kResourceKinds;
}

// The numbers in g_text, but for one.
uint32_t NumbersBut(int32_t other) {
  uint32_t count = 0;
  for (char* at = g_text; *at;) {
    char* end = at;
    const long number = strtol(at, &end, 10);
    if (end == at) break;
    at = end;
    while (*at == ' ' || *at == '\n') ++at;
    if (number != other) ++count;
  }
  return count;
}

void CountChildren(int32_t not_counted, ResourceRecord* record) {
  if (record->threads > kMostThreads) return;
  const int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  uint32_t threads = 0, told = 0;
  const bool all = ForEachNumber(folder, [&](const char* name) {
    if (++threads > kMostThreads) return;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%s/children", name);
    if (!ReadText(path)) return;
    ++told;
    record->children += NumbersBut(not_counted);
  });
  close(folder);
  if (all && told == threads) record->flags |= capture::kResourceChildren;
}

// Resident memory and threads; false when the program has put itself into a sandbox since we first looked. Its filter may answer a system call
// that nobody needs there with death; reading a file is all that we do then. (Filters that were there before it began are a container's.)
bool ReadStatus(ResourceRecord* record) {
  static uint64_t filters_at_first = ~uint64_t{0};
  if (!ReadText("/proc/self/status")) return false;
  record->anon = NumberBehind(g_text, "RssAnon:") * 1024;
  record->shared = (NumberBehind(g_text, "RssFile:") + NumberBehind(g_text, "RssShmem:")) * 1024;
  record->threads = uint32_t(NumberBehind(g_text, "Threads:"));
  if (record->threads) record->flags |= capture::kResourceThreads;
  const uint64_t filters = NumberBehind(g_text, "Seccomp:") << 32 | NumberBehind(g_text, "Seccomp_filters:");
  if (filters_at_first == ~uint64_t{0}) filters_at_first = filters;
  return filters == filters_at_first;
}

bool StartsWith(const char* text, const char* start) { return strncmp(text, start, strlen(start)) == 0; }

}  // namespace

DescriptorKind KindOfDescriptor(const char* target) {
  if (target[0] == '/') return StartsWith(target, "/dev/") ? DescriptorKind::kOther : DescriptorKind::kFile;
  if (StartsWith(target, "socket:")) return DescriptorKind::kSocket;
  if (StartsWith(target, "pipe:")) return DescriptorKind::kPipe;
  if (StartsWith(target, "anon_inode:[eventfd]")) return DescriptorKind::kEvent;
  return DescriptorKind::kOther;
}

uint64_t OwnAnonymousBytes() {
  const int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[2048];
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = 0;
  const char* line = strstr(text, "\nAnonymous:");
  return line ? strtoul(line + strlen("\nAnonymous:"), nullptr, 10) * 1024 : 0;
}

void CountResources(int32_t not_counted, ResourceRecord* record) {
  ErrnoGuard guard;
  if (!ReadStatus(record)) return;
  CountDescriptors(record);
  CountChildren(not_counted, record);
}

}  // namespace limpet::agent
