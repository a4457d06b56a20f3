#include "diagnose/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <vector>

namespace limpet::diagnose {
namespace {

using capture::Process;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kSecond = 1'000'000'000;

// A minute, looked at each second.
Process Sockets(const std::function<uint32_t(uint32_t)>& count) {
  Process process;
  process.pid = 7;
  for (uint32_t second = 0; second < 60; ++second) {
    capture::ResourceRecord record = {};
    record.time_ns = second * kSecond;
    record.flags = capture::kResourceFiles | capture::kResourceKinds;
    record.sockets = count(second);
    record.open = 3 + record.sockets;
    process.memory.resources.push_back(record);
  }
  return process;
}

TEST(Resources, SteadyGrowthIsFoundOnceAndUnderItsKind) {
  const std::vector<Growth> found = FindGrowth(Sockets([](uint32_t s) { return 10 + 2 * s; }));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].key, "sockets");
  EXPECT_NEAR(found[0].per_second, 2.0, 0.1);
  EXPECT_THAT(InWords(found[0]), HasSubstr("open sockets grow: 22 -> 128, +"));
}

TEST(Resources, WithoutKindsTheSumIsTold) {
  Process process = Sockets([](uint32_t s) { return 10 + 2 * s; });
  for (auto& record : process.memory.resources) record.flags = capture::kResourceFiles;
  const std::vector<Growth> found = FindGrowth(process);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].key, "descriptors");
}

TEST(Resources, WhatComesAndGoesOrStopsIsNone) {
  const std::vector<std::function<uint32_t(uint32_t)>> courses = {
      [](uint32_t) { return 50u; },                                  // level
      [](uint32_t s) { return s < 15 ? 2 * s : 30u; },               // a pool that is full
      [](uint32_t s) { return 5 + s % 7 * 3; },                      // bursts
      [](uint32_t s) { return s < 30 ? 10u : 60u; },                 // one step
      [](uint32_t s) { return 100 - s; },                            // falls
      [](uint32_t s) { return 10 + s / 20; },                        // too few
      [](uint32_t s) { return s < 50 ? 10 + s / 10 : 10 + 3 * s; },  // nearly all in the last window
  };
  for (size_t i = 0; i < courses.size(); i++) EXPECT_THAT(FindGrowth(Sockets(courses[i])), IsEmpty()) << "course " << i;
}

TEST(Resources, StartUpAndFinalisationDoNotCount) {
  Process process = Sockets([](uint32_t s) { return s < 3 ? 40 * s : s > 55 ? 10u : 120 + 3 * s; });
  process.final.valid = true;
  process.final.time_ns = 55 * kSecond;
  ASSERT_THAT(FindGrowth(process), SizeIs(1));
  EXPECT_EQ(HeldAtEnd(process).front().key, "files");
  process.final.valid = false;
  EXPECT_THAT(FindGrowth(process), IsEmpty());
}

TEST(Resources, GrowthMayBeginLateButNotVeryLate) {
  EXPECT_THAT(FindGrowth(Sockets([](uint32_t s) { return s < 20 ? 10 : 2 * s - 30; })), SizeIs(1));
  EXPECT_THAT(FindGrowth(Sockets([](uint32_t s) { return s < 40 ? 10 : 2 * s - 70; })), IsEmpty());
}

TEST(Resources, FewRecordsAreNoTrend) {
  Process process = Sockets([](uint32_t s) { return 10 + 2 * s; });
  process.memory.resources.resize(5);
  EXPECT_THAT(FindGrowth(process), IsEmpty());
  process.memory.resources.clear();
  EXPECT_THAT(FindGrowth(process), IsEmpty());
  EXPECT_THAT(HeldAtEnd(process), IsEmpty());
}

RC_GTEST_PROP(Resources, AnyRiseByStepsThatAreAlikeIsFound, ()) {
  const uint32_t step = *rc::gen::inRange<uint32_t>(1, 50), start = *rc::gen::inRange<uint32_t>(0, 100);
  const uint32_t jitter = *rc::gen::inRange<uint32_t>(0, step + 1);
  const auto course = [&](uint32_t s) { return start + step * s + s * 7919 % 11 * jitter / 11; };
  RC_ASSERT(FindGrowth(Sockets(course)).size() == 1u);
}

// A finding whose blocks are born in each of 60 epochs of a second, `per_epoch` of them stay.
Finding FindingOf(Process& process, const std::function<uint64_t(uint32_t)>& per_epoch) {
  process.groups.clear();
  capture::Site site;
  for (uint32_t second = 0; second < 60; ++second) {
    process.groups.push_back({.start_ns = second * kSecond, .end_ns = (second + 1) * kSecond});
    capture::Cohort cohort;
    cohort.group = {second};
    cohort.births = {per_epoch(second), 100 * per_epoch(second)};
    site.cohorts.push_back(cohort);
  }
  process.sites = {site};
  Finding finding;
  finding.confidence = 0.9;
  finding.processes = {7};
  finding.sites = {0};
  return finding;
}

TEST(Resources, AFindingOfTheSameRhythmGetsTheEvidence) {
  Process process = Sockets([](uint32_t s) { return 10 + 2 * s; });
  std::vector<Finding> findings = {FindingOf(process, [](uint32_t) { return 4; })};
  std::vector<Growth> growths = FindGrowth(process);
  JoinGrowth(process, growths, findings);
  EXPECT_TRUE(growths[0].explained);
  ASSERT_THAT(findings[0].evidence, SizeIs(1));
  EXPECT_THAT(findings[0].evidence[0], HasSubstr("open sockets grow with it: 22 -> 128"));
}

TEST(Resources, OthersDoNot) {
  const std::vector<std::function<uint64_t(uint32_t)>> others = {
      [](uint32_t) { return 1; },                   // fewer blocks than sockets
      [](uint32_t s) { return s < 20 ? 400 : 0; },  // another rhythm
      [](uint32_t) { return 9000; },                // far more of them
  };
  for (const auto& per_epoch : others) {
    Process process = Sockets([](uint32_t s) { return 10 + 2 * s; });
    std::vector<Finding> findings = {FindingOf(process, per_epoch)};
    std::vector<Growth> growths = FindGrowth(process);
    JoinGrowth(process, growths, findings);
    EXPECT_FALSE(growths[0].explained);
    EXPECT_THAT(findings[0].evidence, IsEmpty());
  }
}

}  // namespace
}  // namespace limpet::diagnose
