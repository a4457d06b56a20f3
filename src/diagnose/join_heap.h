// Joins the two halves of a recording: what grows at which line (births and deaths), and who holds it (the heap snapshots). The objects
// of a finding are those of the snapshot that were born at its lines; the ways on which they are held say what to cut.
#ifndef LIMPET_DIAGNOSE_JOIN_HEAP_H_
#define LIMPET_DIAGNOSE_JOIN_HEAP_H_

#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

// Fills Finding::heap, and makes the kind more exact, from the last snapshots of this process; nothing happens where there are none.
void JoinHeap(const capture::Recording& recording, const capture::Process& process, std::vector<Finding>& findings);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_JOIN_HEAP_H_
