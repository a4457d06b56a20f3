// Unpacking the columns of a snapshot's block. A column that claims more than it may have is refused before memory is taken for it.
#ifndef LIMPET_CAPTURE_SNAPSHOT_COLUMNS_H_
#define LIMPET_CAPTURE_SNAPSHOT_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "capture/byte_source.h"
#include "capture/snapshot_format.h"

namespace limpet::capture {

// The bytes of each column of the payload at `offset`. `most[c]` is the largest size that column c can have.
Status UnpackColumns(const ByteSource& source, uint64_t offset, uint32_t payload_size, std::span<const uint64_t> most,
                     std::vector<uint8_t>* columns);

// Varints of a column, one after the other.
class NumberReader {
 public:
  explicit NumberReader(const std::vector<uint8_t>& column) : at_(column.data()), end_(at_ + column.size()) {}

  // False past the end, and for what is no 64-bit number.
  bool Next(uint64_t* value) {
    if (__builtin_expect(at_ == end_, 0)) return false;
    const uint8_t first = *at_++;
    *value = first;
    return first < 0x80 || NextBytes(value);
  }
  // The same for numbers of 32 bits.
  bool Next32(uint32_t* value) {
    uint64_t wide;
    if (!Next(&wide) || wide > 0xffffffff) return false;
    *value = uint32_t(wide);
    return true;
  }
  bool at_end() const { return at_ == end_; }

 private:
  bool NextBytes(uint64_t* value) {
    uint64_t result = *value & 0x7f;
    for (int shift = 7; shift < 64 && at_ != end_; shift += 7) {
      const uint8_t byte = *at_++;
      result |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *value = result;
        return shift < 63 || byte < 2;
      }
    }
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_SNAPSHOT_COLUMNS_H_
