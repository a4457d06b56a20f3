// What speaks for a finding, and what speaks against a dismissed line: one sentence per signal, with its figures.
#ifndef LIMPET_DIAGNOSE_EVIDENCE_H_
#define LIMPET_DIAGNOSE_EVIDENCE_H_

#include <string>
#include <vector>

#include "diagnose/cluster.h"
#include "diagnose/finding.h"
#include "diagnose/suspects.h"

namespace limpet::diagnose {

std::vector<std::string> EvidenceFor(const capture::Process& process, const std::vector<Suspect>& suspects,
                                     const Cluster& cluster, const Finding& finding);

std::string EvidenceAgainst(const capture::Process& process, const Suspect& suspect);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_EVIDENCE_H_
