// Tables of where memory was allocated: the totals, and the top places by what is live, grows, churns or was live at the peak.
#ifndef LIMPET_REPORT_STATS_H_
#define LIMPET_REPORT_STATS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "capture/recording.h"
#include "report/terminal.h"

namespace limpet::report {

enum class SortBy : uint8_t {
  kLive,    // bytes live at the end (at finalisation, where the interpreter got there)
  kGrowth,  // the part of it that grew steadily: 8 x the median of what is left of each eighth of the run
  kChurn,   // bytes allocated and freed again
  kPeak,    // bytes live when the process had the most memory live
};

enum class GroupBy : uint8_t { kLine, kFile, kFunction, kStack };

struct StatsOptions {
  SortBy sort_by = SortBy::kLive;
  GroupBy group_by = GroupBy::kLine;
  std::vector<std::string> include;  // glob patterns on the file name, any may match; none: all files
  std::vector<std::string> exclude;
  bool all_frames = false;               // filters look at every frame of the stack, not only the innermost
  bool user_line = false;                // group by the user's line instead of the innermost frame
  bool cumulative = false;               // an allocation counts for every frame of its stack (once per place)
  std::vector<capture::Domain> domains;  // empty: all
  std::optional<int32_t> pid;
  uint32_t limit = 10;  // rows; 0: all
};

std::string RenderStats(const capture::Recording& recording, const StatsOptions& options, const TerminalStyle& style);
nlohmann::json StatsJson(const capture::Recording& recording, const StatsOptions& options);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_STATS_H_
