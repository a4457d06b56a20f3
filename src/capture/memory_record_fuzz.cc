// Any bytes as a recording's `memory` file: no crash, records in order, figures within bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "capture/memory_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using limpet::capture::MemoryRecord;
  const auto memory = limpet::capture::ParseMemory({reinterpret_cast<const char*>(data), size}, "memory");
  if (!memory.ok()) return 0;
  uint64_t before = 0;
  for (const auto& record : memory->resources) {
    if (&record != memory->resources.data() && record.time_ns <= before) std::abort();
    before = record.time_ns;
  }
  for (const auto& ledger : memory->ledgers) {
    if (ledger.number == 0 || ledger.anon >> 48) std::abort();
  }
  return 0;
}
