// The encoding: github.com/apache/parquet-format/blob/master/Encodings.md, RLE = 3
#include "interchange/rle_hybrid.h"

#include <algorithm>
#include <bit>

#include "interchange/thrift_compact.h"

namespace limpet::interchange {
namespace {

constexpr size_t kGroup = 8;

void AppendRun(std::string* out, uint32_t value, size_t count, uint32_t width) {
  AppendVarint(out, uint64_t{count} << 1);
  for (uint32_t shift = 0; shift < width; shift += 8) out->push_back(char(value >> shift));
}

// The first value has the lowest bits of the first byte.
void AppendPacked(std::string* out, std::span<const uint32_t> values, uint32_t width) {
  if (values.empty()) return;
  const size_t groups = (values.size() + kGroup - 1) / kGroup;
  AppendVarint(out, uint64_t{groups} << 1 | 1);
  const size_t end = out->size() + groups * width;  // eight values of `width` bits are `width` bytes
  uint64_t bits = 0;
  uint32_t held = 0;  // always less than 8 before a value is added, so 8 + 32 bits are enough
  for (const uint32_t value : values) {
    bits |= uint64_t{value} << held;
    for (held += width; held >= 8; held -= 8, bits >>= 8) out->push_back(char(bits));
  }
  if (held > 0) out->push_back(char(bits));
  out->resize(end, 0);
}

}  // namespace

uint32_t BitWidth(uint32_t most) { return std::max<uint32_t>(1, std::bit_width(most)); }

void AppendRleHybrid(std::string* out, std::span<const uint32_t> values, uint32_t width) {
  size_t packed = 0;  // from here on, values are not written yet
  for (size_t i = 0; i < values.size();) {
    size_t end = i + 1;
    while (end < values.size() && values[end] == values[i]) ++end;
    // Only the last group may be filled up, so a run gives to the group before it what that lacks.
    const size_t lacking = (kGroup - (i - packed) % kGroup) % kGroup;
    if (end - i >= lacking + kGroup) {
      AppendPacked(out, values.subspan(packed, i + lacking - packed), width);
      AppendRun(out, values[i], end - i - lacking, width);
      packed = end;
    }
    i = end;
  }
  AppendPacked(out, values.subspan(packed), width);
}

}  // namespace limpet::interchange
