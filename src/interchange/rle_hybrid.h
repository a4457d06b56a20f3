// Small numbers as Parquet packs them: runs of one value as the value and a count, all else in groups of eight, `width` bits a value.
//
//     values 4 4 4 4 4 4 4 4 4 1 2, width 3
//     12 04                    varint 9 << 1: nine times the value that follows, in whole bytes
//     03 11 00 00              varint 1 << 1 | 1: one group of eight (3 bytes), filled up with zeros
//
// The number of values is told elsewhere: what fills up the last group is no value.
#ifndef LIMPET_INTERCHANGE_RLE_HYBRID_H_
#define LIMPET_INTERCHANGE_RLE_HYBRID_H_

#include <cstdint>
#include <span>
#include <string>

namespace limpet::interchange {

// Bits that the values up to `most` need; at least one, for not every reader expects none.
uint32_t BitWidth(uint32_t most);

// REQUIRES: all values fit into `width` bits.
void AppendRleHybrid(std::string* out, std::span<const uint32_t> values, uint32_t width);

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_RLE_HYBRID_H_
