#include "diagnose/backlog.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "diagnose/suspects.h"

namespace limpet::diagnose {
namespace {

// A run is looked at in so many stretches, as far as there are samples enough; fewer than five would take a few waves for a rise.
constexpr size_t kMostStretches = 8;
constexpr size_t kFewestStretches = 5;
constexpr double kRiseShare = 7.0 / 8;  // between the middles of the first and the last stretch
constexpr uint64_t kMinRise = 32'000;
constexpr double kBacklogConfidence = 0.7;
constexpr double kMostlyAlive = 0.9;
constexpr double kContradicted = 0.4;

// Place of a moment in the run, 0..1, on the clock of Weights().
class RunClock {
 public:
  RunClock(const capture::Process& process, AsOf as_of, WorkSpan work)
      : process_(process), weights_(Weights(process, as_of, work)), end_ns_(TimeOf(process, as_of).time_ns) {
    double sum = 0;
    for (double weight : weights_) starts_.push_back(std::exchange(sum, sum + weight));
    total_ = sum;
    if (weights_.size() < process.groups.size() && !weights_.empty())
      end_ns_ = std::min(end_ns_, process.groups[weights_.size() - 1].end_ns);
  }
  std::optional<double> At(uint64_t time_ns) const {
    if (time_ns > end_ns_ || total_ <= 0) return std::nullopt;
    for (size_t i = 0; i < weights_.size(); i++) {
      const capture::EpochGroup& group = process_.groups[i];
      uint64_t end = std::min(group.end_ns, end_ns_);
      if (time_ns > end) continue;
      double length = end > group.start_ns ? static_cast<double>(end - group.start_ns) : 1;
      double inside = time_ns > group.start_ns ? static_cast<double>(time_ns - group.start_ns) / length : 0;
      return (starts_[i] + inside * weights_[i]) / total_;
    }
    return 1;
  }

 private:
  const capture::Process& process_;
  std::vector<double> weights_, starts_;
  double total_ = 0;
  uint64_t end_ns_;
};

// A line whose older blocks die while births go on, up to the end. (A queue that is short beside what went through it holds nothing but
// the latest part of the run.)
bool MayBeQueue(const Suspect& s) {
  const bool latest_of_many = s.reason == Reason::kTooFew && s.judgement.before.blocks > s.live.blocks;
  const bool old_die = s.reason == Reason::kBounded || s.reason == Reason::kFlushed || latest_of_many;
  return s.signal == Signal::kNone && old_die && s.judgement.factors.going_on > 0.5 && s.live.bytes > 0 &&
         s.live.blocks >= 6;
}

// Live memory of the process at moments of the run (0..1), in order.
using Levels = std::vector<std::pair<double, uint64_t>>;

// The middle and the lowest level of each stretch.
struct Course {
  std::vector<double> middle, lowest;
};

// Nothing where a stretch has no sample.
Course CourseIn(const Levels& levels, size_t stretches) {
  std::vector<std::vector<uint64_t>> dealt(stretches);
  for (const auto& [at, bytes] : levels)
    dealt[std::min(stretches - 1, static_cast<size_t>(at * static_cast<double>(stretches)))].push_back(bytes);
  Course out;
  for (std::vector<uint64_t>& stretch : dealt) {
    if (stretch.empty()) return {};
    auto middle = stretch.begin() + static_cast<ptrdiff_t>(stretch.size() / 2);
    std::nth_element(stretch.begin(), middle, stretch.end());
    out.middle.push_back(static_cast<double>(*middle));
    out.lowest.push_back(static_cast<double>(*std::min_element(stretch.begin(), middle + 1)));
  }
  return out;
}

// The first stretch also holds start-up and imports; what counts is the rise after it.
std::optional<uint64_t> RiseOf(const std::vector<double>& level) {
  size_t last = level.size() - 1;
  double rise = level[last] - level[1];
  double mean_step = rise / static_cast<double>(last - 1);
  if (rise < static_cast<double>(kMinRise)) return std::nullopt;
  for (size_t k = 2; k <= last; k++)
    if (level[k] - level[k - 1] < (k == last ? 0.5 : 0.25) * mean_step) return std::nullopt;
  return static_cast<uint64_t>(rise / static_cast<double>(last - 1) * static_cast<double>(last));
}

Levels LevelsOf(const capture::Process& process, WorkSpan work) {
  const RunClock clock(process, ReferenceOf(process), work);
  Levels levels;
  for (const capture::SampleRecord& sample : process.samples)
    if (std::optional<double> at = clock.At(sample.time_ns)) levels.emplace_back(*at, sample.live_bytes);
  return levels;
}

// What is given up as a whole, and each time after having become larger (batches of a growing input), rises in its middle levels, but
// between two of them memory is as low as ever.
bool FallsBack(const Course& course) {
  constexpr double kStays = 0.7;
  return course.lowest.back() - course.lowest[1] < kStays * (course.middle.back() - course.middle[1]);
}

// Live memory of the process over the run, by stretches; nothing where there are too few samples.
Course CourseOf(const capture::Process& process, WorkSpan work) {
  const Levels levels = LevelsOf(process, work);
  for (size_t stretches : {kMostStretches, size_t{6}, kFewestStretches})
    if (Course course = CourseIn(levels, stretches); !course.middle.empty()) return course;
  return {};
}

double Middle(std::vector<double> values) {
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The middle level of live memory in [from, to] of the run; nothing without samples.
std::optional<double> LevelIn(const Levels& levels, double from, double to) {
  std::vector<double> inside;
  for (const auto& [at, bytes] : levels) {
    if (at >= from && at <= to) inside.push_back(static_cast<double>(bytes));
  }
  return inside.empty() ? std::nullopt : std::optional(Middle(std::move(inside)));
}

// From `onset` on the level rises in each third by a quarter or more of the mean step: a table that is resized once makes one step.
bool RisesByParts(const Levels& levels, double onset, double stretch) {
  constexpr size_t kParts = 3;
  constexpr double kLeastStep = 0.25;
  std::vector<double> at;
  for (size_t i = 0; i <= kParts; ++i) {
    const double from = onset + (1 - onset - stretch) * static_cast<double>(i) / kParts;
    const std::optional<double> level = LevelIn(levels, from, from + stretch);
    if (level) at.push_back(*level);
  }
  if (at.size() < 2) return false;
  const double mean = (at.back() - at.front()) / static_cast<double>(at.size() - 1);
  for (size_t i = 1; i < at.size(); ++i) {
    if (at[i] - at[i - 1] < kLeastStep * mean) return false;
  }
  return mean > 0;
}

double HighestBefore(const Levels& levels, double end) {
  double most = 0;
  for (const auto& [at, bytes] : levels) {
    if (at > 0 && at < end) most = std::max(most, static_cast<double>(bytes));
  }
  return most;
}

}  // namespace

std::optional<uint64_t> SteadyRise(const capture::Process& process, WorkSpan work) {
  const Course course = CourseOf(process, work);
  return course.middle.empty() || FallsBack(course) ? std::nullopt : RiseOf(course.middle);
}

void DoubtAgainstCourse(const capture::Process& process, WorkSpan work, std::vector<Suspect>& suspects) {
  const std::vector<double> level = CourseOf(process, work).middle;
  if (level.empty()) return;
  std::vector<double> steps, errors;
  for (size_t k = 2; k < level.size(); k++) steps.push_back(level[k] - level[k - 1]);  // the first one is start-up
  double step = Middle(steps);
  for (double one : steps) errors.push_back(std::abs(one - step));
  double noise = Middle(errors);
  for (Suspect& s : suspects) {
    // Where nothing dies what is born is what grows; no other evidence is needed.
    if (s.signal != Signal::kSurvival || s.as_of == AsOf::kPeak || s.judgement.survival > kMostlyAlive) continue;
    double expected = s.steady_bytes / static_cast<double>(level.size());
    if (s.judgement.onset > 0.2 || expected < 3 * noise || step > 0.3 * expected) continue;
    s.against_course = true;
    s.confidence = std::min(s.confidence, kContradicted);
  }
}

void MarkLateStart(const capture::Process& process, WorkSpan work, std::vector<Suspect>& suspects) {
  constexpr double kStretch = 0.12, kMuch = 0.5, kLevel = 0.35;
  const Levels levels = LevelsOf(process, work);
  const std::optional<double> last = LevelIn(levels, 1 - kStretch, 1);
  if (!last) return;
  std::vector<std::pair<Suspect*, Factors>> late;
  double claimed = 0;
  for (Suspect& s : suspects) {
    if (s.signal != Signal::kNone || s.as_of == AsOf::kPeak || s.judgement.factors.none_before >= 0.5) continue;
    const double onset = s.judgement.onset;
    Factors since = s.judgement.factors;
    since.none_before = 1;
    if (onset < 0.2 || onset > 0.8 || since.Product() < kSuspicious ||
        s.steady_bytes < static_cast<double>(kMinRise) / 4)
      continue;
    const std::optional<double> first = LevelIn(levels, onset, onset + kStretch);
    if (!first) continue;
    const double between = 1 - onset - kStretch;  // the middles of the two stretches
    double rise = *last - *first;
    for (const Suspect& other : suspects) {
      if (other.signal == Signal::kNone || other.as_of == AsOf::kPeak) continue;
      rise -= other.steady_bytes * std::min(1.0, between / std::max(0.01, 1 - other.judgement.onset));
    }
    const double seen = between / (1 - onset);
    // What is given up in turns (a batch) rose as high before.
    const double before = HighestBefore(levels, onset) - *first;
    if (before > kLevel * (*last - *first) / seen) continue;
    if (!RisesByParts(levels, onset, kStretch)) continue;
    if (rise < std::max(static_cast<double>(kMinRise), kMuch * seen * (claimed + s.steady_bytes))) continue;
    claimed += s.steady_bytes;
    late.emplace_back(&s, since);
  }
  for (const auto& [suspect, since] : late) {
    suspect->signal = Signal::kSurvival;
    suspect->judgement.factors = since;
    suspect->judgement.confidence = 0.98 * since.Product();
    suspect->judgement.growing = true;
    suspect->confidence = std::min(suspect->judgement.confidence, suspect->most_confidence);
  }
}

void MarkBacklog(const capture::Process& process, WorkSpan work, std::vector<Suspect>& suspects) {
  std::optional<uint64_t> rise = SteadyRise(process, work);
  if (!rise) return;
  double unexplained = static_cast<double>(*rise);
  for (const Suspect& s : suspects)
    if (s.signal != Signal::kNone && s.as_of != AsOf::kPeak) unexplained -= s.steady_bytes * kRiseShare;
  if (unexplained < 0.4 * static_cast<double>(*rise) || unexplained < static_cast<double>(kMinRise)) return;
  // The largest lines that together make up what is unexplained, and not much more.
  std::vector<Suspect*> chosen;
  double sum = 0;
  for (Suspect& s : suspects) {
    if (!MayBeQueue(s)) continue;
    double share = static_cast<double>(s.live.bytes) * kRiseShare;
    if (share < 0.05 * unexplained || sum + share > 1.4 * unexplained) continue;
    sum += share;
    chosen.push_back(&s);
  }
  double accounted = sum / unexplained;
  if (accounted < 0.5) return;
  for (Suspect* s : chosen) {
    s->signal = Signal::kBacklog;
    s->confidence = kBacklogConfidence * std::min(1.0, accounted / 0.8);
    s->steady_bytes = static_cast<double>(s->live.bytes);
    s->steady_blocks = static_cast<double>(s->live.blocks);
    s->since = FirstBirths(s->slots);
    s->backlog_bytes = static_cast<uint64_t>(unexplained);
  }
}

}  // namespace limpet::diagnose
