#include "report/diff_face.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/text.h"
#include "report/canvas.h"
#include "report/check_face.h"
#include "report/json.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using diagnose::Change;
using diagnose::Fate;
using diagnose::Finding;
using nlohmann::json;

constexpr uint32_t kLabel = 14;

Ink InkOf(Fate fate) {
  if (fate == Fate::kNew || fate == Fate::kLarger) return Ink::kAlarm;
  if (fate == Fate::kSame || fate == Fate::kCannotTell) return Ink::kWarn;
  return Ink::kGood;
}

// A pace in the measure that both runs have: "12 KB/iteration", "34 B per KB allocated", "1.2 MB/s".
std::string PaceIn(diagnose::Measure measure, const Finding& f) {
  switch (measure) {
    case diagnose::Measure::kIteration:
      return base::FormatBytes(static_cast<uint64_t>(f.bytes_per_iteration.value_or(0))) + "/iteration";
    case diagnose::Measure::kVolume:
      return base::FormatBytes(static_cast<uint64_t>(f.bytes_per_volume * 1e6)) + " per MB allocated";
    case diagnose::Measure::kSecond:
      return base::FormatBytes(static_cast<uint64_t>(f.bytes_per_second)) + "/s";
  }
  return "";
}

diagnose::Measure MeasureOf(const Change& change) {
  if (change.ratio) return change.ratio->measure;
  const Finding& f = change.before ? *change.before : *change.after;
  if (f.bytes_per_iteration) return diagnose::Measure::kIteration;
  return f.bytes_per_volume > 0 ? diagnose::Measure::kVolume : diagnose::Measure::kSecond;
}

std::string PaceLine(const Change& change) {
  const diagnose::Measure measure = MeasureOf(change);
  const std::string before = change.before ? PaceIn(measure, *change.before) : "none";
  std::string after = change.after ? PaceIn(measure, *change.after) : "none";
  if (!change.after && change.fate == Fate::kCannotTell) after = "?";
  std::string line = fmt::format("{} -> {}", before, after);
  if (change.ratio) line += fmt::format("  ({})", RatioInWords(*change.ratio));
  if (!change.why.empty()) line += fmt::format("  {}", SafeText(change.why));
  return line;
}

std::string RunLine(const Report& report, const diagnose::Work& work) {
  std::string line = fmt::format("{}  {}, {} allocated", SafeText(report.path),
                                 base::FormatDuration(static_cast<uint64_t>(work.seconds * 1e9)),
                                 base::FormatBytes(work.allocated_bytes));
  if (work.iterations) line += fmt::format(", {} iterations", base::FormatCount(work.iterations));
  return line;
}

std::string Counts(const diagnose::Comparison& comparison) {
  std::string text;
  for (const Fate fate : {Fate::kNew, Fate::kLarger, Fate::kSame, Fate::kCannotTell, Fate::kSmaller, Fate::kGone}) {
    const auto count = std::count_if(comparison.changes.begin(), comparison.changes.end(),
                                     [&](const Change& change) { return change.fate == fate; });
    const std::string name = fate == Fate::kCannotTell ? "cannot tell" : std::string(diagnose::FateName(fate));
    if (count) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  }
  return text.empty() ? "no leak in either" : text;
}

std::string RenderChange(const ComparedRuns& runs, const Change& change, const TerminalStyle& style) {
  const bool has_after = change.after != nullptr;
  const Finding& f = has_after ? *change.after : *change.before;
  const std::string& directory = (has_after ? runs.after : runs.before).run.directory;
  const std::string name =
      change.fate == Fate::kCannotTell ? std::string("cannot tell") : std::string(diagnose::FateName(change.fate));
  const std::string what =
      f.heap.types.empty() ? std::string(diagnose::KindName(f.kind)) : SafeText(f.heap.types.front());
  std::string out = "\n";
  Line head(style);
  head.Add(name, InkOf(change.fate)).To(kLabel);
  out += head.Add(what, Ink::kStrong)
             .Add("  ")
             .Add(ShortenMiddle(ShowPlace(f.site.front(), directory), head.left()))
             .Finish();
  Line pace(style);
  pace.To(kLabel);
  out += pace.Add(ShortenEnd(PaceLine(change), pace.left())).Finish();
  const std::string held =
      WithShortPaths(f.heap.holder_text.empty() ? f.heap.cycle_text : f.heap.holder_text, directory);
  if (held.empty() || change.fate == Fate::kGone) return out;
  Line holder(style);
  holder.To(kLabel).Add("held by ", Ink::kFaint);
  return out + holder.Add(ShortenMiddle(SafeText(held), holder.left())).Finish();
}

json WorkJson(const Report& report, const diagnose::Work& work) {
  return {{"path", base::ReplaceInvalidUtf8(report.path)},
          {"verdict", diagnose::VerdictName(report.diagnosis.verdict)},
          {"seconds", std::round(work.seconds * 1000) / 1000},
          {"allocated_bytes", work.allocated_bytes},
          {"iterations", work.iterations}};
}

}  // namespace

std::string RenderDiff(const ComparedRuns& runs, const TerminalStyle& style) {
  std::string out;
  out += Line(style).Add("before", Ink::kFaint).To(kLabel).Add(RunLine(runs.before, runs.work_before)).Finish();
  out += Line(style).Add("after", Ink::kFaint).To(kLabel).Add(RunLine(runs.after, runs.work_after)).Finish();
  out += Line(style).Add(Counts(runs.comparison), Ink::kStrong).Finish();
  if (runs.comparison.cannot_tell) {
    Line line(style);
    line.Add("note", Ink::kWarn).To(6);
    out += line.Add(ShortenEnd("the second run cannot tell: " + SafeText(runs.comparison.note), line.left())).Finish();
  }
  for (const Change& change : runs.comparison.changes) out += RenderChange(runs, change, style);
  return out;
}

json DiffJson(const ComparedRuns& runs) {
  json changes = json::array();
  for (const Change& change : runs.comparison.changes) {
    json entry = {{"change", diagnose::FateName(change.fate)},
                  {"fingerprint", (change.before ? change.before : change.after)->fingerprint},
                  {"before", change.before ? FindingJson(*change.before) : json(nullptr)},
                  {"after", change.after ? FindingJson(*change.after) : json(nullptr)},
                  {"why", base::ReplaceInvalidUtf8(change.why)},
                  {"ratio", nullptr},
                  {"per", nullptr}};
    if (change.ratio) {
      constexpr const char* kNames[] = {"iteration", "allocated-byte", "second"};
      entry["ratio"] = std::round(change.ratio->value * 1000) / 1000;
      entry["per"] = kNames[static_cast<size_t>(change.ratio->measure)];
    }
    changes.push_back(std::move(entry));
  }
  return {{"schema", kDiffSchema},
          {"before", WorkJson(runs.before, runs.work_before)},
          {"after", WorkJson(runs.after, runs.work_after)},
          {"changes", std::move(changes)},
          {"cannot_tell", runs.comparison.cannot_tell},
          {"note", base::ReplaceInvalidUtf8(runs.comparison.note)}};
}

}  // namespace limpet::report
