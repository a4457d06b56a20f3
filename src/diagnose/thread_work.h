// What threads that never end keep: the objects of their own frames, and what the C library and the interpreter set up for each of them. Where
// the threads themselves are a finding, all of that is a part of it.
#ifndef LIMPET_DIAGNOSE_THREAD_WORK_H_
#define LIMPET_DIAGNOSE_THREAD_WORK_H_

#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

// Findings of which every stack begins in a thread's first function, or has no Python frame at all, become parts of the one whose objects are
// held by the table of running threads, if they were born as those were.
void MergeWorkOfThreads(const capture::Process& process, std::vector<Finding>& findings);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_THREAD_WORK_H_
