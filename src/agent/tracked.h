// Memory that programs tell tracemalloc of: PyTraceMalloc_Track(domain, address, size). Numpy's arrays are of that kind.
//
// A domain and an address name an entry; the address need not be of any memory. Open addressing in memory from the kernel; an entry that is
// taken out is closed by moving back those that stand after it for no other reason, so that there are no tombstones.
#ifndef LIMPET_AGENT_TRACKED_H_
#define LIMPET_AGENT_TRACKED_H_

#include "agent/platform.h"

namespace limpet::agent {

class TrackedTable {
 public:
  struct Entry {
    uint64_t address;
    uint64_t size;
    uint32_t domain;
    uint32_t site_plus_1;  // 0: empty
  };

  // Adds an entry, or replaces the one of that name, which `*old` becomes (site_plus_1 0: there was none). False without memory.
  bool Put(const Entry& entry, Entry* old);
  // Takes an entry out; what it was (site_plus_1 0: there is none).
  Entry Take(uint32_t domain, uint64_t address);
  const Entry* Find(uint32_t domain, uint64_t address) const;
  void Clear();

  uint64_t size() const { return used_; }
  uint64_t bytes() const { return capacity_ * sizeof(Entry); }

  template <class Visit>
  void ForEach(Visit visit) const {
    for (uint64_t i = 0; i < capacity_; ++i) {
      if (entries_[i].site_plus_1) visit(entries_[i]);
    }
  }

 private:
  static uint64_t HashOf(uint32_t domain, uint64_t address) { return HashFinish(HashStep(domain, address)); }
  uint64_t Place(uint32_t domain, uint64_t address) const;
  bool Grow();

  Entry* entries_ = nullptr;
  uint64_t capacity_ = 0;  // a power of two, or 0
  uint64_t used_ = 0;
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_TRACKED_H_
