#include "report/phrases.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using base::FormatBytes;
using base::FormatCount;
using diagnose::Finding;
using diagnose::Location;

constexpr uint64_t kMillion = 1'000'000;
constexpr uint64_t kWorthAWord = 10'000;  // bytes

std::string ShortCount(uint64_t count) {
  return count >= 10 * kMillion ? fmt::format("{} M", FormatCount(count / kMillion))
         : count >= kMillion    ? fmt::format("{:.1f} M", static_cast<double>(count) / 1e6)
                                : FormatCount(count);
}

bool SameFunction(const Location& a, const Location& b) { return a.function == b.function && a.file == b.file; }

std::string BaseNameAndLine(const Location& where) {
  std::string_view file = where.file;
  if (file.empty()) return SafeText(where.function);
  return fmt::format("{}:{}", SafeText(file.substr(file.rfind('/') + 1)), where.line);
}

std::string Fate(const Finding& f) {
  std::string age = base::FormatDuration(f.old_age_ns);
  if (f.as_of == diagnose::AsOf::kPeak) return "freed only when the program ended";
  if (f.old_deaths == 0) return fmt::format("none older than {} freed", age);
  if (f.old_survival >= 0.995) return fmt::format("{} older than {} freed", FormatCount(f.old_deaths), age);
  return fmt::format("{:.2g} % of those older than {} never freed", 100 * f.old_survival, age);
}

}  // namespace

std::string ProgramName(const Report& report) {
  const std::vector<std::string>* words = &report.run.command;
  if (words->empty() && !report.processes.empty()) words = &report.processes.front().command;
  std::string out;
  for (const std::string& word : *words) {
    bool path = word.starts_with("/");
    std::string shown = path && out.empty() ? SafeText(word.substr(word.rfind('/') + 1))
                        : path              ? ShortPath(word, report.run.directory)
                                            : SafeText(word);
    out += (out.empty() ? "" : " ") + shown;
  }
  return out.empty() ? SafeText(report.path) : out;
}

std::string RunFigures(const Report& report) {
  uint64_t duration = 0, live = 0, peak = 0, first = 0, last = 0, agent = 0;
  capture::Amount births;
  for (const ProcessSummary& p : report.processes) {
    duration = std::max(duration, p.duration_ns);
    births += p.births;
    live += p.live.bytes;
    peak += p.peak_bytes;
    first += p.rss_first.value_or(0);
    last += p.rss_last.value_or(0);
    agent += p.agent_bytes;
  }
  std::string out = base::FormatDuration(duration);
  if (report.processes.size() > 1) out += fmt::format(", {}", fmt::format("{} processes", report.processes.size()));
  out += fmt::format(", {} allocations ({}), live {}, peak {}", ShortCount(births.blocks), FormatBytes(births.bytes),
                     FormatBytes(live), FormatBytes(peak));
  if (last) out += fmt::format(", RSS {} -> {}", FormatBytes(first), FormatBytes(last));
  if (agent) out += fmt::format(", limpet held {}", FormatBytes(agent));
  return out;
}

std::string HeadlineOf(const Report& report, const Finding& f, const TerminalStyle& style) {
  bool sure = f.confidence >= diagnose::kSure;
  uint64_t duration = 0;
  for (const ProcessSummary& p : report.processes) duration = std::max(duration, p.duration_ns);
  Line line(style);
  line.Add(sure ? "LEAK" : "maybe", sure ? Ink::kAlarm : Ink::kWarn).To(6);
  line.Add(FormatRate(f.bytes_per_second, duration), Ink::kStrong);
  if (f.bytes_per_iteration)
    line.Add(fmt::format("  +{}/iteration", FormatBytes(static_cast<uint64_t>(*f.bytes_per_iteration))));
  std::string_view kind = f.kind == diagnose::Kind::kNative     ? "native "
                          : f.kind == diagnose::Kind::kRawBlock ? "raw "
                                                                : "";
  line.Add(fmt::format("  {} {}block{} live ({})", FormatCount(f.live.blocks), kind, f.live.blocks == 1 ? "" : "s",
                       FormatBytes(f.live.bytes)));
  std::string confidence = fmt::format("confidence {:.2f}", f.confidence);
  std::string fate = ", " + Fate(f);
  if (DisplayWidth(fate) + confidence.size() + 2 <= line.left()) line.Add(fate);
  if (f.processes.size() > 1) {
    std::string in = fmt::format(", {} processes", f.processes.size());
    if (DisplayWidth(in) + confidence.size() + 2 <= line.left()) line.Add(in);
  }
  return line.Right(confidence, sure ? Ink::kStrong : Ink::kFaint).Finish();
}

std::string StackInLine(const std::vector<Location>& site, std::string_view directory, size_t columns) {
  constexpr std::string_view kArrow = "  <-  ";
  std::string out;
  for (size_t i = 0; i < site.size(); i++) {
    size_t repeats = 0;
    while (i + 1 < site.size() && SameFunction(site[i], site[i + 1])) {
      repeats++;
      i++;
    }
    std::string place = ShowPlace(site[i - repeats], directory);
    if (repeats) place += fmt::format(" ({} more of it)", repeats);
    if (out.empty()) {
      out = ShortenMiddle(place, columns);
      continue;
    }
    std::string tail = std::string(kArrow) + place;
    bool last = i + 1 == site.size();
    if (DisplayWidth(out) + DisplayWidth(tail) + (last ? 0 : 9) > columns) {
      if (DisplayWidth(out) + 9 <= columns) out += "  <-  ...";
      break;
    }
    out += tail;
  }
  return out;
}

std::vector<std::string> StackInLines(const std::vector<Location>& site, std::optional<std::string_view> directory) {
  constexpr size_t kShownOfRecursion = 2;
  std::vector<std::string> out;
  for (size_t i = 0; i < site.size();) {
    size_t end = i + 1;
    while (end < site.size() && SameFunction(site[i], site[end])) end++;
    size_t shown = end - i > kShownOfRecursion + 1 ? kShownOfRecursion : end - i;
    for (size_t k = i; k < i + shown; k++)
      out.push_back(directory ? ShowPlace(site[k], *directory) : FullPlace(site[k]));
    if (shown < end - i) out.push_back(fmt::format("... {} more of {}()", end - i - shown, SafeText(site[i].function)));
    i = end;
  }
  return out;
}

std::string PartsInLine(const Finding& finding, std::string_view directory, size_t columns) {
  std::string out;
  for (size_t i = 0; i < finding.parts.size(); i++) {
    const diagnose::Part& part = finding.parts[i];
    std::string next = fmt::format("{}{} ({})", out.empty() ? "" : ", ", ShowPlace(part.where, directory),
                                   FormatBytes(part.live.bytes));
    size_t more = finding.parts.size() - i;
    if (DisplayWidth(out) + DisplayWidth(next) + 10 > columns && !out.empty()) return out + fmt::format(", {} more", more);
    out += next;
  }
  return ShortenEnd(out, columns);
}

std::string DismissedInLine(const Report& report, size_t columns) {
  struct Pile {
    uint64_t bytes = 0;
    size_t count = 0;
    const Location* largest = nullptr;
  };
  std::array<Pile, 6> piles;
  for (const diagnose::Dismissed& one : report.diagnosis.dismissed) {
    Pile& pile = piles[static_cast<size_t>(one.reason)];
    pile.bytes += one.finding.live.bytes;
    if (!pile.count++) pile.largest = &one.finding.site.front();
  }
  std::vector<size_t> order;
  for (size_t i = 0; i < piles.size(); i++)
    if (piles[i].bytes >= kWorthAWord) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return piles[a].bytes > piles[b].bytes; });
  std::string out;
  for (size_t i : order) {
    const Pile& pile = piles[i];
    std::string next = fmt::format("{}{} {} ({}{})", out.empty() ? "" : ", ", FormatBytes(pile.bytes),
                                   diagnose::ReasonName(static_cast<diagnose::Reason>(i)), BaseNameAndLine(*pile.largest),
                                   pile.count > 1 ? fmt::format(" +{}", pile.count - 1) : "");
    if (DisplayWidth(out) + DisplayWidth(next) > columns) break;
    out += next;
  }
  return out;
}

std::vector<std::string> Warnings(const Report& report) {
  std::vector<std::string> out;
  for (const std::string& note : report.run.notes) out.push_back(SafeText(note));
  for (const ProcessSummary& p : report.processes) {
    if (p.state == "refused" || p.state == "stopped")
      out.push_back(fmt::format("process {} {}: {}", p.pid, p.state == "refused" ? "was not traced" : "was traced in part",
                                SafeText(p.reason)));
    for (const std::string& limit : p.limits) out.push_back(fmt::format("process {}: {}", p.pid, SafeText(limit)));
  }
  return out;
}

}  // namespace limpet::report
