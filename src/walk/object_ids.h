// From addresses to node ids: one 32-bit word for each 16-byte granule of the address space, reached by a two-level radix, touched
// only where objects start. No object is smaller than a granule, so no two begin in the same one.
//
//     ids[address >> 26] -> leaf (64 MiB of address space) -> word = node id + 1, or 0
#ifndef LIMPET_WALK_OBJECT_IDS_H_
#define LIMPET_WALK_OBJECT_IDS_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

#include "base/page_array.h"

namespace limpet::walk {

inline constexpr uint64_t kAddressLimit = uint64_t{1} << 47;

class ObjectIds {
 public:
  ObjectIds() = default;
  ObjectIds(const ObjectIds&) = delete;
  ObjectIds& operator=(const ObjectIds&) = delete;
  ~ObjectIds() {
    if (!leaves_) return;
    for (uint32_t* leaf : used_) munmap(leaf, kLeafBytes);
    munmap(leaves_, kLeaves * sizeof *leaves_);
  }

  bool Init() {
    leaves_ = static_cast<uint32_t**>(Map(kLeaves * sizeof *leaves_));
    return leaves_ != nullptr;
  }

  // The word of an address: 0, or node id + 1. Null when there is no memory. REQUIRES: address < kAddressLimit.
  uint32_t* WordOf(uint64_t address) {
    uint32_t*& leaf = leaves_[address >> kLeafBits];
    if (__builtin_expect(!leaf, 0) && !AddLeaf(leaf)) return nullptr;
    return leaf + (address >> kGranuleBits & (kLeafWords - 1));
  }

  // The same for addresses that may be anything: makes no leaf, and is 0 for what was never entered.
  uint32_t Peek(uint64_t address) const {
    if (address >= kAddressLimit) return 0;
    const uint32_t* leaf = leaves_[address >> kLeafBits];
    return leaf ? leaf[address >> kGranuleBits & (kLeafWords - 1)] : 0;
  }

  // For the loop that will soon ask.
  void Prefetch(uint64_t address) const {
    if (address >= kAddressLimit) return;
    const uint32_t* leaf = leaves_[address >> kLeafBits];
    if (leaf) __builtin_prefetch(leaf + (address >> kGranuleBits & (kLeafWords - 1)), 1);
  }

 private:
  static constexpr unsigned kGranuleBits = 4;
  static constexpr unsigned kLeafBits = 26;
  static constexpr size_t kLeafWords = size_t{1} << (kLeafBits - kGranuleBits);
  static constexpr size_t kLeafBytes = kLeafWords * sizeof(uint32_t);
  static constexpr size_t kLeaves = size_t{1} << (47 - kLeafBits);

  static void* Map(size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
  }
  bool AddLeaf(uint32_t*& leaf) {
    leaf = static_cast<uint32_t*>(Map(kLeafBytes));
    return leaf && used_.Push(leaf);
  }

  uint32_t** leaves_ = nullptr;
  base::PageArray<uint32_t*> used_;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_OBJECT_IDS_H_
