// CRC-32 as in zlib, PNG and Python's zlib.crc32 (polynomial 0x04c11db7, reflected). Header-only and without tables, so that the agent
// can use it too; meant for headers, not for bulk data.
#ifndef LIMPET_BASE_CRC32_H_
#define LIMPET_BASE_CRC32_H_

#include <cstddef>
#include <cstdint>

namespace limpet::base {

inline uint32_t Crc32(const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < size; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
  }
  return ~crc;
}

}  // namespace limpet::base

#endif  // LIMPET_BASE_CRC32_H_
