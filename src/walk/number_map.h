// A hash map from nonzero 64-bit keys to 32-bit numbers, on memory straight from the kernel; open addressing, at most half full.
#ifndef LIMPET_WALK_NUMBER_MAP_H_
#define LIMPET_WALK_NUMBER_MAP_H_

#include <cstddef>
#include <cstdint>

#include "base/page_array.h"

namespace limpet::walk {

class NumberMap {
 public:
  // The number of `key`, or null. Valid until the next Insert.
  const uint32_t* Find(uint64_t key) const {
    if (slots_.empty()) return nullptr;
    for (size_t i = Home(key);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].key == key) return &slots_[i].number;
      if (slots_[i].key == 0) return nullptr;
    }
  }

  // REQUIRES: key != 0 and Find(key) is null. False: no memory.
  bool Insert(uint64_t key, uint32_t number) {
    if ((used_ + 1) * 2 > slots_.size() && !Grow()) return false;
    Put(key, number);
    ++used_;
    return true;
  }

 private:
  struct Slot {
    uint64_t key;
    uint32_t number;
  };

  size_t Home(uint64_t key) const { return (key * 0x9E3779B97F4A7C15ull >> 20) & (slots_.size() - 1); }
  void Put(uint64_t key, uint32_t number) {
    size_t i = Home(key);
    while (slots_[i].key != 0) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = {key, number};
  }
  bool Grow() {
    base::PageArray<Slot> old;
    const size_t size = slots_.empty() ? 4096 : slots_.size() * 2;
    if (!old.Append(slots_.data(), slots_.size())) return false;
    slots_.Clear();
    if (!slots_.Resize(size)) return false;
    for (const Slot& slot : old) {
      if (slot.key != 0) Put(slot.key, slot.number);
    }
    return true;
  }

  base::PageArray<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_NUMBER_MAP_H_
