// Bounds-checked reading of little-endian numbers and records from bytes that nobody vouches for.
//
//     ByteReader in(bytes);
//     auto count = in.Read<uint32_t>();        // nullopt past the end; the position then stays
//     auto name = in.ReadBytes(*count);
#ifndef LIMPET_BASE_BYTE_READER_H_
#define LIMPET_BASE_BYTE_READER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace limpet::base {

static_assert(std::endian::native == std::endian::little, "records are read as they lie in memory");

// The T at `offset`, or nullopt where it does not lie wholly within `bytes`. Alignment does not matter.
template <typename T>
std::optional<T> ReadAt(std::string_view bytes, uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  template <typename T>
  std::optional<T> Read() {
    std::optional<T> value = ReadAt<T>(bytes_, position_);
    if (value) position_ += sizeof(T);
    return value;
  }

  std::optional<std::string_view> ReadBytes(uint64_t size) {
    if (size > remaining()) return std::nullopt;
    const std::string_view result = bytes_.substr(position_, size_t(size));
    position_ += size_t(size);
    return result;
  }

  // Goes to `offset`; false, and no move, where that is past the end.
  bool Seek(uint64_t offset) {
    if (offset > bytes_.size()) return false;
    position_ = size_t(offset);
    return true;
  }

 private:
  std::string_view bytes_;
  size_t position_ = 0;
};

}  // namespace limpet::base

#endif  // LIMPET_BASE_BYTE_READER_H_
