#include "agent/smaps.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace limpet::agent {

namespace {

bool StartsWith(const char* text, const char* start) { return strncmp(text, start, strlen(start)) == 0; }

// The text behind `fields` fields that are parted by blanks.
const char* SkipFields(const char* text, int fields) {
  for (; fields > 0; --fields) {
    while (*text && *text != ' ') ++text;
    while (*text == ' ') ++text;
  }
  return text;
}

MapKind KindOf(const char* rights, uint64_t inode, const char* name) {
  if (rights[3] == 's') return MapKind::kShared;
  if (inode != 0) return MapKind::kFile;
  if (rights[0] == '-' && rights[1] == '-') return MapKind::kGuard;
  if (StartsWith(name, "[heap]")) return MapKind::kHeap;
  if (StartsWith(name, "[stack]")) return MapKind::kStack;
  if (*name == 0 || StartsWith(name, "[anon")) return MapKind::kAnonymous;
  return MapKind::kOther;
}

}  // namespace

void SmapsParser::Feed(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (text[i] == '\n') {
      TakeLine();
    } else if (length_ + 1 < sizeof line_) {
      line_[length_++] = text[i];
    }
  }
}

void SmapsParser::Finish() {
  if (length_) TakeLine();
}

void SmapsParser::TakeLine() {
  line_[length_] = 0;
  length_ = 0;
  const char first = line_[0];
  if ((first >= '0' && first <= '9') || (first >= 'a' && first <= 'f')) return TakeMapping();
  if (!StartsWith(line_, "Anonymous:")) return;
  const uint64_t bytes = strtoul(line_ + strlen("Anonymous:"), nullptr, 10) * 1024;
  anon_ += bytes;
  if (count_ && !cut_) entries_[count_ - 1].anon = bytes;
}

void SmapsParser::TakeMapping() {
  char* at = nullptr;
  const uintptr_t begin = strtoul(line_, &at, 16);
  if (*at != '-') return;
  const uintptr_t end = strtoul(at + 1, &at, 16);
  if (*at != ' ' || end <= begin || strlen(at) < 5) return;
  if (count_ == capacity_) {
    cut_ = true;
    return;
  }
  const char* rights = at + 1;
  const char* inode = SkipFields(rights, 3);
  entries_[count_++] = {.begin = begin,
                        .end = end,
                        .anon = 0,
                        .kind = KindOf(rights, strtoul(inode, nullptr, 10), SkipFields(inode, 1)),
                        .writable = rights[1] == 'w'};
}

bool ReadOwnSmaps(SmapsParser* parser) {
  const int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char piece[4096];
  ssize_t size;
  while ((size = read(fd, piece, sizeof piece)) > 0) parser->Feed(piece, size_t(size));
  close(fd);
  parser->Finish();
  return size == 0;
}

}  // namespace limpet::agent
