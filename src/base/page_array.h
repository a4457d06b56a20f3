// A growable array for code that runs where nothing may be allocated the usual way: a forked child, or inside malloc. Memory comes from
// the kernel alone (mmap, mremap); it may move when it grows. No exceptions: Push and Resize say false when there is no memory.
#ifndef LIMPET_BASE_PAGE_ARRAY_H_
#define LIMPET_BASE_PAGE_ARRAY_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace limpet::base {

template <class T>
class PageArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  PageArray() = default;
  PageArray(const PageArray&) = delete;
  PageArray& operator=(const PageArray&) = delete;
  ~PageArray() { Free(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& back() { return data_[size_ - 1]; }

  bool Push(const T& value) {
    if (__builtin_expect(size_ == capacity_, 0) && !Reserve(size_ + 1)) return false;
    data_[size_++] = value;
    return true;
  }
  bool Append(const T* values, size_t count) {
    if (!Reserve(size_ + count)) return false;
    if (count) memcpy(static_cast<void*>(data_ + size_), values, count * sizeof(T));
    size_ += count;
    return true;
  }
  // New elements are zero bytes.
  bool Resize(size_t size) {
    if (!Reserve(size)) return false;
    if (size > size_) memset(static_cast<void*>(data_ + size_), 0, (size - size_) * sizeof(T));
    size_ = size;
    return true;
  }
  void Clear() { size_ = 0; }
  void Pop() { --size_; }

  bool Reserve(size_t capacity) {
    if (capacity <= capacity_) return true;
    size_t bytes = capacity_ * sizeof(T) * 2;
    while (bytes < capacity * sizeof(T)) bytes = bytes ? bytes * 2 : 64 * 1024;
    bytes = (bytes + 4095) & ~size_t{4095};
    void* memory =
        data_ ? mremap(static_cast<void*>(data_), mapped_, bytes, MREMAP_MAYMOVE)
              : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    data_ = static_cast<T*>(memory);
    mapped_ = bytes;
    capacity_ = bytes / sizeof(T);
    return true;
  }
  void Free() {
    if (data_) munmap(static_cast<void*>(data_), mapped_);
    data_ = nullptr;
    size_ = capacity_ = mapped_ = 0;
  }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t mapped_ = 0;  // bytes
};

}  // namespace limpet::base

#endif  // LIMPET_BASE_PAGE_ARRAY_H_
