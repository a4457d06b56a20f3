#include "report/stats.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "report/canvas.h"
#include "report/heap_json.h"
#include "report/json.h"
#include "report/phrases.h"
#include "report/safe_text.h"
#include "report/stats_table.h"

namespace limpet::report {
namespace {

using base::FormatBytes;
using base::FormatCount;
using capture::Amount;
using diagnose::Location;
using nlohmann::json;

constexpr std::array<std::string_view, 6> kColumns = {"live", "blocks", "growth", "freed", "peak", "born"};
constexpr std::array<std::string_view, 4> kSortNames = {"live", "growth", "churn", "peak"};
constexpr std::array<std::string_view, 4> kGroupNames = {"line", "file", "function", "stack"};
constexpr std::array<std::string_view, 4> kSortPhrases = {"what is live", "what grew steadily", "what was freed again",
                                                          "what was live at the peak"};

std::array<std::string, 6> Cells(const StatsRow& row) {
  return {FormatBytes(row.live.bytes),  FormatCount(row.live.blocks), FormatBytes(row.growth.bytes),
          FormatBytes(row.freed.bytes), FormatBytes(row.peak.bytes),  FormatCount(row.births.blocks)};
}

std::string Place(const StatsRow& row, const StatsOptions& options, std::string_view directory) {
  const Location& where = row.place.front();
  if (where.file.empty() && where.line == 0) return SafeText(where.function);
  std::string file = ShortPath(where.file, directory);
  switch (options.group_by) {
    case GroupBy::kFile:
      return file;
    case GroupBy::kFunction:
      return fmt::format("{} ({}:{})", SafeText(where.function), file, where.line);
    case GroupBy::kLine:
    case GroupBy::kStack:
      return ShowPlace(where, directory);
  }
  return file;
}

const capture::Process* Only(const capture::Recording& recording, const StatsOptions& options) {
  const capture::Process* found = nullptr;
  for (const capture::Process& process : recording.processes) {
    if (options.pid && process.pid != *options.pid) continue;
    if (found) return nullptr;
    found = &process;
  }
  return found;
}

std::string Title(const capture::Recording& recording, const StatsTable& table, const StatsOptions& options) {
  std::string text = fmt::format("{} allocations ({}), {} live ({})", FormatCount(table.total.births.blocks),
                                 FormatBytes(table.total.births.bytes), FormatCount(table.total.live.blocks),
                                 FormatBytes(table.total.live.bytes));
  if (const capture::Process* process = Only(recording, options))
    text += fmt::format(" after {}", base::FormatDuration(process->duration_ns));
  else text += fmt::format(" in {} processes", options.pid ? 0 : recording.processes.size());
  return text;
}

// The column that the table is sorted by.
size_t SortColumn(SortBy by) { return std::array<size_t, 4>{0, 2, 3, 4}[static_cast<size_t>(by)]; }

json AmountJson(const Amount& amount) { return {{"bytes", amount.bytes}, {"blocks", amount.blocks}}; }

json RowJson(const StatsRow& row) {
  return {{"live", AmountJson(row.live)},
          {"growth", AmountJson(row.growth)},
          {"freed", AmountJson(row.freed)},
          {"peak", AmountJson(row.peak)},
          {"born", AmountJson(row.births)}};
}

}  // namespace

std::string RenderStats(const capture::Recording& recording, const StatsOptions& options, const TerminalStyle& wanted) {
  TerminalStyle style = wanted;
  style.columns = std::max<uint32_t>(style.columns, 60);
  StatsTable table = MakeStats(recording, options);
  const std::string& directory = recording.run.directory;
  std::vector<std::array<std::string, 6>> cells;
  for (const StatsRow& row : table.rows) cells.push_back(Cells(row));
  cells.push_back(Cells(table.total));
  std::array<size_t, 6> widths{};
  for (size_t c = 0; c < kColumns.size(); c++) {
    widths[c] = kColumns[c].size();
    for (const auto& row : cells) widths[c] = std::max(widths[c], DisplayWidth(row[c]));
  }
  std::string out = Line(style).Add(Title(recording, table, options), Ink::kStrong).Finish();
  out += Line(style)
             .Add(fmt::format("by {}, per {}{}", kSortPhrases[static_cast<size_t>(options.sort_by)],
                              kGroupNames[static_cast<size_t>(options.group_by)],
                              options.cumulative ? ", callers included" : ""),
                  Ink::kFaint)
             .Finish();
  auto add = [&](const auto& row, std::string_view place, Ink ink) {
    Line line(style);
    for (size_t c = 0; c < kColumns.size(); c++)
      line.Add(PadLeft(row[c], widths[c]), c == SortColumn(options.sort_by) ? Ink::kStrong : ink).Add("  ");
    out += line.Add(ShortenMiddle(place, line.left()), ink).Finish();
  };
  add(kColumns, kGroupNames[static_cast<size_t>(options.group_by)], Ink::kFaint);
  for (size_t i = 0; i < table.rows.size(); i++) {
    add(cells[i], Place(table.rows[i], options, directory), Ink::kPlain);
    if (options.group_by != GroupBy::kStack) continue;
    std::vector<std::string> frames = StackInLines(table.rows[i].place, directory);
    for (size_t k = 1; k < frames.size(); k++)
      out += Line(style).To(0).Add("      ").Add(ShortenMiddle(frames[k], style.columns - 6), Ink::kFaint).Finish();
  }
  size_t more = table.all_rows - table.rows.size();
  add(cells.back(), more ? fmt::format("all, with {} more", FormatCount(more)) : std::string("all"), Ink::kFaint);
  return out;
}

json StatsJson(const capture::Recording& recording, const StatsOptions& options) {
  StatsTable table = MakeStats(recording, options);
  json rows = json::array();
  for (const StatsRow& row : table.rows) {
    json entry = RowJson(row);
    json stack = json::array();
    for (const Location& where : row.place) stack.push_back(LocationJson(where));
    entry[options.group_by == GroupBy::kStack ? "stack" : "place"] =
        options.group_by == GroupBy::kStack ? std::move(stack) : std::move(stack.front());
    rows.push_back(std::move(entry));
  }
  return {{"schema", kStatsSchema},
          {"sort_by", kSortNames[static_cast<size_t>(options.sort_by)]},
          {"group_by", kGroupNames[static_cast<size_t>(options.group_by)]},
          {"cumulative", options.cumulative},
          {"rows", std::move(rows)},
          {"all_rows", table.all_rows},
          {"total", RowJson(table.total)}};
}

}  // namespace limpet::report
