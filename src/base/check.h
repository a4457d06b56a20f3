// Checks are for bugs: a condition that limpet's own code guarantees. A failed check prints where and what, and aborts.
// They stay in release builds. For errors that can be expected, see status.h. Not for code that runs inside the traced program:
// the agent does not link this.
#ifndef LIMPET_BASE_CHECK_H_
#define LIMPET_BASE_CHECK_H_

#include <string_view>

namespace limpet::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, std::string_view message = {});

}  // namespace limpet::base

// LIMPET_CHECK(index < size); LIMPET_CHECK(ok, "why it must hold");
#define LIMPET_CHECK(condition, ...)                                                          \
  do {                                                                                        \
    if (__builtin_expect(!(condition), 0))                                                    \
      ::limpet::base::CheckFailed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__); \
  } while (false)

// The same, in debug builds only: for the inside of hot loops.
#ifdef NDEBUG
#define LIMPET_DCHECK(condition, ...) \
  do {                                \
  } while (false && (condition))
#else
#define LIMPET_DCHECK(condition, ...) LIMPET_CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif

#endif  // LIMPET_BASE_CHECK_H_
