// Baselines, the gate, and comparisons: what becomes of findings that are made by hand.
#include "diagnose/gate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "diagnose/compare.h"
#include "diagnose/fingerprint.h"

namespace limpet::diagnose {
namespace {

Finding Leak(const std::string& function, double bytes_per_second = 1000, double confidence = 0.9) {
  Finding f;
  f.confidence = confidence;
  f.site = {{.function = function, .file = "/a/app.py", .line = 1, .column = {}, .end_column = {}}};
  f.live = {1000, 1'000'000};
  f.bytes_per_second = bytes_per_second;
  f.objects_per_second = bytes_per_second / 100;
  f.bytes_per_volume = bytes_per_second / 1e6;
  std::vector<Finding> one = {f};
  SetFingerprints({}, one);
  return one[0];
}

Diagnosis Of(std::vector<Finding> findings) {
  Diagnosis d;
  d.verdict = Verdict::kNoLeak;
  for (const Finding& f : findings)
    if (f.confidence >= 0.5) d.verdict = Verdict::kLeak;
  d.findings = std::move(findings);
  return d;
}

Baseline Known(const Diagnosis& d) { return UpdatedBaseline({}, d, "2026-11-21"); }

Limits Growth(std::string_view text) {
  Limits limits;
  limits.growth.push_back(ParseGrowthLimit(text).value());
  return limits;
}

TEST(Baseline, IsReadBackAsItWasWritten) {
  Diagnosis d = Of({Leak("b"), Leak("a", 123'456)});
  d.findings[0].other_places = {"app.py:c"};
  d.kept.push_back({Leak("k"), "app.py:3", "wanted \xff", true});
  const std::string text = FormatBaseline(Known(d));
  const Result<Baseline> read = ParseBaseline(text, "file");
  ASSERT_TRUE(read.ok()) << read.message();
  EXPECT_EQ(FormatBaseline(*read), text);
  ASSERT_EQ(read->known.size(), 2u);
  EXPECT_EQ(read->known[0].place, "app.py:a");  // sorted
  EXPECT_DOUBLE_EQ(read->known[0].pace.bytes_per_second, 120'000);
  EXPECT_EQ(read->known[1].other_places, d.findings[0].other_places);
  EXPECT_EQ(read->kept.size(), 1u);
}

TEST(Baseline, KeepsWhatPeopleWroteAndChangesOnlyWithThePace) {
  Baseline old = Known(Of({Leak("a", 1000)}));
  old.known[0].reason = "ticket";
  const auto updated = [&](double pace) {
    return UpdatedBaseline(old, Of({Leak("a", pace)}), "2027-01-01").known.at(0);
  };
  EXPECT_DOUBLE_EQ(updated(1300).pace.bytes_per_second, 1000);
  EXPECT_DOUBLE_EQ(updated(2000).pace.bytes_per_second, 2000);
  EXPECT_EQ(updated(2000).reason, "ticket");
  EXPECT_EQ(updated(2000).since, "2026-11-21");
}

TEST(Baseline, ForgetsOnlyWhatARunCanTellToBeGone) {
  const Baseline old = Known(Of({Leak("a")}));
  Diagnosis none = Of({});
  EXPECT_TRUE(UpdatedBaseline(old, none, "").known.empty());
  none.decidable = false;
  EXPECT_EQ(UpdatedBaseline(old, none, "").known.size(), 1u);
  EXPECT_EQ(UpdatedBaseline(old, Of({Leak("a", 1000, 0.4)}), "").known.size(), 1u);  // still there, it seems
  EXPECT_TRUE(UpdatedBaseline({}, Of({Leak("a", 1000, 0.4)}), "").known.empty());
}

TEST(Gate, FailsOnWhatIsNewUnlessALimitLetsItThrough) {
  const Diagnosis d = Of({Leak("a", 1000)});
  EXPECT_EQ(Check(d, {}, {}).gate, Gate::kLeak);
  EXPECT_EQ(Check(d, {}, Growth("2KB/s")).gate, Gate::kPass);
  EXPECT_EQ(Check(d, {}, Growth("900B/s")).gate, Gate::kLeak);
  EXPECT_EQ(Check(d, {}, Growth("5/s")).gate, Gate::kLeak);
  Limits retained;
  retained.retained_bytes = 1'000'000;
  EXPECT_EQ(Check(d, {}, retained).gate, Gate::kPass);
  retained.retained_bytes = 999'999;
  EXPECT_EQ(Check(d, {}, retained).gate, Gate::kLeak);
  EXPECT_EQ(Check(Of({}), {}, {}).gate, Gate::kPass);
}

TEST(Gate, AddsUpWhatALimitLetsThrough) {
  EXPECT_EQ(Check(Of({Leak("a", 900), Leak("b", 900)}), {}, Growth("1KB/s")).gate, Gate::kLeak);
  EXPECT_EQ(Check(Of({Leak("a", 400), Leak("b", 400)}), {}, Growth("1KB/s")).gate, Gate::kPass);
}

TEST(Gate, LetsKnownOnesThroughUnlessTheyGrowFaster) {
  const Baseline baseline = Known(Of({Leak("a", 1000)}));
  EXPECT_EQ(Check(Of({Leak("a", 1400)}), baseline, {}).gate, Gate::kPass);
  EXPECT_EQ(Check(Of({Leak("a", 1600)}), baseline, {}).checked[0].standing, Standing::kFaster);
  EXPECT_EQ(Check(Of({Leak("a", 1600)}), baseline, Growth("2KB/s")).gate, Gate::kPass);
  EXPECT_EQ(Check(Of({Leak("b", 10)}), baseline, {}).gate, Gate::kLeak);
  EXPECT_EQ(Check(Of({}), baseline, {}).gone.size(), 1u);
}

TEST(Gate, CannotTellOfShortRunsNorOfLimitsThatDoNotApply) {
  Diagnosis d = Of({});
  d.verdict = Verdict::kInconclusive;
  d.decidable = false;
  EXPECT_EQ(Check(d, Known(Of({Leak("a")})), {}).gate, Gate::kInconclusive);
  EXPECT_TRUE(Check(d, Known(Of({Leak("a")})), {}).gone.empty());
  EXPECT_EQ(Check(Of({Leak("a")}), {}, Growth("1KB/iteration")).gate, Gate::kInconclusive);
  d = Of({Leak("a")});
  d.decidable = false;
  EXPECT_EQ(Check(d, {}, {}).gate, Gate::kLeak);
}

TEST(Match, FindsALeakAgainThatIsNamedByAnotherOfItsLines) {
  const Identity before = {"1", "app.py:open", {"app.py:Session.__init__"}};
  const Identity after = {"2", "app.py:Session.__init__", {"app.py:open"}};
  const Identity other = {"3", "app.py:open", {}};
  EXPECT_EQ(MatchByIdentity({after}, {before}), (std::vector<size_t>{0}));
  EXPECT_EQ(MatchByIdentity({after, other}, {before}), (std::vector<size_t>{kNoMatch, 0}));
}

RC_GTEST_PROP(Match, IsOneToOneAndTakesEqualFingerprintsFirst, ()) {
  const auto draw = [] {
    std::vector<Identity> all;
    std::set<std::string> used;
    for (const auto& [print, place] : *rc::gen::container<std::vector<std::pair<int, int>>>(
             rc::gen::pair(rc::gen::inRange(0, 12), rc::gen::inRange(0, 4)))) {
      if (used.insert(std::to_string(print)).second) all.push_back({std::to_string(print), std::to_string(place), {}});
    }
    return all;
  };
  const std::vector<Identity> wanted = draw(), known = draw();
  const std::vector<size_t> partner = MatchByIdentity(wanted, known);
  std::set<size_t> taken;
  for (size_t i = 0; i < wanted.size(); i++) {
    if (partner[i] != kNoMatch) {
      RC_ASSERT(taken.insert(partner[i]).second);
      const Identity& other = known[partner[i]];
      RC_ASSERT(other.fingerprint == wanted[i].fingerprint || other.place == wanted[i].place);
    }
    for (size_t k = 0; k < known.size(); k++)
      if (known[k].fingerprint == wanted[i].fingerprint) RC_ASSERT(partner[i] == k);
  }
}

const Work kWork = {.allocated_bytes = 1'000'000, .iterations = 0, .seconds = 10};

Fate FateOf(const Diagnosis& before, const Diagnosis& after, const Work& work = kWork) {
  return CompareRuns(before, kWork, after, work).changes.at(0).fate;
}

TEST(Compare, TellsWhatBecameOfALeak) {
  EXPECT_EQ(FateOf(Of({Leak("a")}), Of({})), Fate::kGone);
  EXPECT_EQ(FateOf(Of({}), Of({Leak("a")})), Fate::kNew);
  EXPECT_EQ(FateOf(Of({Leak("a", 1000)}), Of({Leak("a", 1200)})), Fate::kSame);
  EXPECT_EQ(FateOf(Of({Leak("a", 1000)}), Of({Leak("a", 500)})), Fate::kSmaller);
  EXPECT_EQ(FateOf(Of({Leak("a", 1000)}), Of({Leak("a", 2000)})), Fate::kLarger);
}

TEST(Compare, KnowsWhenTheSecondRunDidTooLittle) {
  EXPECT_EQ(FateOf(Of({Leak("a")}), Of({}), {.allocated_bytes = 10'000, .iterations = 0, .seconds = 1}),
            Fate::kCannotTell);
  EXPECT_EQ(FateOf(Of({Leak("a")}), Of({}), {.allocated_bytes = 50'000, .iterations = 0, .seconds = 1}), Fate::kGone);
  Diagnosis late = Of({Leak("a")});
  late.findings[0].since_ns = 5'000'000'000;
  EXPECT_EQ(FateOf(late, Of({}), {.allocated_bytes = 900'000, .iterations = 0, .seconds = 5.1}), Fate::kCannotTell);
  EXPECT_EQ(FateOf(late, Of({}), {.allocated_bytes = 900'000, .iterations = 0, .seconds = 5.3}), Fate::kGone);
  late = Of({Leak("a")});
  late.findings[0].volume = 600'000;  // the first 400 KB were imports
  EXPECT_EQ(FateOf(late, Of({}), {.allocated_bytes = 410'000, .iterations = 0, .seconds = 5}), Fate::kCannotTell);
  EXPECT_EQ(FateOf(late, Of({}), {.allocated_bytes = 500'000, .iterations = 0, .seconds = 5}), Fate::kGone);
  Diagnosis undecidable = Of({});
  undecidable.decidable = false;
  EXPECT_EQ(FateOf(Of({Leak("a")}), undecidable), Fate::kCannotTell);
}

TEST(Compare, SaysNothingOfWhatIsKeptByNow) {
  Diagnosis after = Of({});
  after.kept.push_back({Leak("a"), "app.py:1", "", true});
  EXPECT_TRUE(CompareRuns(Of({Leak("a")}), kWork, after, kWork).changes.empty());
}

}  // namespace
}  // namespace limpet::diagnose
