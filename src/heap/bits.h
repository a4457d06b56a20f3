// A set of objects (or of edges): one bit for each.
#ifndef LIMPET_HEAP_BITS_H_
#define LIMPET_HEAP_BITS_H_

#include <cstddef>
#include <cstdint>

#include "heap/huge_array.h"

namespace limpet::heap {

class Bits {
 public:
  Bits() = default;  // of size 0: see empty()
  explicit Bits(size_t size) : size_(size), words_((size + 63) / 64) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool operator[](size_t i) const { return (words_[i / 64] >> (i % 64)) & 1; }
  void Set(size_t i) { words_[i / 64] |= uint64_t{1} << (i % 64); }
  void Clear(size_t i) { words_[i / 64] &= ~(uint64_t{1} << (i % 64)); }
  // Sets the bit; true if it was not set before.
  bool Add(size_t i) {
    uint64_t& word = words_[i / 64];
    const uint64_t bit = uint64_t{1} << (i % 64);
    if (word & bit) return false;
    word |= bit;
    return true;
  }
  void Prefetch(size_t i) const { __builtin_prefetch(words_.data() + i / 64); }

  size_t Count() const {
    size_t count = 0;
    for (const uint64_t word : words_) count += size_t(__builtin_popcountll(word));
    return count;
  }
  // visit(i) for every set bit, ascending.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (size_t w = 0; w < words_.size(); ++w) {
      for (uint64_t word = words_[w]; word; word &= word - 1) visit(w * 64 + size_t(__builtin_ctzll(word)));
    }
  }
  size_t bytes() const { return words_.bytes(); }

 private:
  size_t size_ = 0;
  HugeArray<uint64_t> words_;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_BITS_H_
