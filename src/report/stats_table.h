// The figures behind `limpet stats`, before they are shown.
#ifndef LIMPET_REPORT_STATS_TABLE_H_
#define LIMPET_REPORT_STATS_TABLE_H_

#include <string>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"
#include "report/stats.h"

namespace limpet::report {

struct StatsRow {
  std::vector<diagnose::Location> place;  // one entry; for kStack all frames, innermost first
  capture::Amount live;                   // at finalisation, or at the end
  capture::Amount growth;
  capture::Amount freed;
  capture::Amount peak;
  capture::Amount births;
};

struct StatsTable {
  std::vector<StatsRow> rows;  // sorted, limited
  size_t all_rows = 0;         // before the limit
  StatsRow total;              // over all that passed the filters; each allocation once, also where rows are cumulative
};

StatsTable MakeStats(const capture::Recording& recording, const StatsOptions& options);

// Does the site's stack pass the filters? As in tracemalloc: one of `include` must match (where there are any), none of `exclude`
// may; with all_frames any frame of the stack counts as the place, otherwise the innermost.
class StackFilter {
 public:
  StackFilter(const capture::Process& process, const StatsOptions& options);
  bool Passes(const capture::Site& site) const;

 private:
  bool Matches(capture::NodeId node, const std::vector<bool>& by_frame) const;
  const capture::Process& process_;
  const StatsOptions& options_;
  std::vector<bool> included_, excluded_;  // by frame
};

}  // namespace limpet::report

#endif  // LIMPET_REPORT_STATS_TABLE_H_
