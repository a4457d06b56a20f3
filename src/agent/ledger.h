// The ledger: what the process's own resident memory is used for, page by page.
//
// Every resident page of anonymous memory is 4096 bytes of something. The shadow says which of them live blocks own, and of which allocator;
// what is left of the page belongs to whoever the page is of:
//
//     page of an arena of pymalloc     | live | live |  free |  live |      -> live_python, arena_free
//     page of a heap of malloc         | live |   free       | live  |      -> live_native, malloc_parts
//     ... no live block in it          |          free               |      -> malloc_pages: malloc_trim can give it back
//     page of a thread's stack         |                             |      -> stacks
//     page that nobody is known to own                                      -> in no part: the rest
//
// So the parts add up to the pages that were looked at, and their difference to what the kernel counts is a figure of its own. Nothing here
// calls into an allocator: that would take its locks, in a copy of the process in which their owners do not run.
#ifndef LIMPET_AGENT_LEDGER_H_
#define LIMPET_AGENT_LEDGER_H_

#include <stdint.h>

#include "agent/smaps.h"
#include "capture/memory_format.h"

namespace limpet::agent {

// Makes a ledger and puts it in its slot under `number`. `frozen`: this is a copy of the process in which nothing else runs. Else the program
// goes on meanwhile, and the ledger is as good as a list made in a shop that is open. Uses static memory: one at a time.
void TakeLedger(uint32_t number, uint64_t time_ns, bool frozen);

// One sweep over the mappings: fills the parts of `ledger`. For TakeLedger and its tests.
void SweepMappings(const MapEntry* maps, size_t count, capture::LedgerRecord* ledger);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_LEDGER_H_
