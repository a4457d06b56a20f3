// An array of whole numbers, kBytes bytes each, for columns whose values are nearly always small. Those that do not fit stand in a
// sorted table beside it, so every uint64_t can be stored:
//
//     PackedArray<2>:   00 01 | ff ff | 2a 00        spill: {1, 70000}        -> 256, 70000, 42
//
// Different elements may be set from several threads at a time; reading begins after Seal().
#ifndef LIMPET_HEAP_PACKED_ARRAY_H_
#define LIMPET_HEAP_PACKED_ARRAY_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "heap/huge_array.h"

namespace limpet::heap {

template <int kBytes>
class PackedArray {
  static_assert(kBytes >= 1 && kBytes < 8);
  static constexpr uint64_t kSpilled = (uint64_t{1} << (8 * kBytes)) - 1;

 public:
  PackedArray() = default;
  // All zero. The 8 bytes behind the last element let every element be read as a word.
  explicit PackedArray(size_t size) : size_(size), bytes_(size * kBytes + 8), spill_(std::make_unique<Spill>()) {}

  size_t size() const { return size_; }

  // REQUIRES: the element was not set before.
  void Set(size_t i, uint64_t value) {
    const uint64_t stored = value < kSpilled ? value : kSpilled;
    std::memcpy(bytes_.data() + i * kBytes, &stored, kBytes);
    if (stored != kSpilled) return;
    const std::lock_guard lock(spill_->mutex);
    spill_->entries.push_back({i, value});
  }
  // Drops the elements behind. REQUIRES: size <= this->size()
  void Shrink(size_t size) {
    LIMPET_CHECK(size <= size_);
    size_ = size;
    bytes_.Shrink(size * kBytes + 8);
  }
  // After the last Set, before the first read.
  void Seal() {
    auto& entries = spill_->entries;
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.index < b.index; });
    entries.shrink_to_fit();
  }

  uint64_t operator[](size_t i) const {
    LIMPET_DCHECK(i < size_);
    uint64_t value;
    std::memcpy(&value, bytes_.data() + i * kBytes, sizeof(value));
    value &= kSpilled;
    return __builtin_expect(value != kSpilled, 1) ? value : Spilled(i);
  }

  size_t bytes() const { return bytes_.bytes() + (spill_ ? spill_->entries.capacity() * sizeof(Entry) : 0); }

 private:
  struct Entry {
    uint64_t index;
    uint64_t value;
  };
  struct Spill {
    std::mutex mutex;
    std::vector<Entry> entries;  // guarded by mutex until Seal(); then sorted by index, and only read
  };

  uint64_t Spilled(size_t i) const {
    const auto& entries = spill_->entries;
    const auto at = std::lower_bound(entries.begin(), entries.end(), i,
                                     [](const Entry& entry, size_t index) { return entry.index < index; });
    LIMPET_CHECK(at != entries.end() && at->index == i);
    return at->value;
  }

  size_t size_ = 0;
  HugeArray<uint8_t> bytes_;
  std::unique_ptr<Spill> spill_;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_PACKED_ARRAY_H_
