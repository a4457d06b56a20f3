// One ledger of a recording, read: for who looks at all of them. diagnose/ledger.h has what they say.
#ifndef LIMPET_DIAGNOSE_LEDGER_OF_H_
#define LIMPET_DIAGNOSE_LEDGER_OF_H_

#include "capture/recording.h"
#include "diagnose/ledger.h"

namespace limpet::diagnose {

// `record` is one of process.memory.ledgers.
Ledger LedgerOf(const capture::Process& process, const capture::LedgerRecord& record);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_LEDGER_OF_H_
