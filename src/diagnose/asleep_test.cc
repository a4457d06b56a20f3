// Programs that sleep: what they did is enough to be judged, or it is not.
#include "diagnose/asleep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/builder.h"
#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

using capture::ProcessBuilder;
using testing::HasSubstr;

constexpr uint64_t kSecond = 1'000'000'000;

// A program that imports for a second of work, and then works `rounds` times, a second apart. What is born in a round dies.
capture::Recording Program(int rounds, double cpu_share) {
  ProcessBuilder b;
  const uint32_t import = b.Site({{"/app/big.py", "<module>", 1},
                                  {"<frozen importlib._bootstrap>", "_call_with_frames_removed", 241},
                                  {"<frozen importlib._bootstrap>", "_find_and_load", 1027},
                                  {"/app/app.py", "<module>", 1}});
  const uint32_t site = b.Site({{"/app/app.py", "handle", 60}, {"/app/app.py", "<module>", 88}});
  for (int i = 0; i < 20; i++) {
    b.Born(import, 1000, 100'000);
    b.NextEpoch({.duration_ns = kSecond / 20, .other_volume = 0, .iterations = 0});
  }
  for (int i = 0; i < rounds; i++) {
    b.Born(site, 10, 1000);
    b.Died(site, b.epoch(), 10, 1000);
    b.NextEpoch({.duration_ns = kSecond, .other_volume = 0, .iterations = 0});
  }
  capture::Recording recording;
  recording.processes.push_back(b.Read());
  uint64_t used = 0;
  for (capture::EpochGroup& group : recording.processes[0].groups) {
    const uint64_t wall = group.end_ns - group.start_ns;
    group.start_cpu_ns = used;
    used += wall < kSecond ? wall : static_cast<uint64_t>(cpu_share * static_cast<double>(wall));
    group.end_cpu_ns = used;
  }
  return recording;
}

TEST(Asleep, AFewRoundsAfterTheImportsAreTooLittle) {
  const Diagnosis d = Diagnose(Program(8, 0.001), {});
  EXPECT_EQ(d.verdict, Verdict::kInconclusive);
  EXPECT_FALSE(d.decidable);
  EXPECT_THAT(d.explanation, HasSubstr("8 of 12 epochs with work of its own; let it work longer"));
  EXPECT_EQ(WhyUndecidable(d), d.explanation);
}

TEST(Asleep, ManyRoundsAreEnough) { EXPECT_EQ(Diagnose(Program(30, 0.001), {}).verdict, Verdict::kNoLeak); }

TEST(Asleep, WhoIsAwakeNeedsNoMoreThanAnyProgram) {
  const Diagnosis d = Diagnose(Program(8, 0.5), {});
  EXPECT_EQ(d.verdict, Verdict::kNoLeak);
  EXPECT_TRUE(d.decidable);
}

TEST(Asleep, AProgramOfABlinkIsTooShortWhateverItDid) {
  capture::Recording recording = Program(8, 0.001);
  for (capture::EpochGroup& group : recording.processes[0].groups) {
    for (uint64_t* time : {&group.start_ns, &group.end_ns, &group.start_cpu_ns, &group.end_cpu_ns}) *time /= 1000;
  }
  recording.processes[0].duration_ns /= 1000;
  const Diagnosis d = Diagnose(recording, {});
  EXPECT_FALSE(d.decidable);
  EXPECT_THAT(WhyUndecidable(d), HasSubstr("it was too short"));
}

TEST(Asleep, WhereProcessorTimeIsNotKnownNobodySleeps) {
  capture::Recording recording = Program(8, 0.001);
  for (capture::EpochGroup& group : recording.processes[0].groups) group.start_cpu_ns = group.end_cpu_ns = 0;
  EXPECT_EQ(Diagnose(recording, {}).verdict, Verdict::kNoLeak);
}

}  // namespace
}  // namespace limpet::diagnose
