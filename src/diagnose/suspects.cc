#include "diagnose/suspects.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "diagnose/backlog.h"
#include "diagnose/deferred.h"
#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

using capture::Amount;
using capture::Domain;
using capture::Process;

constexpr size_t kMaxSuspects = 4000;
constexpr uint64_t kMinBytes = 1000;
constexpr double kLatePeak = 0.15;  // a peak in this last share of the run counts as "while it ran"
constexpr double kBriefSeconds = 0.3, kLongSeconds = 5;
constexpr double kBriefConfidence = 0.75;
constexpr uint64_t kOneIn = 50;  // share of all live memory that swelling storage must have to be told as sure
constexpr double kHardlyWorth = 0.4;
constexpr double kHardlyAnything = 0.45;
constexpr double kTogetherOnly = 0.4;   // no kind of block of the line grows by itself
constexpr double kPeakDiscount = 0.92;  // what was freed in the end may have been meant to be

// Survivors by kind of allocator, from the onset on.
struct ByAllocator {
  Amount object, raw, native;
};

ByAllocator Split(const Process& process, const Unit& unit, AsOf as_of, size_t onset) {
  ByAllocator out;
  for (uint32_t index : unit.sites) {
    const capture::Site& site = process.sites[index];
    bool is_object = site.domain == Domain::kObject;
    bool is_raw = site.domain == Domain::kRaw || site.domain == Domain::kMem;
    Amount& sum = is_object ? out.object : is_raw ? out.raw : out.native;
    for (const capture::Cohort& cohort : site.cohorts)
      if (cohort.group.value >= onset) sum += LiveAt(cohort, as_of);
  }
  return out;
}

// A native block that comes with an object (the buffer of an array) is that object's; so is the storage of a list.
Kind KindOf(const ByAllocator& by) {
  uint64_t total = by.object.bytes + by.raw.bytes + by.native.bytes;
  if (2 * by.native.bytes > total)
    return 2 * by.object.blocks >= by.native.blocks && by.object.blocks > 0 ? Kind::kPythonObject : Kind::kNative;
  if (by.object.blocks * 20 < by.raw.blocks && by.object.bytes < by.raw.bytes) return Kind::kRawBlock;
  return Kind::kPythonObject;
}

Amount Sum(const Process& process, const Unit& unit, AsOf as_of) {
  Amount sum;
  for (uint32_t index : unit.sites) sum += LiveAt(process.sites[index], as_of);
  return sum;
}

// The epoch group of the peak: of the highest moment itself, where what was written down of a moment before it has nearly as much.
size_t PeakGroup(const Process& process) {
  constexpr double kNearlyAll = 0.8, kAbout = 0.88;
  size_t group = process.peak.group.value;
  if (static_cast<double>(process.peak.live.bytes) < kNearlyAll * static_cast<double>(process.peak_bytes)) return group;
  // A table that is resized stands there twice for a moment: what counts is how long there was about as much.
  uint64_t last_ns = process.peak_time_ns;
  for (const capture::SampleRecord& sample : process.samples) {
    if (static_cast<double>(sample.live_bytes) >= kAbout * static_cast<double>(process.peak_bytes))
      last_ns = std::max(last_ns, sample.time_ns);
  }
  while (group + 1 < process.groups.size() && process.groups[group + 1].start_ns <= last_ns) ++group;
  return group;
}

// Share of the run that lay behind the peak when it was taken.
double RunAfterPeak(const Process& process, AsOf reference, WorkSpan work) {
  if (!process.peak.valid) return 1;
  const size_t peak = PeakGroup(process);
  std::vector<double> weights = Weights(process, reference, work);
  double total = 0, after = 0;
  for (size_t i = 0; i < weights.size(); i++) {
    total += weights[i];
    if (i > peak) after += weights[i];
  }
  return total > 0 ? after / total : 1;
}

// Caches that fill up look like leaks at first, and most do so within seconds: who saw less is less sure.
double MostConfidence(double seconds) {
  double watched = std::log(std::max(seconds, kBriefSeconds) / kBriefSeconds) / std::log(kLongSeconds / kBriefSeconds);
  return kBriefConfidence + (1 - kBriefConfidence) * std::min(1.0, watched);
}

// The library's frames between an allocation and the program's line: `Condition()` is made in the library by a thread's start and by a
// future alike. And of objects, who called the line: one keeps what it makes, another puts it into a ring. (The heap tells where both are.
// Of C code's own memory it does not.)
std::vector<uint32_t> WayOf(const Process& process, const UnitTable& table, const capture::Site& site) {
  constexpr int kCallers = 3;
  std::vector<uint32_t> frames;
  const capture::NodeId end = table.user_node[site.node.value];
  for (capture::NodeId node = site.node; node.value != 0; node = process.nodes[node.value].parent) {
    frames.push_back(process.nodes[node.value].frame.value);
    if (node == end) break;
  }
  if (end.value == 0 || (site.domain != Domain::kObject && site.domain != Domain::kMem)) return frames;
  capture::NodeId caller = process.nodes[end.value].parent;
  for (int i = 0; i < kCallers && caller.value != 0; ++i, caller = process.nodes[caller.value].parent)
    frames.push_back(process.nodes[caller.value].frame.value);
  return frames;
}

// A line makes several kinds of blocks: a dict, its table, a text. In a ring of such things the dicts are recycled without a birth or a
// death, and seem to be as old as when it was filled, while the texts are all young: together they lie evenly over the run, though neither
// kind grows. So it is with two callers, of which one has kept all since long and the other keeps the youngest. Returns the share of the bytes of those kinds that grow when they are looked at alone; small kinds count as growing.
double ShareThatGrowsAlone(const Process& process, const UnitTable& table, const std::vector<uint32_t>& sites,
                           AsOf as_of) {
  constexpr uint64_t kLeastBlocks = 30;
  using Kinds = std::map<std::pair<std::vector<uint32_t>, Domain>, std::vector<uint32_t>>;
  const auto live_of = [&](const std::vector<uint32_t>& of_kind) {
    Amount live;
    for (const uint32_t index : of_kind) live += LiveAt(process.sites[index], as_of);
    return live;
  };
  Kinds by_way, kinds;
  for (const uint32_t index : sites) {
    const capture::Site& site = process.sites[index];
    by_way[{WayOf(process, table, site), site.domain}].push_back(index);
  }
  // Ways of few blocks are taken together where they end at the same line.
  for (auto& [kind, of_kind] : by_way) {
    const std::vector<uint32_t>& way = kind.first;
    const bool alone = way.empty() || live_of(of_kind).blocks >= kLeastBlocks;
    auto& target = kinds[{alone ? way : std::vector<uint32_t>{way.front()}, kind.second}];
    target.insert(target.end(), of_kind.begin(), of_kind.end());
  }
  const Amount all = live_of(sites);
  if (kinds.size() < 2 || all.bytes == 0) return 1;
  uint64_t still = 0;
  for (const auto& [kind, of_kind] : kinds) {
    const Amount live = live_of(of_kind);
    if (live.blocks < kLeastBlocks) continue;
    if (!JudgeSurvival(Timeline(process, of_kind, as_of, table.work)).growing) still += live.bytes;
  }
  return 1 - static_cast<double>(still) / static_cast<double>(all.bytes);
}

class Judge {
 public:
  Judge(const Process& process, const UnitTable& table)
      : process_(process),
        table_(table),
        reference_(ReferenceOf(process)),
        after_peak_(RunAfterPeak(process, reference_, table.work)) {}

  Suspect Look(uint32_t unit, Amount live, Amount peak_live) const {
    Suspect s;
    s.unit = unit;
    s.peak_live = peak_live;
    s.end_live = Sum(process_, table_.units[unit], AsOf::kEnd);
    TakeImage(s, reference_, live);
    if (s.signal == Signal::kSurvival || !process_.peak.valid) return Finish(s);
    bool was_more = peak_live.bytes > live.bytes + live.bytes / 2;
    if (!was_more) return Finish(s);
    Suspect at_peak = s;
    TakeImage(at_peak, AsOf::kPeak, peak_live);
    at_peak.confidence *= kPeakDiscount;
    // What grew must have gone since, not only what was in use at the peak.
    // (The old storage and the new one stand there together for a moment.)
    bool gone = at_peak.signal == Signal::kSwelling ? live.bytes * 3 < peak_live.bytes
                                                    : static_cast<double>(live.blocks) < at_peak.steady_blocks / 1.5;
    bool more_likely = at_peak.signal != Signal::kNone && at_peak.confidence > s.confidence;
    const bool wanted = s.signal == Signal::kNone ? at_peak.signal != Signal::kNone : more_likely;
    if (wanted && gone && after_peak_ <= kLatePeak && !GoesOnAfterPeak(s)) return Finish(at_peak);
    if (s.signal == Signal::kNone) s.reason = ReasonForLess(s, at_peak, live);
    return Finish(s);
  }

 private:
  // Whether the line goes on working after the peak: then to let go of things was a part of the work, and not its end.
  bool GoesOnAfterPeak(const Suspect& s) const {
    constexpr uint64_t kLeastBlocks = 20;
    const size_t peak = PeakGroup(process_);
    const std::vector<Slot> slots = Timeline(process_, table_.units[s.unit].sites, reference_, table_.work);
    double births[2] = {0, 0}, weights[2] = {0, 0};
    for (size_t i = 0; i < slots.size(); i++) {
      const bool after = i > peak;
      births[after] += static_cast<double>(slots[i].births.blocks);
      weights[after] += slots[i].weight;
    }
    return births[1] >= kLeastBlocks && births[1] * weights[0] * 2 >= births[0] * weights[1];
  }

  // There was more at the peak than there is now.
  Reason ReasonForLess(const Suspect& now, const Suspect& at_peak, Amount live) const {
    if (at_peak.signal != Signal::kNone) return Reason::kReleased;
    if (now.reason == Reason::kBounded || live.bytes * 5 < now.peak_live.bytes) {
      bool goes_on = false;
      for (size_t i = now.slots.size() * 4 / 5; i < now.slots.size(); i++) goes_on |= now.slots[i].births.blocks > 0;
      return goes_on ? Reason::kFlushed : Reason::kReleased;
    }
    return now.reason;
  }

  // How long the growth went on.
  double SecondsOf(const Suspect& s) const {
    uint64_t end = TimeOf(process_, s.as_of).time_ns;
    uint64_t begin = s.slots.empty() ? end : process_.groups[s.judgement.onset_slot].start_ns;
    return end > begin ? static_cast<double>(end - begin) / 1e9 : 0;
  }

  // What gained a few KB in many seconds, in hardly any time, or of very many births, may be anything that is not full yet, unless the heap
  // shows its holder to grow.
  bool HardlyAnything(const Suspect& s) const {
    constexpr double kFewBytes = 8000, kFewAtOnce = 16'000, kLongEnough = 5, kAtOnce = 0.6, kHardlyAnyStay = 0.1;
    constexpr uint64_t kOneInLive = 500;
    if (s.steady_bytes * kOneInLive >= static_cast<double>(process_.live().bytes)) return false;
    const double seconds = SecondsOf(s);
    if (seconds < kAtOnce) return s.steady_bytes < kFewAtOnce;
    return s.steady_bytes < kFewBytes && (seconds > kLongEnough || s.line_survival < kHardlyAnyStay);
  }

  // Growth that goes with the work is growth, however unevenly a busy machine deals out the time for it. (What fills up sees fewer births
  // for the same work, and a cache that evicts keeps fewer of its old ones.)
  void JudgeByWork(Suspect& s) const {
    if (s.judgement.confidence >= kSure) return;
    const std::vector<double> weights = WorkWeights(process_, s.as_of, table_.work);
    if (weights.size() != s.slots.size()) return;
    std::vector<Slot> slots = s.slots;
    for (size_t i = 0; i < slots.size(); i++) slots[i].weight = weights[i];
    Judgement judgement = JudgeSurvival(slots);
    if (!judgement.level_fates || judgement.confidence <= s.judgement.confidence) return;
    s.judgement = std::move(judgement);
    s.slots = std::move(slots);
  }

  void TakeImage(Suspect& s, AsOf as_of, Amount live) const {
    const Unit& unit = table_.units[s.unit];
    s.as_of = as_of;
    s.live = live;
    // A line often also makes what lives for a moment only: that says nothing about the rest.
    std::vector<uint32_t> holding;
    for (uint32_t site : unit.sites) {
      if (!unit.imported && LiveAt(process_.sites[site], as_of).blocks != 0) holding.push_back(site);
    }
    s.slots = Timeline(process_, holding, as_of, table_.work);
    s.line_survival =
        unit.births.blocks ? static_cast<double>(live.blocks) / static_cast<double>(unit.births.blocks) : 0;
    s.judgement = JudgeSurvival(s.slots);
    JudgeByWork(s);
    s.swelling = JudgeSwelling(s.slots);
    s.confidence = s.judgement.confidence;
    s.reason = unit.imported ? Reason::kOneOff : s.judgement.reason;
    s.steady_bytes = s.judgement.steady_bytes;
    s.steady_blocks = s.judgement.steady_blocks;
    s.signal = s.judgement.growing ? Signal::kSurvival : Signal::kNone;
    s.since = s.judgement.onset_slot;
    s.may_be_garbage = s.judgement.growing && MayAwaitCollection(process_, s.slots, s.judgement);
    if (s.may_be_garbage) s.confidence = std::min(s.confidence, kGarbageConfidence);
    if (s.judgement.growing && ShareThatGrowsAlone(process_, table_, holding, as_of) < 0.5) {
      s.grows_together_only = true;
      s.confidence = std::min(s.confidence, kTogetherOnly);
    }
    s.most_confidence = MostConfidence(SecondsOf(s));
    s.confidence = std::min(s.confidence, s.most_confidence);
    if (HardlyAnything(s)) s.confidence = std::min(s.confidence, kHardlyAnything);
    if (!s.judgement.growing && s.swelling.swelling) {
      s.signal = Signal::kSwelling;
      // What is next to nothing beside the rest may be any storage that was last replaced by chance.
      const bool worth = live.bytes * kOneIn >= process_.live().bytes;
      s.confidence = worth ? s.swelling.confidence : std::min(kHardlyWorth, s.swelling.confidence);
      s.steady_bytes = static_cast<double>(live.bytes);
      s.steady_blocks = 0;
      s.since = FirstBirths(s.slots);
    }
  }

  Suspect Finish(Suspect s) const {
    ByAllocator by = Split(process_, table_.units[s.unit], s.as_of, s.judgement.onset_slot);
    s.kind = KindOf(by);
    s.mostly_native = by.native.bytes > by.object.bytes + by.raw.bytes;
    // What is replaced by ever larger pieces within Python's own allocators is the storage of a container.
    if (s.signal == Signal::kSwelling && s.kind == Kind::kRawBlock) s.kind = Kind::kPythonObject;
    return s;
  }

  const Process& process_;
  const UnitTable& table_;
  AsOf reference_;
  double after_peak_;
};

}  // namespace

size_t FirstBirths(const std::vector<Slot>& slots) {
  size_t i = 0;
  while (i + 1 < slots.size() && slots[i].births.blocks == 0) i++;
  return i;
}

AsOf ReferenceOf(const Process& process) { return process.final.valid ? AsOf::kFinalize : AsOf::kEnd; }

std::vector<Suspect> FindSuspects(const Process& process, const UnitTable& table) {
  struct Candidate {
    uint32_t unit;
    Amount live, peak;
  };
  std::vector<Candidate> candidates;
  AsOf reference = ReferenceOf(process);
  for (size_t i = 0; i < table.units.size(); i++) {
    Candidate c{static_cast<uint32_t>(i), Sum(process, table.units[i], reference), {}};
    if (process.peak.valid) c.peak = Sum(process, table.units[i], AsOf::kPeak);
    if (std::max(c.live.bytes, c.peak.bytes) >= kMinBytes) candidates.push_back(c);
  }
  auto more = [](const Candidate& a, const Candidate& b) {
    uint64_t x = std::max(a.live.bytes, a.peak.bytes), y = std::max(b.live.bytes, b.peak.bytes);
    return x != y ? x > y : a.unit < b.unit;
  };
  std::sort(candidates.begin(), candidates.end(), more);
  if (candidates.size() > kMaxSuspects) candidates.resize(kMaxSuspects);
  Judge judge(process, table);
  std::vector<Suspect> suspects;
  for (const Candidate& c : candidates) suspects.push_back(judge.Look(c.unit, c.live, c.peak));
  DoubtAgainstCourse(process, table.work, suspects);
  MarkLateStart(process, table.work, suspects);
  MarkBacklog(process, table.work, suspects);
  return suspects;
}

}  // namespace limpet::diagnose
