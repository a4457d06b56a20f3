// A trial of malloc_trim in a traced program: what its allocator keeps, though it could give it back.
#ifndef LIMPET_CLI_TRIAL_TRIM_H_
#define LIMPET_CLI_TRIAL_TRIM_H_

#include <optional>
#include <string>

#include "base/status.h"
#include "capture/memory_format.h"

namespace limpet::cli {

// Asks the program that records into `process_folder`, by way of the file `memory` that it shares, and waits until it has looked: at one of its next
// allocations. Nothing: it did not within `patience_ms`.
Result<std::optional<capture::TrimRecord>> AskForTrim(const std::string& process_folder, int patience_ms);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_TRIAL_TRIM_H_
