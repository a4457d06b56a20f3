// An array of a fixed size that begins as zeroes, for columns with a value for every object of a heap. Large ones ask the kernel for
// huge pages: the algorithms here jump about in gigabytes, and most of that time is translation of addresses.
#ifndef LIMPET_HEAP_HUGE_ARRAY_H_
#define LIMPET_HEAP_HUGE_ARRAY_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace limpet::heap {

template <class T>
class HugeArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  HugeArray() = default;
  explicit HugeArray(size_t size) : size_(size) {
    if (size == 0) return;
    data_ = static_cast<T*>(std::calloc(size, sizeof(T)));
    if (!data_) throw std::bad_alloc();
    AskForHugePages();
  }
  HugeArray(HugeArray&& other) noexcept { *this = std::move(other); }
  HugeArray& operator=(HugeArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  HugeArray(const HugeArray&) = delete;
  HugeArray& operator=(const HugeArray&) = delete;
  ~HugeArray() { std::free(data_); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t bytes() const { return size_ * sizeof(T); }
  // Drops the elements behind. Memory that was never written to costs nothing, and is kept.
  // REQUIRES: size <= this->size()
  void Shrink(size_t size) {
    LIMPET_CHECK(size <= size_);
    size_ = size;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](size_t i) {
    LIMPET_DCHECK(i < size_);
    return data_[i];
  }
  const T& operator[](size_t i) const {
    LIMPET_DCHECK(i < size_);
    return data_[i];
  }

 private:
  void AskForHugePages() {
    constexpr size_t kHugePage = size_t{2} << 20;
    if (bytes() < 2 * kHugePage) return;
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(data_) + 4095) & ~uintptr_t{4095};
    const uintptr_t end = reinterpret_cast<uintptr_t>(data_ + size_) & ~uintptr_t{4095};
    // A wish: where it is not granted, everything works as before, slower.
    (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  }

  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_HUGE_ARRAY_H_
