// Any bytes as a recording's `requests` file: no crash, samples in order, counts that do not fall.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "capture/requests.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto requests = limpet::capture::ParseRequests({reinterpret_cast<const char*>(data), size}, "requests");
  if (!requests.ok()) return 0;
  if (requests->ended > requests->begun) std::abort();
  for (const auto& who : requests->answerers) {
    for (size_t i = 0; i < who.samples.size(); ++i) {
      if (who.samples[i].count > who.count) std::abort();
      if (i && who.samples[i].count <= who.samples[i - 1].count) std::abort();
      if (i && who.samples[i].time_ns < who.samples[i - 1].time_ns) std::abort();
      if (who.CountAt(who.samples[i].time_ns) > static_cast<double>(who.count)) std::abort();
    }
  }
  return 0;
}
