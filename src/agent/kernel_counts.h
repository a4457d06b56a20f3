// What the kernel counts of a process beside its mappings: pages of files, swap, and the memory of its cgroup.
#ifndef LIMPET_AGENT_KERNEL_COUNTS_H_
#define LIMPET_AGENT_KERNEL_COUNTS_H_

#include <stdint.h>

#include "capture/memory_format.h"

namespace limpet::agent {

// Fills file, shared and swap from /proc/PID/status. They stay 0 where it cannot be read.
void ReadStatus(int pid, capture::LedgerRecord* ledger);

// Fills cgroup_bytes and cgroup_file, and says so in the flags: of version 2 where there is a memory controller, else of version 1.
void ReadCgroup(capture::LedgerRecord* ledger);

// The number behind `key` at the beginning of a line of `text` ("RssFile:\t  123 kB"), 0 if there is none. `key` ends with its separator.
uint64_t NumberBehind(const char* text, const char* key);

// The path of the process's cgroup in the text of /proc/PID/cgroup: of the line "0::PATH" or, for version 1, of the controller "memory".
// Cut at `size`; empty: there is none.
void CgroupPath(const char* text, bool version2, char* path, uint32_t size);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_KERNEL_COUNTS_H_
