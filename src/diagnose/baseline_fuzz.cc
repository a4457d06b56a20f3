// Any bytes as a baseline: it is refused, or written and read back to the same text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "diagnose/baseline.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpet::diagnose;
  const auto baseline = ParseBaseline({reinterpret_cast<const char*>(data), size}, "baseline");
  if (!baseline.ok()) return 0;
  const std::string text = FormatBaseline(*baseline);
  const auto again = ParseBaseline(text, "again");
  if (!again.ok() || FormatBaseline(*again) != text) std::abort();
  return 0;
}
