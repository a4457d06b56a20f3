#include "diagnose/survival.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace limpet::diagnose {
namespace {

constexpr uint64_t kMinBlocks = 6;
constexpr uint64_t kMinBytes = 1000;
constexpr uint64_t kLargeBytes = 16'000;  // a few blocks of this size came on purpose
constexpr size_t kMinSlots = 5;           // of the growth
constexpr double kMinSpan = 0.2;          // of the run
constexpr double kLateSpan = 0.3;         // less may be what a program does at its end

// 0 up to `low`, 1 from `high` on, straight between.
double Ramp(double x, double low, double high) { return std::clamp((x - low) / (high - low), 0.0, 1.0); }

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The slots laid out over [0, 1].
struct Axis {
  std::vector<double> start, end;
  explicit Axis(std::span<const Slot> slots) {
    double total = 0;
    for (const Slot& slot : slots) total += slot.weight;
    double at = 0;
    for (const Slot& slot : slots) {
      start.push_back(total > 0 ? at / total : 0);
      at += slot.weight;
      end.push_back(total > 0 ? at / total : 0);
    }
  }
};

struct Windows {
  std::vector<double> kept, kept_bytes, born;
};

// Deals the slots out to `count` windows of equal length over [from, 1]; a slot that lies in several is shared out by overlap.
Windows Deal(std::span<const Slot> slots, const Axis& axis, double from, size_t count) {
  Windows out;
  for (auto* v : {&out.kept, &out.kept_bytes, &out.born}) v->assign(count, 0);
  double length = std::max(1e-12, 1 - from);
  for (size_t i = 0; i < slots.size(); i++) {
    double a = (axis.start[i] - from) / length * static_cast<double>(count);
    double b = (axis.end[i] - from) / length * static_cast<double>(count);
    if (b <= 0 && i + 1 < slots.size()) continue;
    auto last = static_cast<double>(count);
    size_t first_window = static_cast<size_t>(std::clamp(std::floor(a), 0.0, last - 1));
    size_t last_window = static_cast<size_t>(std::clamp(std::ceil(b) - 1, 0.0, last - 1));
    for (size_t k = first_window; k <= last_window; k++) {
      double overlap = std::min(b, static_cast<double>(k + 1)) - std::max(a, static_cast<double>(k));
      double share = b - a > 1e-12 ? std::clamp(overlap / (b - a), 0.0, 1.0) : (k == first_window ? 1.0 : 0.0);
      out.kept[k] += share * static_cast<double>(slots[i].survivors.blocks);
      out.kept_bytes[k] += share * static_cast<double>(slots[i].survivors.bytes);
      out.born[k] += share * static_cast<double>(slots[i].births.blocks);
    }
  }
  return out;
}

// Theil-Sen: the median of the slopes of all pairs, as change of the logarithm over the whole span. Robust against a window or two
// that hold blocks merely in use.
double LogSlope(const std::vector<double>& values, size_t windows) {
  std::vector<double> slopes;
  for (size_t i = 0; i < values.size(); i++)
    for (size_t j = i + 1; j < values.size(); j++)
      slopes.push_back((std::log(values[j] + 0.5) - std::log(values[i] + 0.5)) / static_cast<double>(j - i));
  return Median(slopes) * static_cast<double>(windows);
}

// How much the newer half of the windows rises towards the present, as change of the logarithm over that half. Where a cache gives up
// entries by chance, survival rises all the way; where a leak has some blocks in use besides, only the last window does: so of the slopes
// of all pairs the lower of the two in the middle counts.
double LateRise(const std::vector<double>& values) {
  std::vector<double> slopes;
  for (size_t i = values.size() / 2; i < values.size(); i++)
    for (size_t j = i + 1; j < values.size(); j++)
      slopes.push_back((std::log(values[j] + 0.5) - std::log(values[i] + 0.5)) / static_cast<double>(j - i));
  std::sort(slopes.begin(), slopes.end());
  return slopes.empty() ? 0 : slopes[(slopes.size() - 1) / 2] * static_cast<double>(values.size()) / 2;
}

// The factors that look at the windows, and the typical window itself.
struct WindowView {
  Factors factors;
  double typical = 0;
  double survival = 0;
  bool level_fates = false;
};

WindowView LookAt(const Windows& w) {
  WindowView view;
  size_t n = w.kept.size();
  std::vector<double> body(w.kept.begin(), w.kept.end() - 1);  // the last window also holds what is in use just now
  view.typical = Median(body);
  if (view.typical < 1) {
    view.factors.every_window = 0;
    return view;
  }
  // Where the program did less at first, the older windows kept less: then the share that they kept speaks for them.
  std::vector<double> born(w.born.begin(), w.born.end() - 1);
  double typical_born = Median(born);
  std::vector<double> fair = body, fractions;
  for (size_t k = 0; k < n - 1; k++) {
    double fraction = w.born[k] > 0 ? w.kept[k] / w.born[k] : 0;
    fractions.push_back(fraction);
    if (k < n / 2) fair[k] = std::max(fair[k], fraction * typical_born);
  }
  view.survival = Median(fractions);
  const auto [lowest, highest] = std::minmax_element(fractions.begin(), fractions.end());
  view.level_fates = *lowest >= 0.5 && *highest - *lowest <= 0.15;
  double least = std::min(*std::min_element(fair.begin(), fair.end()), w.kept.back());
  view.factors.every_window = Ramp((least + std::sqrt(least) + 0.25) / view.typical, 0.15, 0.5);

  std::vector<double> deviations;
  for (double value : fair) deviations.push_back(std::abs(value - view.typical) / view.typical);
  std::sort(deviations.begin(), deviations.end());
  deviations.resize(deviations.size() - (n >= 8 ? 2 : 1));  // a load in one go at the start may straddle two windows
  double noise = 1 / std::sqrt(view.typical);
  view.factors.even = 1 - Ramp(Mean(deviations) - 0.8 * noise, 0.35, 1.2);

  double slope_error = 1.5 * noise;  // of LogSlope, from the chance of counts
  double rise = LogSlope(fair, n);
  std::vector<double> shares = fractions;  // of the typical number of births, to be comparable with counts
  shares.push_back(w.born.back() > 0 ? w.kept.back() / w.born.back() : 0);
  for (double& share : shares) share *= typical_born;
  double late_rise = std::min(LateRise(w.kept), LateRise(shares));
  // A level first three quarters speak for a leak beside a large cache: then nothing can be said for sure.
  double level_so_far = Mean({fair.begin() + n / 2, fair.begin() + n * 3 / 4}) /
                        std::max(1e-9, Mean({fair.begin(), fair.begin() + n * 3 / 8}));
  double least_late = level_so_far - noise < 1.25 ? 0.4 : 0.0;
  double late = n < 8 ? 1 : std::max(least_late, 1 - Ramp(late_rise - 2.5 * noise, 0.4, 1.0));
  view.factors.old_alive = (1 - Ramp(rise - 1.5 * slope_error, 0.6, 1.5)) * late;
  view.factors.not_slowing = 1 - Ramp(-LogSlope(body, n) - 1.5 * slope_error, 0.7, 2.0);
  return view;
}

double Shape(const Factors& f) { return f.every_window * f.even * f.old_alive * f.not_slowing; }

struct Spread {
  capture::Amount total;
  size_t onset = 0;        // first slot that keeps more than a stray block
  size_t keeping = 0;      // slots that keep any
  double top_share = 0;    // of the slot that keeps most
  double last = 0;         // where 98 % of them had been born
  double largest_gap = 0;  // between slots that keep blocks
};

Spread Measure(std::span<const Slot> slots, const Axis& axis) {
  Spread s;
  for (const Slot& slot : slots) s.total += slot.survivors;
  double stray = 0.01 * static_cast<double>(s.total.blocks);
  double seen = 0, previous_end = -1;
  bool begun = false;
  for (size_t i = 0; i < slots.size(); i++) {
    auto kept = static_cast<double>(slots[i].survivors.blocks);
    if (kept == 0) continue;
    seen += kept;
    if (!begun && seen > stray) {
      begun = true;
      s.onset = i;
    }
    if (begun && previous_end >= 0) s.largest_gap = std::max(s.largest_gap, axis.start[i] - previous_end);
    if (begun) previous_end = axis.end[i];
    s.keeping++;
    s.top_share = std::max(s.top_share, kept / static_cast<double>(s.total.blocks));
    if (seen - kept < 0.98 * static_cast<double>(s.total.blocks)) s.last = axis.end[i];
  }
  return s;
}

// Which reason excludes growth most plainly.
Reason WhyNot(const Judgement& j, const Spread& s, std::span<const Slot> slots) {
  const Factors& f = j.factors;
  if (s.total.blocks < kMinBlocks || s.total.bytes < kMinBytes)
    return s.total.bytes >= kLargeBytes ? Reason::kOneOff : Reason::kTooFew;
  bool few_bursts = s.keeping <= 3 || s.top_share > 0.6;
  if (f.none_before < 0.5) return Reason::kBounded;
  if (f.going_on < 0.5) return few_bursts ? Reason::kOneOff : Reason::kWarmUp;
  if (1 - j.onset < kMinSpan || slots.size() - j.onset_slot < kMinSlots)
    return few_bursts ? Reason::kOneOff : Reason::kTooFew;
  if (f.old_alive < 0.5) return Reason::kBounded;
  if (f.not_slowing < 0.5) return Reason::kWarmUp;
  capture::Amount died;
  for (size_t i = j.onset_slot; i < slots.size(); i++) died += slots[i].births - slots[i].survivors;
  if (f.every_window < 0.5 && died.blocks > s.total.blocks) return Reason::kBounded;
  if (f.every_window < 0.5 || f.even < 0.5) return few_bursts ? Reason::kOneOff : Reason::kWarmUp;
  return Reason::kTooFew;
}

void ApplyOnset(Judgement& j, const Spread& s, std::span<const Slot> slots) {
  for (size_t i = 0; i < s.onset; i++) j.before += slots[i].births - slots[i].survivors;
  // Were blocks born before the onset as likely to stay as later ones, so many of them would be here.
  uint64_t strays = 0;
  for (size_t i = 0; i < s.onset; i++) strays += slots[i].survivors.blocks;
  double expected = static_cast<double>(j.before.blocks + strays) * j.survival;
  j.factors.none_before = 1 - Ramp(expected - 3 * static_cast<double>(strays), 2, 6);
  // A small share that stays since some moment, and steadily so, may be a leak that began then: not to be ruled out.
  if (j.survival < 0.3 && Shape(j.factors) > 0.8) j.factors.none_before = std::max(j.factors.none_before, 0.5);
}

// Slots that keep at least a quarter of what the steady growth would lay into them: three loads in one go are no trend, however they
// lie in the windows.
size_t KeepingSlots(const Judgement& j, std::span<const Slot> slots, const Axis& axis) {
  size_t count = 0;
  double density = j.steady_blocks / std::max(1e-12, 1 - j.onset);
  for (size_t i = j.onset_slot; i < slots.size(); i++) {
    auto kept = static_cast<double>(slots[i].survivors.blocks);
    count += kept >= 1 && kept >= 0.25 * density * (axis.end[i] - axis.start[i]);
  }
  return count;
}

// Fills in everything that depends on how the growth is cut into windows.
void ApplyWindows(Judgement& j, std::span<const Slot> slots, const Axis& axis, size_t count) {
  Windows w = Deal(slots, axis, j.onset, count);
  WindowView view = LookAt(w);
  view.factors.going_on = j.factors.going_on;
  view.factors.span = j.factors.span;
  j.factors = view.factors;
  j.survival = view.survival;
  j.level_fates = view.level_fates;
  j.steady_blocks = view.typical * static_cast<double>(count);
  std::vector<double> body_bytes(w.kept_bytes.begin(), w.kept_bytes.end() - 1);
  j.steady_bytes = Median(body_bytes) * static_cast<double>(count);
  j.kept = std::move(w.kept);
}

}  // namespace

double Factors::Product() const {
  return going_on * every_window * even * old_alive * not_slowing * none_before * count * span * epochs * share * bytes;
}

Judgement JudgeSurvival(std::span<const Slot> slots) {
  Judgement j;
  Axis axis(slots);
  Spread s = Measure(slots, axis);
  if (slots.empty() || s.total.blocks == 0) return j;
  j.onset_slot = s.onset;
  j.onset = axis.start[s.onset];
  j.last = s.last;
  size_t epochs = slots.size() - s.onset;
  double span = 1 - j.onset;

  double tail = 1 - s.last;  // nothing stayed since; a staircase may rest as long as it did before
  j.factors.going_on = tail <= 1.3 * s.largest_gap ? 1.0 : 1 - Ramp(tail, 0.05, 0.22);
  // What only the last stretch of a run does may be its end: a summary, a report.
  j.factors.span = span < kMinSpan ? 0 : span < kLateSpan ? 0.45 : std::min(1.0, 0.45 + 0.75 * span);
  ApplyWindows(j, slots, axis, 8);
  if (epochs < 12 || Shape(j.factors) < 0.6) {
    Judgement coarse = j;
    ApplyWindows(coarse, slots, axis, 4);
    coarse.factors.old_alive =
        std::min(coarse.factors.old_alive, std::max(j.factors.old_alive, j.steady_blocks < 40 ? 1.0 : 0.0));
    if (epochs < 12 || 0.8 * Shape(coarse.factors) > Shape(j.factors)) {
      j = coarse;
      j.factors.even *= 0.85;  // four windows tell less than eight
    }
  }
  ApplyOnset(j, s, slots);
  j.factors.epochs = Ramp(static_cast<double>(KeepingSlots(j, slots, axis)), 2.5, 5.5);
  double steady_share = j.steady_blocks / static_cast<double>(s.total.blocks);
  j.factors.count = 1 - std::exp(-j.steady_blocks / 10);
  j.factors.share = 0.6 + 0.4 * std::min(1.0, steady_share / 0.4);
  j.factors.bytes = 0.25 + 0.75 * Ramp(std::log10(std::max(1.0, j.steady_bytes)), 3, 4.2);
  bool enough = s.total.blocks >= kMinBlocks && s.total.bytes >= kMinBytes && epochs >= kMinSlots;
  j.confidence = enough ? 0.98 * j.factors.Product() : 0;
  j.growing = j.confidence >= kSuspicious;
  j.reason = WhyNot(j, s, slots);
  return j;
}

namespace {

constexpr size_t kSwellingWindows = 4;
constexpr double kSilence = 0.1;      // of the run
constexpr double kStartedAnew = 0.5;  // births of half the size of earlier ones: the storage was given up in between

// The youngest survivors: what the first round has left (a default value) may be small.
capture::Amount Latest(std::span<const Slot> slots) {
  const auto latest = std::find_if(slots.rbegin(), slots.rend(), [](const Slot& s) { return s.survivors.blocks != 0; });
  return latest == slots.rend() ? capture::Amount{} : latest->survivors;
}

// A few live blocks at the end of a line of predecessors, each larger than the one before.
Swelling SwellBySize(std::span<const Slot> slots, const Axis& axis, double live_mean, bool one) {
  Swelling out;
  std::vector<double> blocks(kSwellingWindows, 0), bytes(kSwellingWindows, 0);
  double largest = 0, last_end = -1, largest_gap = 0;
  for (size_t i = 0; i < slots.size(); i++) {
    auto k = std::min(kSwellingWindows - 1, static_cast<size_t>((axis.start[i] + axis.end[i]) / 2 * kSwellingWindows));
    blocks[k] += static_cast<double>(slots[i].births.blocks);
    bytes[k] += static_cast<double>(slots[i].births.bytes);
    if (slots[i].births.blocks == 0) continue;
    if (last_end >= 0) largest_gap = std::max(largest_gap, axis.start[i] - last_end);
    last_end = axis.end[i];
    const double mean = static_cast<double>(slots[i].births.bytes) / static_cast<double>(slots[i].births.blocks);
    if (one && mean < kStartedAnew * largest) return out;
    largest = std::max(largest, mean);
  }
  if (1 - last_end > std::max(kSilence, 2 * largest_gap)) return out;  // none since, though they came more often before
  double previous = 0;
  size_t with_births = 0;
  for (size_t k = 0; k < kSwellingWindows; k++) {
    if (blocks[k] == 0) continue;
    double mean = bytes[k] / blocks[k];
    if (mean < previous * 1.05) return out;  // it does not grow any more, or it comes and goes
    if (!with_births++) out.first_bytes = mean;
    out.last_bytes = previous = mean;
  }
  if (with_births < 3 || blocks[kSwellingWindows - 1] == 0 || live_mean < 0.8 * out.last_bytes) return out;
  if (out.last_bytes < 2 * out.first_bytes) return out;
  out.swelling = true;
  out.confidence = with_births == kSwellingWindows ? 0.55 : 0.45;
  return out;
}

// The same where the line also makes many small objects that die: `n = buffer.write(data)`. What the small ones take in a slot is known
// from slots in which there is nothing else. A buffer that is made anew again and again has, wherever it is born, its full size; a growing one
// began small: what is born in an early slot is less than what is live now, all together.
Swelling SwellAmongSmall(std::span<const Slot> slots, const Axis& axis, double live) {
  constexpr size_t kLeastSlots = 6;
  Swelling out;
  double small = live;  // mean size of the small ones
  for (const Slot& slot : slots) {
    if (slot.births.blocks >= 8)
      small = std::min(small, static_cast<double>(slot.births.bytes) / static_cast<double>(slot.births.blocks));
  }
  if (small > live / 64) return out;
  double early = 0, last = 0, last_at = 0;
  std::vector<bool> quarters(kSwellingWindows, false);
  size_t with_large = 0;
  for (size_t i = 0; i < slots.size(); i++) {
    const double of_small = small * static_cast<double>(slots[i].births.blocks);
    const double large = static_cast<double>(slots[i].births.bytes) - of_small;
    if (large < std::max(of_small / 4, live / 256)) continue;
    const double middle = (axis.start[i] + axis.end[i]) / 2;
    if (++with_large == 1) out.first_bytes = large;
    if (middle < 0.125) early = std::max(early, large / 0.4);
    else if (middle < 0.25) early = std::max(early, large / 0.65);
    quarters[std::min(kSwellingWindows - 1, static_cast<size_t>(middle * kSwellingWindows))] = true;
    last = large;
    last_at = middle;
  }
  const auto in_quarters = static_cast<size_t>(std::count(quarters.begin(), quarters.end(), true));
  if (with_large < kLeastSlots || in_quarters < kSwellingWindows || early == 0 || early > live) return out;
  if (last < 0.8 * live || last_at < 0.75) return out;
  out.last_bytes = live;
  out.swelling = out.among_small = true;
  out.confidence = 0.5;
  return out;
}

}  // namespace

Swelling JudgeSwelling(std::span<const Slot> by_weight) {
  constexpr uint64_t kMostPredecessors = 300;
  std::vector<Slot> slots(by_weight.begin(), by_weight.end());
  if (std::any_of(slots.begin(), slots.end(), [](const Slot& slot) { return slot.time > 0; })) {
    for (Slot& slot : slots) slot.weight = slot.time;
  }
  capture::Amount births, survivors;
  for (const Slot& slot : slots) {
    births += slot.births;
    survivors += slot.survivors;
  }
  if (survivors.blocks == 0 || survivors.blocks > 64 || survivors.bytes < kLargeBytes) return {};
  if (births.blocks < 4 * survivors.blocks) return {};
  const Axis axis(slots);
  const capture::Amount latest = Latest(slots);
  const double latest_mean = static_cast<double>(latest.bytes) / static_cast<double>(latest.blocks);
  Swelling swelling = SwellBySize(slots, axis, latest_mean, survivors.blocks == 1);
  swelling.latest_bytes = latest.bytes;
  if (births.blocks <= kMostPredecessors * survivors.blocks) return swelling;
  // So many were given up that they may be anything: texts to which is added all the time, or what passes and happens to become larger.
  swelling.confidence = std::min(swelling.confidence, 0.45);
  if (swelling.swelling) return swelling;
  // One block that outweighs the others by far, which may be among the small ones.
  return SwellAmongSmall(slots, axis, static_cast<double>(survivors.bytes));
}

capture::Amount SteadyGrowth(std::span<const Slot> slots) {
  constexpr size_t kWindows = 8;
  if (slots.empty()) return {};
  Windows w = Deal(slots, Axis(slots), 0, kWindows);
  auto steady = [](std::vector<double> values) {
    return static_cast<uint64_t>(Median(std::move(values)) * static_cast<double>(kWindows));
  };
  capture::Amount live;
  for (const Slot& slot : slots) live += slot.survivors;
  return {std::min(live.blocks, steady(std::move(w.kept))), std::min(live.bytes, steady(std::move(w.kept_bytes)))};
}

}  // namespace limpet::diagnose
