// Puts what was found about some lines of one process into a Finding: figures, stack, evidence.
#ifndef LIMPET_DIAGNOSE_DESCRIBE_H_
#define LIMPET_DIAGNOSE_DESCRIBE_H_

#include <vector>

#include "diagnose/cluster.h"
#include "diagnose/finding.h"
#include "diagnose/suspects.h"

namespace limpet::diagnose {

Finding DescribeCluster(const capture::Process& process, const UnitTable& table, const std::vector<Suspect>& suspects,
                        const Cluster& cluster);

Dismissed DescribeDismissed(const capture::Process& process, const UnitTable& table, const Suspect& suspect);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_DESCRIBE_H_
