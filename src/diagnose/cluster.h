// Clusters: lines that grow because of one another. A record, its dict and its strings are born on several lines and leak as one; the
// list that holds them grows along. One cluster becomes one finding.
#ifndef LIMPET_DIAGNOSE_CLUSTER_H_
#define LIMPET_DIAGNOSE_CLUSTER_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "diagnose/suspects.h"

namespace limpet::diagnose {

struct Cluster {
  std::vector<size_t>
      members;  // indices into the suspects; the first one names the cluster, the others follow by live bytes
};

// Whether two suspects (by index) are known to be two leaks: their objects are held in different places.
using AreApart = std::function<bool(size_t, size_t)>;

// Joins growing suspects whose lines are in one function, or call one another, and that grow in the same rhythm; but none that are apart.
std::vector<Cluster> ClusterSuspects(const capture::Process& process, const UnitTable& table,
                                     const std::vector<Suspect>& suspects, const AreApart& are_apart);

// The site of the unit with most live bytes; its stack stands for the unit.
uint32_t HeaviestSite(const capture::Process& process, const Unit& unit, AsOf as_of);

// The frames of the site's stack from the unit's line outwards that belong to the same owner or a nearer one.
std::vector<capture::FrameId> UserFrames(const capture::Process& process, const UnitTable& table, uint32_t site);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_CLUSTER_H_
