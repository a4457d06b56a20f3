#include "agent/kernel_counts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace limpet::agent {

namespace {

constexpr char kRoot[] = "/sys/fs/cgroup";

// The beginning of a file as text; false when there is none.
bool ReadText(const char* path, char* text, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t used = 0;
  ssize_t more;
  while (used + 1 < size && (more = read(fd, text + used, size - 1 - used)) > 0) used += size_t(more);
  close(fd);
  text[used] = 0;
  return used > 0;
}

// A folder's usage and page cache. In a container the group may be the root of what is mounted: then the path leads nowhere.
bool ReadGroup(const char* base, const char* path, const char* usage, const char* key, capture::LedgerRecord* ledger) {
  char name[768];
  char text[8192];
  const char* const places[] = {path, ""};
  for (const char* inner : places) {
    snprintf(name, sizeof name, "%s%s/%s", base, inner, usage);
    if (!ReadText(name, text, sizeof text)) continue;
    const uint64_t bytes = strtoull(text, nullptr, 10);
    snprintf(name, sizeof name, "%s%s/memory.stat", base, inner);
    if (!ReadText(name, text, sizeof text)) continue;
    ledger->cgroup_bytes = bytes;
    ledger->cgroup_file = NumberBehind(text, key);
    ledger->flags |= capture::kLedgerCgroup;
    return true;
  }
  return false;
}

// Whether a line of /proc/PID/cgroup ("4:cpu,memory:/path") names the controller.
bool NamesMemory(const char* line) {
  const char* at = strchr(line, ':');
  const char* end = at ? strchr(at + 1, ':') : nullptr;
  if (!end) return false;
  for (++at; at < end;) {
    const size_t length = strcspn(at, ",:");
    if (length == strlen("memory") && strncmp(at, "memory", length) == 0) return true;
    at += length + 1;
  }
  return false;
}

}  // namespace

uint64_t NumberBehind(const char* text, const char* key) {
  const size_t length = strlen(key);
  for (const char* line = text; line; line = strchr(line, '\n')) {
    if (*line == '\n') ++line;
    if (strncmp(line, key, length) == 0) return strtoull(line + length, nullptr, 10);
    if (!*line) break;
  }
  return 0;
}

void CgroupPath(const char* text, bool version2, char* path, uint32_t size) {
  path[0] = 0;
  for (const char* line = text; *line;) {
    const size_t length = strcspn(line, "\n");
    const bool wanted = version2 ? strncmp(line, "0::", 3) == 0 : NamesMemory(line);
    const char* colon = wanted ? strchr(strchr(line, ':') + 1, ':') : nullptr;
    if (colon && colon < line + length) {
      const size_t part = size_t(line + length - (colon + 1));
      snprintf(path, size, "%.*s", int(part), colon + 1);
      if (strcmp(path, "/") == 0) path[0] = 0;
      return;
    }
    line += length;
    if (*line == '\n') ++line;
  }
}

void ReadStatus(int pid, capture::LedgerRecord* ledger) {
  char path[64];
  char text[4096];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  if (!ReadText(path, text, sizeof text)) return;
  ledger->file = NumberBehind(text, "RssFile:") * 1024;
  ledger->shared = NumberBehind(text, "RssShmem:") * 1024;
  ledger->swap = NumberBehind(text, "VmSwap:") * 1024;
}

void ReadCgroup(capture::LedgerRecord* ledger) {
  char text[4096];
  char path[512];
  if (!ReadText("/proc/self/cgroup", text, sizeof text)) return;
  CgroupPath(text, true, path, sizeof path);
  if (ReadGroup(kRoot, path, "memory.current", "file ", ledger)) return;
  CgroupPath(text, false, path, sizeof path);
  char base[64];
  snprintf(base, sizeof base, "%s/memory", kRoot);
  ReadGroup(base, path, "memory.usage_in_bytes", "total_cache ", ledger);
}

}  // namespace limpet::agent
