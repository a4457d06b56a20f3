// Numbers as text, where nothing of the C library may be called.
#ifndef LIMPET_WALK_DECIMAL_H_
#define LIMPET_WALK_DECIMAL_H_

#include <cstddef>
#include <cstdint>

namespace limpet::walk {

// Writes `number` without a terminating zero and returns how many digits: at most 20.
inline size_t PutDecimal(uint64_t number, char* out) {
  char digits[20];
  size_t count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  for (size_t i = 0; i < count; ++i) out[i] = digits[count - 1 - i];
  return count;
}

}  // namespace limpet::walk

#endif  // LIMPET_WALK_DECIMAL_H_
