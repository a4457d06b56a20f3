// Pieces of a process's memory in a file, for tests: what the decoders read of a few objects, kept so that it can be read, and damaged,
// without the interpreter it came from.
//
//     minor version u8 | number of objects u8 | address u64 ... of the objects | pieces: address u64, length u16, bytes ...
//
// tests/cpython/dump_image.py writes such files.
#ifndef LIMPET_CPYTHON_MEMORY_IMAGE_H_
#define LIMPET_CPYTHON_MEMORY_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace limpet::cpython {

// A Memory as decode.h wants it. Every piece is a block of its own of exactly its length, so that AddressSanitizer sees reads past it.
class MemoryImage {
 public:
  static constexpr bool kOwn = false;

  void Add(uint64_t address, const void* bytes, size_t size) {
    Piece piece{address, size, std::make_unique<char[]>(size)};
    if (size) memcpy(piece.bytes.get(), bytes, size);
    pieces_.push_back(std::move(piece));
  }
  template <class T>
  void Set(uint64_t address, T value) {
    for (Piece& piece : pieces_) {
      if (address >= piece.address && sizeof value <= piece.size &&
          address - piece.address <= piece.size - sizeof value) {
        memcpy(piece.bytes.get() + (address - piece.address), &value, sizeof value);
      }
    }
  }
  const char* Span(uint64_t address, size_t size) {
    ++spans_;
    for (const Piece& piece : pieces_) {
      if (address >= piece.address && size <= piece.size && address - piece.address <= piece.size - size) {
        return piece.bytes.get() + (address - piece.address);
      }
    }
    return nullptr;
  }

  // False: that is no such file. What of it is whole is there all the same.
  bool Parse(const uint8_t* data, size_t size) {
    if (size < 2) return false;
    minor_ = data[0];
    const size_t count = data[1];
    size_t at = 2;
    if (size < at + count * 8) return false;
    objects_.resize(count);
    if (count) memcpy(objects_.data(), data + at, count * 8);
    at += count * 8;
    while (size - at >= 10) {
      uint64_t address;
      uint16_t length;
      memcpy(&address, data + at, 8);
      memcpy(&length, data + at + 8, 2);
      at += 10;
      if (size - at < length) return false;
      Add(address, data + at, length);
      at += length;
    }
    return at == size;
  }

  int minor() const { return minor_; }
  const std::vector<uint64_t>& objects() const { return objects_; }
  uint64_t spans() const { return spans_; }  // how often memory was asked for

 private:
  struct Piece {
    uint64_t address;
    size_t size;
    std::unique_ptr<char[]> bytes;
  };

  int minor_ = 0;
  std::vector<uint64_t> objects_;
  std::vector<Piece> pieces_;
  uint64_t spans_ = 0;
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_MEMORY_IMAGE_H_
