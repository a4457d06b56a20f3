#include "agent/modules.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace limpet::agent {

namespace {

uint64_t ReadHex(const char** at, const char* end) {
  uint64_t value = 0;
  for (; *at < end; ++*at) {
    const char c = **at;
    if (c >= '0' && c <= '9') value = value << 4 | uint64_t(c - '0');
    else if (c >= 'a' && c <= 'f') value = value << 4 | uint64_t(c - 'a' + 10);
    else break;
  }
  return value;
}

// Goes behind the next field and the spaces after it.
void SkipField(const char** at, const char* end) {
  while (*at < end && **at != ' ') ++*at;
  while (*at < end && **at == ' ') ++*at;
}

}  // namespace

// begin-end perms offset device inode   path
void LoadedModules::ReadLine(const char* line, size_t length) {
  const char* at = line;
  const char* end = line + length;
  const uint64_t begin = ReadHex(&at, end);
  if (at >= end || *at != '-') return;
  ++at;
  const uint64_t finish = ReadHex(&at, end);
  SkipField(&at, end);
  if (end - at < 4) return;
  const bool writable = at[1] == 'w' && at[3] == 'p';
  for (int i = 0; i < 4; ++i) SkipField(&at, end);
  const size_t path_length = size_t(end - at);
  if (path_length == 0) {
    if (writable && begin == data_end_ && modules_.size()) modules_.back().end = data_end_ = finish;
    return;
  }
  if (*at != '/' || path_length >= sizeof path_) return;
  if (strlen(path_) != path_length || memcmp(path_, at, path_length) != 0) {
    memcpy(path_, at, path_length);
    path_[path_length] = 0;
    base_ = begin;
  }
  if (!writable) return;
  walk::ModuleData module = {begin, finish, base_, {}};
  memcpy(module.path, path_, path_length + 1);
  modules_.Push(module);
  data_end_ = finish;
}

size_t LoadedModules::Find() {
  modules_.Clear();
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char buffer[8192];
  size_t held = 0;
  for (;;) {
    const ssize_t got = read(fd, buffer + held, sizeof buffer - held);
    if (got <= 0) break;
    held += size_t(got);
    size_t done = 0;
    while (const void* newline = memchr(buffer + done, '\n', held - done)) {
      const size_t length = size_t(static_cast<const char*>(newline) - (buffer + done));
      ReadLine(buffer + done, length);
      done += length + 1;
    }
    if (done == 0 && held == sizeof buffer) done = held;  // a line longer than any path can make it
    held -= done;
    memmove(buffer, buffer + done, held);
  }
  close(fd);
  return modules_.size();
}

}  // namespace limpet::agent
