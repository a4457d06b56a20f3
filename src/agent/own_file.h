// Files of a fixed size beside `data` that the agent maps (capture/memory_format.h, capture/requests_format.h). The program has made none of
// these mappings: no hook counts them, and the ledger takes their pages for limpet's own.
#ifndef LIMPET_AGENT_OWN_FILE_H_
#define LIMPET_AGENT_OWN_FILE_H_

#include <stddef.h>
#include <stdint.h>

namespace limpet::agent {

// A new file of zeros in the folder of this process, whose pages all have their disk blocks. Null where that cannot be (a full disk, a limit,
// a file of that name). No descriptor stays open.
void* MapOwnFile(const char* name, size_t bytes);
void UnmapOwnFile(void* base, size_t bytes);

// The same for `requests`, which the Python package fills. One that was there before is gone, but stays mapped for who still has it: it is never unmapped.
void* MapRequestsFile();

// Of all that are mapped now.
uint64_t OwnFileBytes();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_OWN_FILE_H_
