// Fine epochs and the groups they are read in.
#ifndef LIMPET_CAPTURE_EPOCHS_H_
#define LIMPET_CAPTURE_EPOCHS_H_

#include <cstdint>
#include <vector>

#include "capture/problem_log.h"
#include "capture/recording.h"
#include "capture/table_file.h"

namespace limpet::capture {

struct EpochTable {
  std::vector<EpochGroup> groups;  // at least one; the ends of the last are not yet known
  std::vector<GroupId> group_of;   // by fine epoch

  bool Has(uint32_t epoch) const { return epoch < group_of.size(); }
  // The group of a fine epoch; the last one for epochs that came after the table was read.
  GroupId GroupOf(uint32_t epoch) const { return Has(epoch) ? group_of[epoch] : GroupId{uint32_t(groups.size() - 1)}; }
};

EpochTable ReadEpochs(const TableFile& file, ProblemLog& problems);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_EPOCHS_H_
