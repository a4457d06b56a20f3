// A hash for keys that are put together of two numbers (`a << 32 | b`). tsl::robin_map takes the low bits of the hash, and std::hash of a
// number is the number: all keys of one `b` would share a bucket, and the map would grow until there is no memory left.
#ifndef LIMPET_BASE_MIXED_HASH_H_
#define LIMPET_BASE_MIXED_HASH_H_

#include <cstddef>
#include <cstdint>

namespace limpet::base {

struct MixedHash {
  size_t operator()(uint64_t key) const {
    key = (key ^ key >> 32) * 0x9e3779b97f4a7c15u;
    return key ^ key >> 29;
  }
};

}  // namespace limpet::base

#endif  // LIMPET_BASE_MIXED_HASH_H_
