// The survivor test against runs drawn block by block: what grows must be found, what does not must not be.
#include "diagnose/survival.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "diagnose/drawn_runs.h"

namespace limpet::diagnose {
namespace {

using testing::Bursts;
using testing::Churn;
using testing::CutEpochs;
using testing::Draw;
using testing::Drawing;
using testing::Leak;

constexpr uint32_t kRuns = 60;

struct Pattern {
  std::string name;
  std::function<void(Drawing&)> draw;
  uint32_t steps = 4000;
  uint32_t allowed = 0;  // of kRuns runs that may go wrong: chance, or something nobody could tell
};

void PrintTo(const Pattern& pattern, std::ostream* out) { *out << pattern.name; }

double ShareBetween(Drawing& d, double low, double high) { return low + (high - low) * d.Between(0, 1000) / 1000.0; }

Judgement JudgeDrawn(const Pattern& pattern, uint64_t seed) {
  Drawing d(pattern.steps, seed);
  pattern.draw(d);
  const std::vector<uint32_t> starts = CutEpochs(d, d.Between(16, 64));
  return JudgeSurvival(Draw(d, starts));
}

class Growing : public ::testing::TestWithParam<Pattern> {};
class NotGrowing : public ::testing::TestWithParam<Pattern> {};

TEST_P(Growing, IsFound) {
  uint32_t missed = 0;
  for (uint64_t seed = 1; seed <= kRuns; seed++) missed += JudgeDrawn(GetParam(), seed).confidence < 0.5;
  EXPECT_LE(missed, GetParam().allowed) << "of " << kRuns << " runs";
}

TEST_P(NotGrowing, RaisesNoAlarm) {
  uint32_t alarms = 0;
  for (uint64_t seed = 1; seed <= kRuns; seed++) alarms += JudgeDrawn(GetParam(), seed).confidence >= 0.5;
  EXPECT_LE(alarms, GetParam().allowed) << "of " << kRuns << " runs";
}

std::string NameOf(const ::testing::TestParamInfo<Pattern>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Patterns, Growing,
    ::testing::Values(Pattern{"OneAStep", [](Drawing& d) { Leak(d, 1); }},
                      Pattern{"OneAStepInAShortRun", [](Drawing& d) { Leak(d, 1); }, 400},
                      Pattern{"OneInTenSteps", [](Drawing& d) { Leak(d, 0.1); }},
                      Pattern{"OneInFiftyStepsAmidChurn", [](Drawing& d) { Leak(d, 0.02), Churn(d); }, 4000, 6},
                      Pattern{"AmidChurn", [](Drawing& d) { Leak(d, 0.2), Churn(d); }},
                      Pattern{"BesideALoadAtTheStart", [](Drawing& d) { Bursts(d, 1, 500, 0, 0.05), Leak(d, 0.3); }},
                      Pattern{"BesideARing", [](Drawing& d) { Leak(d, 0.2), Ring(d, d.At(0.05)); }, 4000, 3},
                      Pattern{"FromFortyPercentOn", [](Drawing& d) { Leak(d, 1, 0.4); }},
                      Pattern{"FromSixtyPercentOn", [](Drawing& d) { Leak(d, 1, 0.6); }},
                      Pattern{"StopsShortlyBeforeTheEnd", [](Drawing& d) { Leak(d, 1, 0, 0.95); }},
                      Pattern{"InStairs", [](Drawing& d) { Staircase(d, d.Between(8, 16), 20); }},
                      Pattern{"InFewStairs", [](Drawing& d) { Staircase(d, d.Between(5, 7), 20); }, 4000, 15},
                      Pattern{"FasterAndFaster",
                              [](Drawing& d) {
                                for (uint32_t t = 0; t < d.steps; t++)
                                  if (d.Chance(std::min(1.0, 2.0 * t / d.steps))) d.Add(t);
                              }},
                      Pattern{"InUnevenLoads",
                              [](Drawing& d) {
                                for (uint32_t t = 0; t < d.steps; t++)
                                  for (uint32_t k = d.Chance(0.1) ? d.Between(0, 20) : 0; k > 0; k--) d.Add(t);
                              }}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Patterns, NotGrowing,
    ::testing::Values(Pattern{"Churn", [](Drawing& d) { Churn(d); }},
                      Pattern{"RingOfAnySize", [](Drawing& d) { Ring(d, d.At(ShareBetween(d, 0.05, 0.6))); }},
                      Pattern{"RingInAShortRun", [](Drawing& d) { Ring(d, d.At(ShareBetween(d, 0.05, 0.6))); }, 400},
                      Pattern{"LruWithHotKeys",
                              [](Drawing& d) {
                                Lru(d, d.At(ShareBetween(d, 0.02, 0.2)), d.Between(10, d.steps / 40 + 10), 5000, 0.5);
                              }},
                      Pattern{"LruWithVeryHotKeys",
                              [](Drawing& d) {
                                Lru(d, d.At(ShareBetween(d, 0.01, 0.04)), d.Between(10, d.steps / 40 + 10), 5000, 0.9);
                              },
                              4000, 4},
                      Pattern{"CacheThatEvictsByChance",
                              [](Drawing& d) { RandomEviction(d, d.At(ShareBetween(d, 0.05, 0.25))); }},
                      Pattern{"LargeCacheThatEvictsByChance",
                              [](Drawing& d) { RandomEviction(d, d.At(ShareBetween(d, 0.3, 0.5))); }, 4000, 4},
                      Pattern{"WarmUpToSixtyPercent", [](Drawing& d) { Leak(d, 1, 0, 0.6); }},
                      Pattern{"WarmUpToThreeQuarters", [](Drawing& d) { Leak(d, 1, 0, 0.75); }},
                      Pattern{"WarmUpAmidChurn", [](Drawing& d) { Leak(d, 1, 0, 0.6), Churn(d); }},
                      Pattern{"WarmUpThatBeginsLate", [](Drawing& d) { Leak(d, 1, 0.3, 0.7); }},
                      Pattern{"FlushedBatches", [](Drawing& d) { Flush(d, d.Between(20, d.At(0.4))); }},
                      Pattern{"WavesOfDeferredCollection", [](Drawing& d) { Churn(d), Flush(d, d.At(0.25), 1); }},
                      Pattern{"ImportsUpToSixtyPercent", [](Drawing& d) { Bursts(d, 60, 50, 0, 0.6); }},
                      Pattern{"OneLoadAnywhere", [](Drawing& d) { Bursts(d, 1, 3000, 0, 0.95); }},
                      Pattern{"ThreeLoadsAnywhere", [](Drawing& d) { Bursts(d, 3, 300, 0, 1); }},
                      Pattern{"TableThatFillsUp", [](Drawing& d) { Filling(d, d.At(ShareBetween(d, 0.2, 0.3))); }},
                      Pattern{"FiveBlocks",
                              [](Drawing& d) {
                                for (int i = 0; i < 5; i++) d.Add(d.Between(0, d.steps - 1));
                              }}),
    NameOf);

std::vector<Slot> Level(size_t slots, capture::Amount births, capture::Amount survivors) {
  return std::vector<Slot>(slots, Slot{.weight = 1, .births = births, .survivors = survivors});
}

TEST(JudgeSurvival, SaysNothingOfNothing) {
  EXPECT_EQ(JudgeSurvival({}).confidence, 0);
  EXPECT_EQ(JudgeSurvival(Level(32, {100, 6400}, {})).confidence, 0);
}

TEST(JudgeSurvival, NamesTheReasonThatFits) {
  std::vector<Slot> slots = Level(32, {10, 4000}, {10, 4000});
  for (size_t i = 12; i < 32; i++) slots[i].survivors = slots[i].births = {};
  EXPECT_EQ(JudgeSurvival(slots).reason, Reason::kWarmUp);

  slots = Level(32, {10, 4000}, {});
  for (size_t i = 24; i < 32; i++) slots[i].survivors = slots[i].births;
  EXPECT_EQ(JudgeSurvival(slots).reason, Reason::kBounded);

  slots = Level(32, {}, {});
  slots[9].births = slots[9].survivors = {500, 40'000};
  EXPECT_EQ(JudgeSurvival(slots).reason, Reason::kOneOff);

  slots = Level(32, {}, {});
  slots[9].births = slots[9].survivors = {3, 90};
  EXPECT_EQ(JudgeSurvival(slots).reason, Reason::kTooFew);
}

TEST(JudgeSurvival, MeasuresWhatGrowsWithoutWhatIsMerelyInUse) {
  std::vector<Slot> slots = Level(32, {10, 640}, {10, 640});
  slots.back().births = slots.back().survivors = {300, 19'200};  // the work at hand
  const Judgement j = JudgeSurvival(slots);
  EXPECT_GE(j.confidence, 0.5);
  EXPECT_NEAR(j.steady_blocks, 320, 20);
  EXPECT_NEAR(j.steady_bytes, 20'480, 1300);
}

// However the run is cut into epochs, and however many slots there are.
RC_GTEST_PROP(JudgeSurvival, FindsEveryLeakOfOneAStep, ()) {
  Drawing d(*rc::gen::inRange<uint32_t>(200, 5000), *rc::gen::arbitrary<uint64_t>());
  Leak(d, 1 + *rc::gen::inRange(0, 30) / 10.0);
  const std::vector<uint32_t> starts = CutEpochs(d, *rc::gen::inRange<size_t>(16, 64));
  RC_ASSERT(JudgeSurvival(Draw(d, starts)).confidence >= 0.5);
}

RC_GTEST_PROP(JudgeSurvival, NeverTakesARingForALeak, ()) {
  Drawing d(*rc::gen::inRange<uint32_t>(400, 5000), *rc::gen::arbitrary<uint64_t>());
  Ring(d, d.At(*rc::gen::inRange(5, 60) / 100.0), *rc::gen::inRange(0, 30) / 100.0);
  const std::vector<uint32_t> starts = CutEpochs(d, *rc::gen::inRange<size_t>(16, 64));
  RC_ASSERT(JudgeSurvival(Draw(d, starts)).confidence < 0.5);
}

// Epochs are merged in pairs as a run goes on: that must not turn the verdict.
RC_GTEST_PROP(JudgeSurvival, BearsMergedEpochs, ()) {
  const bool leaks = *rc::gen::arbitrary<bool>();
  Drawing d(3000, *rc::gen::arbitrary<uint64_t>());
  leaks ? Leak(d, 0.5) : Leak(d, 0.5, 0, 0.6);
  Churn(d);
  std::vector<Slot> slots = Draw(d, CutEpochs(d, 64));
  std::vector<Slot> merged;
  for (size_t i = 0; i < slots.size(); i++) {
    if (i % 2 == 0) merged.emplace_back();
    merged.back().weight += slots[i].weight;
    merged.back().births += slots[i].births;
    merged.back().survivors += slots[i].survivors;
  }
  RC_ASSERT((JudgeSurvival(slots).confidence >= 0.5) == leaks);
  RC_ASSERT((JudgeSurvival(merged).confidence >= 0.5) == leaks);
}

// A list that grows for the first `stop` of the run: its storage is given up for a larger one again and again.
std::vector<Slot> GrowingList(size_t slots, double stop) {
  std::vector<Slot> out(slots, Slot{.weight = 1, .births = {}, .survivors = {}});
  uint64_t capacity = 64;
  size_t last = 0;
  for (size_t i = 0; i < slots && static_cast<double>(i) < stop * static_cast<double>(slots); i++) {
    for (; capacity < (i + 1) * 4000; last = i) {
      capacity += capacity / 8 + 6;
      out[i].births += {1, capacity * 8};
    }
  }
  out[last].survivors = {1, capacity * 8};
  return out;
}

TEST(JudgeSwelling, SeesTheStorageOfAListThatGrowsToTheEnd) {
  const Swelling s = JudgeSwelling(GrowingList(32, 1));
  EXPECT_TRUE(s.swelling);
  EXPECT_GT(s.last_bytes, 2 * s.first_bytes);
}

// `data = append(data, more)`: many small things that die, and a default value from before the first round.
TEST(JudgeSwelling, SeesWhatIsReplacedByLargerCopiesBesideAFirstValueThatStays) {
  std::vector<Slot> slots(32, Slot{.weight = 1, .births = {}, .survivors = {}});
  for (size_t i = 0; i < slots.size(); i++) slots[i].births = {40, 40 * 30'000 * (i + 1)};
  slots[0].survivors = {4, 2400};
  slots[31].survivors = {1, 960'000};
  const Swelling s = JudgeSwelling(slots);
  EXPECT_TRUE(s.swelling);
  EXPECT_EQ(s.latest_bytes, 960'000u);
  slots[31].survivors = {1, 2400};
  EXPECT_FALSE(JudgeSwelling(slots).swelling);
}

TEST(JudgeSwelling, LetsAListAloneThatStoppedGrowing) { EXPECT_FALSE(JudgeSwelling(GrowingList(32, 0.5)).swelling); }

TEST(JudgeSwelling, IsNotForManyBlocks) { EXPECT_FALSE(JudgeSwelling(Level(32, {100, 64'000}, {10, 6400})).swelling); }

TEST(SteadyGrowth, LeavesOutWhatCameInOneGo) {
  std::vector<Slot> slots = Level(32, {4, 256}, {4, 256});
  slots[3].births = slots[3].survivors = {10'000, 640'000};
  EXPECT_NEAR(static_cast<double>(SteadyGrowth(slots).blocks), 128, 1);
}

}  // namespace
}  // namespace limpet::diagnose
