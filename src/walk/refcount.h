// An object's reference count, as snapshots keep it.
#ifndef LIMPET_WALK_REFCOUNT_H_
#define LIMPET_WALK_REFCOUNT_H_

#include <cstdint>

#include "cpython/decode.h"

namespace limpet::walk {

// 0: immortal, or static (3.11 starts the counts of static objects at 999 999 999).
template <class L, class Memory>
uint32_t RefcountOf(Memory& memory, uint64_t object) {
  if constexpr (L::kMinor == 11) {
    constexpr int64_t kStaticCount = 500000000;
    int64_t count = 0;
    cpython::Get(memory, object, &count);
    return count <= 0 || count >= kStaticCount ? 0 : static_cast<uint32_t>(count);
  } else {
    int32_t count = 0;  // negative: immortal
    cpython::Get(memory, object, &count);
    return count <= 0 ? 0 : static_cast<uint32_t>(count);
  }
}

}  // namespace limpet::walk

#endif  // LIMPET_WALK_REFCOUNT_H_
