#include "cpython/text.h"

namespace limpet::cpython {
namespace {

constexpr uint32_t kReplacement = 0xfffd;
constexpr size_t kDots = 3;

size_t Encode(uint32_t character, char* to) {
  if ((character >= 0xd800 && character < 0xe000) || character > 0x10ffff) character = kReplacement;
  if (character < 0x80) {
    to[0] = static_cast<char>(character);
    return 1;
  }
  const size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  for (size_t i = size; i-- > 1; character >>= 6) to[i] = static_cast<char>(0x80 | (character & 0x3f));
  // The first byte begins with as many ones as the character has bytes.
  to[0] = static_cast<char>(((0xf00u >> size) & 0xff) | character);
  return size;
}

}  // namespace

bool Utf8Writer::Append(uint32_t character) {
  if (full_) return false;
  char encoded[4];
  const size_t size = Encode(character, encoded);
  if (capacity_ - size_ < size) {
    full_ = true;
    size_ = cut_;
    if (capacity_ >= kDots) {
      memcpy(out_ + size_, "...", kDots);
      size_ += kDots;
    }
    return false;
  }
  memcpy(out_ + size_, encoded, size);
  size_ += size;
  if (capacity_ < kDots || size_ <= capacity_ - kDots) cut_ = size_;
  return true;
}

}  // namespace limpet::cpython
