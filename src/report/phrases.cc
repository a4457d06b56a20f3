#include "report/phrases.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/unit.h"
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

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string_view FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string_view() : std::string_view(path).substr(0, slash);
}

std::string BaseNameAndLine(const Location& where) {
  if (where.file.empty()) return SafeText(where.function);
  return fmt::format("{}:{}", SafeText(BaseName(where.file)), where.line);
}

// Index of the first word of a command that says which program it is: the script, -m or -c, not the interpreter and its options.
size_t FirstTelling(const std::vector<std::string>& words) {
  if (words.size() < 2 || !BaseName(words[0]).starts_with("python")) return 0;
  for (size_t i = 1; i < words.size(); i++) {
    const std::string& word = words[i];
    if (!word.starts_with("-") || word.starts_with("-m") || word.starts_with("-c")) return i;
    if (word == "-X" || word == "-W") i++;  // their value is the next word
  }
  return 0;
}

// One unit for all rates of a report, so that they can be compared: that of the largest.
RateUnit UnitFor(const Report& report) {
  double largest = 0;
  for (const Finding& f : report.diagnosis.findings) largest = std::max(largest, f.bytes_per_second);
  uint64_t duration = 0;
  for (const ProcessSummary& p : report.processes) duration = std::max(duration, p.duration_ns);
  return UnitOfRate(largest, duration);
}

std::string Fate(const Finding& f) {
  std::string age = base::FormatDuration(f.old_age_ns);
  if (f.as_of == diagnose::AsOf::kPeak) return "freed only when the program ended";
  if (f.old_deaths == 0) return fmt::format("none older than {} freed", age);
  if (f.old_survival >= 0.995) return fmt::format("{} older than {} freed", FormatCount(f.old_deaths), age);
  return fmt::format("{:.2g} % of those older than {} never freed", 100 * f.old_survival, age);
}

}  // namespace

std::string ProgramName(const std::vector<std::string>& command, std::string_view directory) {
  std::string out;
  for (size_t i = FirstTelling(command); i < command.size(); i++) {
    const std::string& word = command[i];
    bool path = word.starts_with("/");
    std::string shown = path && i == 0 ? SafeText(word.substr(word.rfind('/') + 1))
                        : path         ? ShortPath(word, directory)
                                       : SafeText(word);
    out += (out.empty() ? "" : " ") + shown;
  }
  return out;
}

std::string ProgramName(const Report& report) {
  const std::vector<std::string>* words = &report.run.command;
  if (words->empty() && !report.processes.empty()) words = &report.processes.front().command;
  const std::string name = ProgramName(*words, report.run.directory);
  return name.empty() ? SafeText(report.path) : name;
}

std::vector<std::string> RunFigures(const Report& report) {
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
  std::vector<std::string> out = {base::FormatDuration(duration)};
  if (report.processes.size() > 1) out.push_back(fmt::format("{} processes", report.processes.size()));
  out.push_back(fmt::format("{} allocations ({})", ShortCount(births.blocks), FormatBytes(births.bytes)));
  out.push_back(fmt::format("live {}", FormatBytes(live)));
  out.push_back(fmt::format("peak {}", FormatBytes(peak)));
  if (last) out.push_back(fmt::format("RSS {} -> {}", FormatBytes(first), FormatBytes(last)));
  if (agent) out.push_back(fmt::format("limpet held {}", FormatBytes(agent)));
  return out;
}

std::string HeadlineOf(const Report& report, const Finding& f, const TerminalStyle& style) {
  bool sure = f.confidence >= diagnose::kSure;
  Line line(style);
  line.Add(sure ? "LEAK" : "maybe", sure ? Ink::kAlarm : Ink::kWarn).To(6);
  line.Add(FormatRate(f.bytes_per_second, UnitFor(report)), Ink::kStrong);
  if (f.bytes_per_iteration)
    line.Add(fmt::format("  +{}/iteration", FormatBytes(static_cast<uint64_t>(*f.bytes_per_iteration))));
  std::string_view kind = f.kind == diagnose::Kind::kNative     ? "native "
                          : f.kind == diagnose::Kind::kRawBlock ? "raw "
                                                                : "";
  if (!f.heap.types.empty()) line.Add("  ").Add(ShortenMiddle(SafeText(f.heap.types.front()), 40), Ink::kStrong);
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
  constexpr std::string_view kArrow = "  <-  ", kRest = "  <-  ...";
  if (site.empty()) return "";
  diagnose::Owner owner = diagnose::OwnerOf(site.front().file);
  std::string out, previous;
  for (size_t i = 0; i < site.size(); i++) {
    size_t repeats = 0;
    while (i + 1 < site.size() && SameFunction(site[i], site[i + 1])) {
      repeats++;
      i++;
    }
    const Location& here = site[i - repeats];
    if (diagnose::OwnerOf(here.file) > owner)
      continue;  // libraries in between: the next line of the program tells more
    std::string place = ShowPlace(here, directory);
    if (!previous.empty() && FolderOf(here.file) == FolderOf(previous))
      place = ShowPlace({here.function, BaseName(here.file), here.line, {}, {}}, "");
    if (repeats) place += fmt::format(" ({} more of it)", repeats);
    previous = here.file;
    if (out.empty()) {
      out = ShortenMiddle(place, columns);
      continue;
    }
    bool last = i + 1 == site.size();
    if (DisplayWidth(out) + kArrow.size() + DisplayWidth(place) + (last ? 0 : kRest.size()) > columns) {
      if (DisplayWidth(out) + kRest.size() <= columns) out += kRest;
      break;
    }
    out += std::string(kArrow) + place;
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
    if (DisplayWidth(out) + DisplayWidth(next) + 10 > columns && !out.empty())
      return out + fmt::format(", {} more", more);
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
    std::string next =
        fmt::format("{}{} {} ({}{})", out.empty() ? "" : ", ", FormatBytes(pile.bytes),
                    diagnose::ReasonName(static_cast<diagnose::Reason>(i)), BaseNameAndLine(*pile.largest),
                    pile.count > 1 ? fmt::format(" +{}", pile.count - 1) : "");
    if (DisplayWidth(out) + DisplayWidth(next) > columns) break;
    out += next;
  }
  return out;
}

std::string KeptInLine(const Report& report, size_t columns) {
  std::string out;
  for (const diagnose::Kept& one : report.diagnosis.kept) {
    const std::string next = fmt::format("{}{} {}{}{}", out.empty() ? "" : ", ", FormatBytes(one.finding.live.bytes),
                                         SafeText(one.by), one.reason.empty() ? "" : " ", SafeText(one.reason));
    if (!out.empty() && DisplayWidth(out) + DisplayWidth(next) > columns) break;
    out += next;
  }
  return ShortenEnd(out, columns);
}

std::vector<std::string> Warnings(const Report& report) {
  std::vector<std::string> out;
  out.reserve(report.run.notes.size() + report.diagnosis.notes.size() + report.processes.size());
  for (const std::string& note : report.run.notes) out.push_back(SafeText(note));
  for (const std::string& note : report.diagnosis.notes) out.push_back(SafeText(note));
  for (const ProcessSummary& p : report.processes) {
    if (p.state == "refused" || p.state == "stopped")
      out.push_back(fmt::format("process {} {}: {}", p.pid,
                                p.state == "refused" ? "was not traced" : "was traced in part", SafeText(p.reason)));
    for (const std::string& limit : p.limits) out.push_back(fmt::format("process {}: {}", p.pid, SafeText(limit)));
  }
  return out;
}

}  // namespace limpet::report
