#include "capture/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capture/builder.h"

namespace limpet::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> StackText(const Process& process, NodeId node) {
  std::vector<std::string> lines;
  for (const FrameId frame : process.Stack(node)) {
    const Frame& f = process.frames[frame.value];
    lines.push_back(std::string(f.file) + ":" + std::to_string(f.line) + " " + std::string(f.function));
  }
  return lines;
}

TEST(Reader, GivesStacksInnermostFirst) {
  ProcessBuilder b;
  b.Born(b.Site({{"app.py", "Session.open", 40, 38, 4, 9}, {"app.py", "main", 88}}), 3, 120);
  const Process process = b.Read();
  EXPECT_THAT(process.problems, IsEmpty());
  ASSERT_EQ(process.sites.size(), 1u);
  EXPECT_THAT(StackText(process, process.sites[0].node), ElementsAre("app.py:40 Session.open", "app.py:88 main"));
  const Frame& frame = process.frames[process.Stack(process.sites[0].node)[0].value];
  EXPECT_EQ(frame.name, "open");
  EXPECT_EQ(frame.first_line, 38u);
  EXPECT_EQ(frame.column, 4u);
  EXPECT_EQ(frame.end_column, 9u);
  const Frame& caller = process.frames[process.Stack(process.sites[0].node)[1].value];
  EXPECT_EQ(caller.column, std::nullopt);
}

TEST(Reader, KnowsSitesByTheirNumberInTheFile) {
  ProcessBuilder b;
  const auto never = b.Site({{"never.py", "f", 1}});
  const auto site = b.Site({{"app.py", "f", 1}});
  b.Born(site, 10, 1000);
  b.NextEpoch();
  b.Born(site, 5, 50);
  const Process process = b.Read();
  ASSERT_EQ(process.site_of_record.size(), 2u);
  EXPECT_EQ(process.site_of_record[never], std::nullopt);
  EXPECT_EQ(process.site_of_record[site], SiteId{0});
  EXPECT_EQ(process.GroupOf(0), GroupId{0});
  EXPECT_EQ(process.GroupOf(1), GroupId{1});
  EXPECT_EQ(process.GroupOf(77), GroupId{1});
}

TEST(Reader, CountsByEpochOfBirth) {
  ProcessBuilder b;
  const auto site = b.Site({{"app.py", "f", 1}});
  b.Born(site, 10, 1000);
  b.NextEpoch();
  b.Died(site, 0, 4, 400);
  b.NextEpoch();
  b.Born(site, 5, 50);
  const Process process = b.Read();
  EXPECT_THAT(process.problems, IsEmpty());
  ASSERT_EQ(process.sites.size(), 1u);
  const Site& s = process.sites[0];
  ASSERT_EQ(s.cohorts.size(), 2u);
  EXPECT_EQ(s.cohorts[0].group, GroupId{0});
  EXPECT_EQ(s.cohorts[0].births, (Amount{10, 1000}));
  EXPECT_EQ(s.cohorts[0].deaths, (Amount{4, 400}));
  EXPECT_EQ(s.cohorts[1].group, GroupId{2});
  EXPECT_EQ(s.cohorts[1].live(), (Amount{5, 50}));
  EXPECT_EQ(s.live(), (Amount{11, 650}));
  EXPECT_EQ(process.births, (Amount{15, 1050}));
  EXPECT_EQ(process.live(), (Amount{11, 650}));
}

TEST(Reader, AddsUpBothCellsOfAPair) {
  ProcessBuilder b;
  const auto site = b.Site({{"app.py", "f", 1}}, Domain::kRaw);
  b.Born(site, 10, 1000, /*locked=*/true);
  b.Born(site, 1, 7, /*locked=*/false);
  b.Died(site, 0, 10, 1000, /*locked=*/false);  // born with the lock, freed without
  b.TakePeak();
  const Process process = b.Read();
  EXPECT_THAT(process.problems, IsEmpty());
  EXPECT_EQ(process.sites[0].births, (Amount{11, 1007}));
  EXPECT_EQ(process.sites[0].live(), (Amount{1, 7}));
  EXPECT_EQ(process.sites[0].peak_live, (Amount{1, 7}));
}

TEST(Reader, TakesTheLaterPeakImage) {
  ProcessBuilder b;
  const auto site = b.Site({{"app.py", "f", 1}});
  b.Born(site, 2, 20);
  b.TakePeak();
  b.NextEpoch();
  b.Born(site, 3, 30);
  b.TakePeak();
  b.NextEpoch();
  b.Died(site, 0, 2, 20);
  b.TakeFinal();
  b.Died(site, 1, 3, 30);
  const Process process = b.Read();
  EXPECT_THAT(process.problems, IsEmpty());
  EXPECT_TRUE(process.peak.valid);
  EXPECT_EQ(process.peak.live, (Amount{5, 50}));
  EXPECT_EQ(process.peak.group, GroupId{1});
  EXPECT_EQ(process.peak.time_ns, 1'000'000'000u);
  EXPECT_EQ(process.final.live, (Amount{3, 30}));
  EXPECT_EQ(process.sites[0].peak_live, (Amount{5, 50}));
  EXPECT_EQ(process.sites[0].cohorts[0].peak_live, (Amount{2, 20}));
  EXPECT_EQ(process.sites[0].cohorts[0].final_live, (Amount{0, 0}));
  EXPECT_EQ(process.sites[0].cohorts[1].final_live, (Amount{3, 30}));
  EXPECT_EQ(process.live(), (Amount{0, 0}));
  EXPECT_EQ(process.finalizing_group, GroupId{3});
}

TEST(Reader, FillsTheProcess) {
  ProcessBuilder b;
  b.SetCommand({"python3", "-c", "", "x\xff"});
  b.header().limits = kLimitDisk;
  b.header().unrecorded_blocks = 3;
  b.AddThread(1, "MainThread", /*busy=*/true);
  b.AddSample(1'000'000);
  b.NextEpoch({.duration_ns = 2'000'000'000, .other_volume = 500, .iterations = 7});
  b.AddMark("warm");
  const Process process = b.Read();
  EXPECT_THAT(process.problems, IsEmpty());
  EXPECT_THAT(process.command, ElementsAre("python3", "-c", "", "x\xef\xbf\xbd"));
  EXPECT_EQ(process.pid, 4711);
  EXPECT_EQ(process.state, State::kFinished);
  EXPECT_EQ(process.python_text, "3.12.1");
  EXPECT_EQ(process.limits, uint32_t{kLimitDisk});
  EXPECT_EQ(process.unrecorded.blocks, 3u);
  EXPECT_EQ(process.iterations, 7u);
  EXPECT_EQ(process.duration_ns, 3'000'000'000u);
  EXPECT_EQ(process.busy_threads, 1u);
  ASSERT_EQ(process.threads.size(), 1u);
  EXPECT_EQ(process.threads[0].name, "MainThread");
  ASSERT_EQ(process.marks.size(), 1u);
  EXPECT_EQ(process.marks[0].name, "warm");
  EXPECT_EQ(process.marks[0].group, GroupId{1});
  ASSERT_EQ(process.groups.size(), 3u);
  EXPECT_EQ(process.groups[0].end_ns, 2'000'000'000u);
  EXPECT_EQ(process.groups[0].end_volume, 500u);
  EXPECT_EQ(process.groups[0].end_iteration, 7u);
  EXPECT_EQ(process.groups[2].end_ns, 3'000'000'000u);
  EXPECT_EQ(process.groups[2].end_fine, 3u);
}

TEST(Reader, WhatIsAllocatedWhileTheProgramWaitsForLimpetIsNoVolumeOfIts) {
  ProcessBuilder b;
  b.Born(b.Site({{"app.py", "work", 1}}), 10, 5000);
  b.Born(b.Site({{"limpet/_engine.py", "ask", 1}}), 10, 90'000);
  b.header().held_volume = 90'000;
  EXPECT_EQ(b.Read().groups.back().end_volume, 5000u);
  b.header().held_volume = 0;
  b.header().hold_volume = 4000;  // it waits still
  EXPECT_EQ(b.Read().groups.back().end_volume, 4000u);
}

TEST(Reader, CopiesOfAProcessKeepTheirStrings) {
  Process copy;
  {
    ProcessBuilder b;
    b.Born(b.Site({{"a/file/with/a/name/that/is/long/enough.py", "f", 1}}), 1, 1);
    copy = b.Read();
  }
  EXPECT_EQ(copy.frames[0].file, "a/file/with/a/name/that/is/long/enough.py");
}

// The agent's way of folding pair `from` into pair `to`, killed after `steps` of its five steps.
void FoldUpTo(ProcessBuilder& b, uint32_t from, uint32_t to, int steps) {
  auto& cells = b.records<CellRecord>();
  FoldJournal& fold = b.header().fold;
  if (steps >= 1)
    fold = {0, from, to, cells[to].births, cells[to].deaths, 0, cells[to].birth_bytes, cells[to].death_bytes};
  if (steps >= 2) fold.active = 1;
  if (steps >= 3) {
    cells[to].births += cells[from].births;
    cells[to].birth_bytes += cells[from].birth_bytes;
  }
  if (steps >= 4) {
    cells[to].deaths += cells[from].deaths;
    cells[to].death_bytes += cells[from].death_bytes;
  }
  if (steps >= 5) cells[from].site = kNoSite;
  if (steps >= 6) fold.active = 0;
}

TEST(Reader, AFoldGivesTheSameSumsWhereverItWasKilled) {
  for (int steps = 0; steps <= 6; ++steps) {
    ProcessBuilder b;
    const auto site = b.Site({{"app.py", "f", 1}});
    b.Cell(site, 0, 10, 100, 10, 100);
    b.NextEpoch();
    b.Cell(site, 1, 3, 30, 3, 30);
    FoldUpTo(b, 2, 4, steps);
    const Process process = b.Read();
    EXPECT_THAT(process.problems, IsEmpty()) << steps;
    EXPECT_EQ(process.births, (Amount{13, 130})) << steps;
    EXPECT_EQ(process.deaths, (Amount{13, 130})) << steps;
  }
}

}  // namespace
}  // namespace limpet::capture
