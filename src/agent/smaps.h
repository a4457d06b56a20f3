// /proc/self/smaps, read piece by piece into a table: which mappings there are, and how much of each is resident and the process's own.
#ifndef LIMPET_AGENT_SMAPS_H_
#define LIMPET_AGENT_SMAPS_H_

#include <stddef.h>
#include <stdint.h>

namespace limpet::agent {

enum class MapKind : uint8_t { kAnonymous, kFile, kHeap, kStack, kShared, kGuard, kOther };

struct MapEntry {
  uintptr_t begin;
  uintptr_t end;
  uint64_t anon;  // resident bytes that are the process's own
  MapKind kind;
  bool writable;
};

// Takes text as the kernel hands it out, in pieces of any length.
class SmapsParser {
 public:
  SmapsParser(MapEntry* entries, size_t capacity) : entries_(entries), capacity_(capacity) {}

  void Feed(const char* text, size_t size);
  void Finish();

  size_t count() const { return count_; }
  bool cut() const { return cut_; }        // there were more mappings than places
  uint64_t anon() const { return anon_; }  // of all, also of those without a place

 private:
  void TakeLine();
  void TakeMapping();

  MapEntry* entries_;
  size_t capacity_;
  size_t count_ = 0;
  bool cut_ = false;
  uint64_t anon_ = 0;
  char line_[512];
  size_t length_ = 0;
};

// Reads all of it. False when the kernel does not say.
bool ReadOwnSmaps(SmapsParser* parser);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_SMAPS_H_
