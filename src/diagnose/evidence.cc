#include "diagnose/evidence.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"

namespace limpet::diagnose {
namespace {

using base::FormatBytes;
using base::FormatCount;
using base::FormatDuration;
using base::Plural;

constexpr double kWeak = 0.7;  // factors below this are told as doubts

std::string Percent(double share) { return fmt::format("{:.{}f} %", 100 * share, share < 0.1 ? 1 : 0); }

// Three digits of what is small, all of what is large.
std::string Number(double value) {
  return value < 100 ? fmt::format("{:.3g}", value) : FormatCount(static_cast<uint64_t>(std::llround(value)));
}

std::string Survivors(const Suspect& s, const Finding& f) {
  if (s.signal == Signal::kSwelling && s.swelling.among_small)
    return fmt::format("{} here are the latest of blocks that were given up for larger ones all along: {} at first",
                       FormatBytes(s.live.bytes), FormatBytes(static_cast<uint64_t>(s.swelling.first_bytes)));
  if (s.signal == Signal::kSwelling)
    return fmt::format("{} here are the latest of {} that were given up for larger ones: {} each at first, {} now",
                       Plural(s.live.blocks, "block"), FormatCount(f.births.blocks),
                       FormatBytes(static_cast<uint64_t>(s.swelling.first_bytes)),
                       FormatBytes(static_cast<uint64_t>(s.swelling.last_bytes)));
  double old_births = f.old_survival < 1 ? static_cast<double>(f.old_deaths) / (1 - f.old_survival) : 0;
  std::string fate = f.old_deaths == 0 ? std::string("none was freed")
                                       : fmt::format("{} of {} were freed", FormatCount(f.old_deaths),
                                                     FormatCount(static_cast<uint64_t>(std::llround(old_births))));
  return fmt::format("{} ({}) born here are live; of those older than {}, {}", Plural(s.live.blocks, "block"),
                     FormatBytes(s.live.bytes), FormatDuration(f.old_age_ns), fate);
}

std::string WindowSentence(const Suspect& s) {
  const std::vector<double>& kept = s.judgement.kept;
  if (kept.size() < 2) return "";
  auto [low, high] = std::minmax_element(kept.begin(), kept.end() - 1);
  return fmt::format("each of the {} windows of the growth kept {} to {} blocks, the last one {}", kept.size(),
                     FormatCount(static_cast<uint64_t>(*low)), FormatCount(static_cast<uint64_t>(std::ceil(*high))),
                     FormatCount(static_cast<uint64_t>(std::ceil(kept.back()))));
}

// The doubts that kept the confidence down.
void AddDoubts(const Suspect& s, std::vector<std::string>& out) {
  const Factors& f = s.judgement.factors;
  if (s.signal != Signal::kSurvival) return;
  auto doubt = [&](double factor, std::string text) {
    if (factor < kWeak) out.push_back("doubt: " + std::move(text));
  };
  if (s.may_be_garbage)
    out.push_back(
        "doubt: hardly any of very many stayed, and no full collection came: they may be garbage in cycles that waits "
        "for one");
  if (s.grows_together_only)
    out.push_back(
        "doubt: of the kinds of blocks that are made here none grows by itself: a ring whose dicts or lists are "
        "recycled looks so");
  if (s.against_course)
    out.push_back("doubt: the live memory of the process did not rise meanwhile, as it would with a leak of this size");
  doubt(f.going_on, fmt::format("nothing stayed in the last {} of the run", Percent(1 - s.judgement.last)));
  doubt(f.span, fmt::format("the growth began only after {} of the run", Percent(s.judgement.onset)));
  doubt(f.epochs, fmt::format("the growth spans {} epochs only; a longer run would tell more",
                              s.slots.size() - s.judgement.onset_slot));
  doubt(f.count, fmt::format("only {} blocks stayed steadily", FormatCount(static_cast<uint64_t>(s.steady_blocks))));
  doubt(f.bytes, fmt::format("it grew by {} only", FormatBytes(static_cast<uint64_t>(s.steady_bytes))));
  doubt(f.even * f.every_window, "it grew unevenly");
  doubt(f.old_alive, "older windows keep less than newer ones: a cache that evicts would look so");
  doubt(f.not_slowing, "it slows down: something that fills up would look so");
  doubt(f.none_before, "blocks born here before the growth began have all been freed");
}

std::string RateSentence(const Finding& f) {
  std::string text = fmt::format("it grew by {}/s and {} blocks/s",
                                 FormatBytes(static_cast<uint64_t>(f.bytes_per_second)), Number(f.objects_per_second));
  if (f.bytes_per_iteration)
    text += fmt::format(", {} and {} blocks per iteration", FormatBytes(static_cast<uint64_t>(*f.bytes_per_iteration)),
                        Number(f.objects_per_iteration.value_or(0)));
  return text + fmt::format(", since {} after the start", FormatDuration(f.since_ns));
}

std::string PlaceOf(const Location& where) {
  std::string_view file = where.file;
  return fmt::format("{}:{}", file.substr(file.rfind('/') + 1), where.line);
}

}  // namespace

std::vector<std::string> EvidenceFor(const capture::Process& process, const std::vector<Suspect>& suspects,
                                     const Cluster& cluster, const Finding& finding) {
  const Suspect& main = suspects[cluster.members.front()];
  std::vector<std::string> out;
  out.push_back(Survivors(main, finding));
  if (main.signal == Signal::kSurvival) out.push_back(WindowSentence(main));
  if (main.signal == Signal::kBacklog)
    out.push_back(
        fmt::format("old blocks do leave, but the live memory of the process rose all the time, by {} that nothing "
                    "else accounts for: a queue that is filled faster than it is read",
                    FormatBytes(main.backlog_bytes)));
  out.push_back(RateSentence(finding));
  if (main.as_of == AsOf::kPeak)
    out.push_back(
        fmt::format("looked at {} after the start, when the process had the most memory: the program gave it back "
                    "before it ended",
                    FormatDuration(TimeOf(process, AsOf::kPeak).time_ns)));
  for (size_t i = 0; i < finding.parts.size() && i < 6; i++) {
    const Suspect& part = suspects[cluster.members[i + 1]];
    out.push_back(
        fmt::format("{} in {} {} ({}, {})", PlaceOf(finding.parts[i].where), finding.parts[i].where.function,
                    part.signal == Signal::kSwelling ? "holds storage that swells along" : "grows in the same rhythm",
                    FormatBytes(part.live.bytes), Plural(part.live.blocks, "block")));
  }
  if (finding.parts.size() > 6) out.push_back(fmt::format("{} more lines grow along", finding.parts.size() - 6));
  AddDoubts(main, out);
  return out;
}

std::string EvidenceAgainst(const capture::Process& process, const Suspect& s) {
  const Judgement& j = s.judgement;
  std::string live = fmt::format("{} in {} live", FormatBytes(s.live.bytes), Plural(s.live.blocks, "block"));
  auto moment = [&](double share) {
    double total = 0, at = 0;
    for (const Slot& slot : s.slots) total += slot.weight;
    for (size_t i = 0; i < s.slots.size(); i++) {
      at += s.slots[i].weight;
      if (at >= share * total - 1e-9)
        return FormatDuration(std::min(process.groups[i].end_ns, TimeOf(process, s.as_of).time_ns));
    }
    return FormatDuration(TimeOf(process, s.as_of).time_ns);
  };
  switch (s.reason) {
    case Reason::kBounded:
      return j.before.blocks ? fmt::format("{}; births go on, but {} that were born earlier have all been freed", live,
                                           Plural(j.before.blocks, "block"))
                             : fmt::format("{}; the older a block, the less likely it is to be live still", live);
    case Reason::kFlushed:
      return fmt::format("{}, {} at the peak; what was born earlier was freed", live, FormatBytes(s.peak_live.bytes));
    case Reason::kWarmUp:
      return fmt::format("{}; grew until about {} after the start, then no more", live, moment(j.last));
    case Reason::kOneOff:
      if (j.last <= 0) return fmt::format("{}; came with imported modules", live);
      return fmt::format("{}; came at once or in a few goes, the last by {} after the start", live, moment(j.last));
    case Reason::kReleased:
      return fmt::format("{}, {} at the peak: given back", live, FormatBytes(s.peak_live.bytes));
    case Reason::kDeferred:
      return fmt::format("{}; garbage that waits for the collector", live);
    case Reason::kTooFew:
      return fmt::format("{}; too little to tell a trend from chance", live);
  }
  return live;
}

}  // namespace limpet::diagnose
