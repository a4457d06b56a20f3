#include "diagnose/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "diagnose/diagnose.h"
#include "diagnose/match.h"

namespace limpet::diagnose {
namespace {

constexpr double kEnoughObjects = 24;  // fewer survivors than this are no trend: see survival.cc

int Rank(Fate fate) {
  switch (fate) {
    case Fate::kNew:
      return 0;
    case Fate::kLarger:
      return 1;
    case Fate::kSame:
      return 2;
    case Fate::kCannotTell:
      return 3;
    case Fate::kSmaller:
      return 4;
    case Fate::kGone:
      return 5;
  }
  return 5;
}

// The share of the work that the first run did while the leak grew that the second did after its start.
double Share(const Finding& f, const Work& before, const Work& after) {
  if (before.iterations && after.iterations)
    return static_cast<double>(after.iterations) / static_cast<double>(before.iterations);
  const double whole = static_cast<double>(before.allocated_bytes);
  const double growing = f.volume > 0 && f.volume <= whole ? f.volume : whole;
  if (growing <= 0) return 1;
  const double start = whole - growing;  // imports and the like: both runs did that
  return std::max(0.0, (static_cast<double>(after.allocated_bytes) - start) / growing);
}

// Why a leak that is not found any more might only not have shown; "" where it would have.
std::string WhyHidden(const Finding& f, const Work& before, const Work& after) {
  const double since = static_cast<double>(f.since_ns) / 1e9;
  if (after.seconds < since + kLeastSeconds)
    return fmt::format("it began {} after the start, and the second run took {}", base::FormatDuration(f.since_ns),
                       base::FormatDuration(static_cast<uint64_t>(after.seconds * 1e9)));
  const double share = Share(f, before, after);
  const double expected = static_cast<double>(f.live.blocks) * share;
  if (expected >= std::min(kEnoughObjects, static_cast<double>(f.live.blocks) / 2)) return "";
  return fmt::format("the second run did {:.2g} % of the first one's work: about {:.0f} objects would have shown",
                     100 * share, expected);
}

Change Missing(const Finding& f, const Diagnosis& after, const Work& work_before, const Work& work_after) {
  Change change = {.fate = Fate::kGone, .before = &f, .after = nullptr, .ratio = {}, .why = ""};
  for (const Dismissed& one : after.dismissed) {
    if (one.finding.place != f.place || one.reason == Reason::kTooFew) continue;
    change.why = fmt::format("now {}", ReasonName(one.reason));
    break;
  }
  const std::string hidden = WhyHidden(f, work_before, work_after);
  if (after.decidable && hidden.empty()) return change;
  change.fate = Fate::kCannotTell;
  change.why = after.decidable ? hidden : WhyUndecidable(after);
  return change;
}

Change Both(const Finding& before, const Finding& after) {
  Change change = {.fate = Fate::kSame, .before = &before, .after = &after, .ratio = {}, .why = ""};
  change.ratio = Compare(PaceOf(before), PaceOf(after));
  const bool sure_before = before.confidence >= kSure, sure_after = after.confidence >= kSure;
  if (!change.ratio) return change;
  if (change.ratio->value >= kNotably) change.fate = Fate::kLarger;
  if (change.ratio->value <= 1 / kNotably) change.fate = Fate::kSmaller;
  if (sure_before && !sure_after && change.fate != Fate::kSmaller) {
    change.fate = Fate::kCannotTell;
    change.why = "it still grows, but the second run is not sure that it is a leak";
  }
  return change;
}

// Is it still there, and marked as wanted by now?
bool IsKept(const Finding& f, const Diagnosis& after) {
  return std::any_of(after.kept.begin(), after.kept.end(),
                     [&](const Kept& one) { return one.finding.place == f.place; });
}

}  // namespace

Work WorkOf(const capture::Recording& recording) {
  Work work;
  for (const capture::Process& process : recording.processes) {
    work.allocated_bytes += process.births.bytes - std::min(process.inherited.bytes, process.births.bytes);
    work.iterations += process.iterations;
    work.seconds = std::max(work.seconds, static_cast<double>(process.duration_ns) / 1e9);
  }
  return work;
}

Comparison CompareRuns(const Diagnosis& before, const Work& work_before, const Diagnosis& after,
                       const Work& work_after) {
  std::vector<Identity> first, second;
  for (const Finding& f : before.findings) first.push_back(IdentityOf(f));
  for (const Finding& f : after.findings) second.push_back(IdentityOf(f));
  const std::vector<size_t> partner = MatchByIdentity(second, first);

  Comparison result;
  std::vector<bool> found(first.size(), false);
  for (size_t i = 0; i < second.size(); i++) {
    const Finding& now = after.findings[i];
    if (partner[i] == kNoMatch) {
      if (now.confidence >= kSure) result.changes.push_back({Fate::kNew, nullptr, &now, {}, ""});
      continue;
    }
    found[partner[i]] = true;
    const Finding& then = before.findings[partner[i]];
    if (then.confidence < kSure && now.confidence < kSure) continue;
    result.changes.push_back(Both(then, now));
  }
  for (size_t k = 0; k < first.size(); k++) {
    if (found[k] || IsKept(before.findings[k], after)) continue;
    if (before.findings[k].confidence >= kSure)
      result.changes.push_back(Missing(before.findings[k], after, work_before, work_after));
  }
  std::stable_sort(result.changes.begin(), result.changes.end(),
                   [](const Change& a, const Change& b) { return Rank(a.fate) < Rank(b.fate); });
  result.cannot_tell = !after.decidable;
  if (result.cannot_tell) result.note = WhyUndecidable(after);
  return result;
}

std::string_view FateName(Fate fate) {
  switch (fate) {
    case Fate::kGone:
      return "gone";
    case Fate::kSmaller:
      return "smaller";
    case Fate::kSame:
      return "same";
    case Fate::kLarger:
      return "larger";
    case Fate::kNew:
      return "new";
    case Fate::kCannotTell:
      return "cannot-tell";
  }
  return "same";
}

}  // namespace limpet::diagnose
