// The workers of a server run the same code: the same finding in several of them is one finding, with what each of them has of it.
#ifndef LIMPET_DIAGNOSE_MERGE_WORKERS_H_
#define LIMPET_DIAGNOSE_MERGE_WORKERS_H_

#include <vector>

#include "diagnose/finding.h"

namespace limpet::diagnose {

// Merges findings of different processes that share a fingerprint. The first one stays, with the figures of all: live memory and rates per
// second add up, rates per iteration and per allocated byte are those of the whole. What a heap snapshot told of one holds for all.
void MergeWorkers(std::vector<Finding>& findings);
// The same for what is no leak, where the reason is the same.
void MergeWorkers(std::vector<Dismissed>& dismissed);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_MERGE_WORKERS_H_
