#include "agent/modules.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace limpet::agent {

namespace {

constexpr uint64_t kMostData = uint64_t{1} << 32;  // of one library

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
  SkipField(&at, end);
  if (end - at < 4 || at[0] != 'r') return;
  SkipField(&at, end);
  const uint64_t offset = ReadHex(&at, end);
  for (int i = 0; i < 3; ++i) SkipField(&at, end);
  if (offset == 0 && at < end && *at == '/') AddFile(begin, at, size_t(end - at));
}

// REQUIRES: the first page of the file is readable at `base`.
void LoadedModules::AddFile(uint64_t base, const char* path, size_t path_length) {
  constexpr size_t kPage = 4096;
  const auto* file = reinterpret_cast<const char*>(base);
  Elf64_Ehdr header;
  memcpy(&header, file, sizeof header);
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(Elf64_Phdr)) return;
  if (header.e_phoff + size_t{header.e_phnum} * sizeof(Elf64_Phdr) > kPage) return;
  const uint64_t bias = header.e_type == ET_EXEC ? 0 : base;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part;
    memcpy(&part, file + header.e_phoff + i * sizeof part, sizeof part);
    if (part.p_type != PT_LOAD || !(part.p_flags & PF_W) || part.p_memsz > kMostData) continue;
    walk::ModuleData module = {bias + part.p_vaddr, bias + part.p_vaddr + part.p_memsz, base, {}};
    const size_t room = sizeof module.path - 1;
    memcpy(module.path, path, path_length < room ? path_length : room);
    modules_.Push(module);
  }
}

// What the agent keeps is no business of the program's.
void LoadedModules::LeaveOutOwn() {
  static char here;
  const uint64_t own = reinterpret_cast<uint64_t>(&here);
  uint64_t base = 0;
  for (const walk::ModuleData& module : modules_) {
    if (own >= module.begin && own < module.end) base = module.base;
  }
  size_t kept = 0;
  for (const walk::ModuleData& module : modules_) {
    if (module.base != base) modules_[kept++] = module;
  }
  while (modules_.size() > kept) modules_.Pop();
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
  LeaveOutOwn();
  return modules_.size();
}

}  // namespace limpet::agent
