// p<pid>/memory as the other rooms see it: checked and in order. What the file looks like is memory_format.h's matter.
#ifndef LIMPET_CAPTURE_MEMORY_RECORD_H_
#define LIMPET_CAPTURE_MEMORY_RECORD_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "capture/memory_format.h"

namespace limpet::capture {

struct MemoryRecord {
  std::vector<ResourceRecord> resources;  // by time
  std::vector<LedgerRecord> ledgers;      // by number
  std::optional<TrimRecord> trim;         // the last trial of malloc_trim
  std::vector<std::string> problems;      // what was odd, one sentence each
};

// From the bytes of the file; `place` is what messages call it. Fails where it is none of ours. Whatever the bytes say: records are in order, and
// no figure is larger than an address space, so that sums of some of them cannot overflow.
Result<MemoryRecord> ParseMemory(std::string_view bytes, const std::string& place);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_MEMORY_RECORD_H_
