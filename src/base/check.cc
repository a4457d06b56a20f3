#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace limpet::base {

void CheckFailed(const char* file, int line, const char* condition, std::string_view message) {
  std::fprintf(stderr, "limpet: bug: %s:%d: check failed: %s%s%.*s\n", file, line, condition,
               message.empty() ? "" : ": ", int(message.size()), message.data());
  std::abort();
}

}  // namespace limpet::base
