// Damaged recordings: what is dropped, and how it is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "capture/builder.h"
#include "capture/reader.h"

namespace limpet::capture {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// One of everything.
ProcessBuilder Sample() {
  ProcessBuilder b;
  const auto site = b.Site({{"app.py", "open", 40}, {"app.py", "main", 88}});
  b.Born(site, 10, 1000);
  b.Born(b.Site({{"app.py", "read", 7}}, Domain::kRaw), 2, 20, /*locked=*/false);
  b.AddThread(1, "MainThread");
  b.AddSample(1 << 20);
  b.TakePeak();
  b.AddMark("ready");
  b.Died(site, 0, 4, 400);
  b.TakePeak();
  b.TakeFinal();
  return b;
}

template <typename T>
std::string With(std::string bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

// The sums that hold for whatever the reader returns.
void ExpectConsistent(const Process& process) {
  Amount births, deaths;
  ASSERT_FALSE(process.nodes.empty());
  ASSERT_FALSE(process.groups.empty());
  ASSERT_LE(process.groups.size(), kMaxEpochGroups);
  for (const Site& site : process.sites) {
    ASSERT_LT(site.node.value, process.nodes.size());
    ASSERT_FALSE(site.cohorts.empty());
    Amount site_births, site_deaths;
    for (size_t i = 0; i < site.cohorts.size(); ++i) {
      const Cohort& cohort = site.cohorts[i];
      ASSERT_LT(cohort.group.value, process.groups.size());
      ASSERT_TRUE(i == 0 || site.cohorts[i - 1].group < cohort.group);
      ASSERT_LE(cohort.deaths.blocks, cohort.births.blocks);
      ASSERT_LE(cohort.deaths.bytes, cohort.births.bytes);
      ASSERT_LE(cohort.peak_live.blocks, cohort.births.blocks);
      site_births += cohort.births;
      site_deaths += cohort.deaths;
    }
    ASSERT_EQ(site.births, site_births);
    ASSERT_EQ(site.deaths, site_deaths);
    births += site_births;
    deaths += site_deaths;
  }
  ASSERT_EQ(process.births, births);
  ASSERT_EQ(process.deaths, deaths);
  for (size_t i = 1; i < process.nodes.size(); ++i) {
    ASSERT_LT(process.nodes[i].parent.value, i);
    ASSERT_LT(process.nodes[i].frame.value, process.frames.size());
    ASSERT_EQ(process.Stack(NodeId{uint32_t(i)}).size(), process.nodes[i].depth);
  }
}

TEST(Damage, HeadersThatAreNotOursAreErrorsWithFileAndOffset) {
  const std::string good = Sample().Bytes();
  const auto message = [](const std::string& bytes) { return ParseProcess(bytes, "r/p1/data").message(); };
  EXPECT_EQ(message(""), "r/p1/data is empty: the process ended before its recording began");
  EXPECT_EQ(message(std::string(65536, '\0')), "r/p1/data: the process ended before its recording began");
  EXPECT_EQ(message("PK\x03\x04 and more"),
            "r/p1/data: not a recording that this limpet can read: it does not begin with \"LIMPET\" (at offset 0)");
  EXPECT_THAT(message(good.substr(0, 100)), HasSubstr("too short for a recording: 100 bytes"));
  EXPECT_THAT(message(With(good, offsetof(FileHeader, version), 99u)),
              HasSubstr("format version 99, this limpet reads version 2"));
  EXPECT_THAT(message(With(good, offsetof(FileHeader, block_size), 4096u)),
              HasSubstr("block size is 4096 and not 65536 (at offset 16)"));
  EXPECT_THAT(message(With(good, offsetof(FileHeader, record_sizes) + 4 * size_t(Table::kCells), 8u)),
              HasSubstr("record size of cells is 8 and not 32"));
}

TEST(Damage, AWrongChecksumIsTold) {
  const Process process = *ParseProcess(With(Sample().Bytes(), offsetof(FileHeader, pid), 1), "data");
  EXPECT_THAT(process.problems, ElementsAre(HasSubstr("header: its checksum is wrong")));
}

TEST(Damage, AnUnknownStateIsTold) {
  const Process process = *ParseProcess(With(Sample().Bytes(), offsetof(FileHeader, state), 77u), "data");
  EXPECT_THAT(process.problems, ElementsAre(HasSubstr("state 77 does not exist")));
  EXPECT_EQ(process.state, State::kRecording);
}

TEST(Damage, CountsBeyondTheBlocksAreCut) {
  const size_t count = offsetof(FileHeader, counts) + 4 * size_t(Table::kThreads);
  const Process process = *ParseProcess(With(Sample().Bytes(), count, 0xffffffffu), "data");
  EXPECT_THAT(process.problems, ElementsAre("table threads: records 1024 to 4294967294 are missing from the file"));
  EXPECT_EQ(process.births, (Amount{12, 1020}));
}

TEST(Damage, ReferencesToWhatDoesNotExistAreToldAndDropped) {
  ProcessBuilder b = Sample();
  b.records<CellRecord>()[4].site = 99;
  b.records<FrameRecord>()[0].code = 50;
  b.records<CodeRecord>()[1].name = 0x3fffffff;
  b.records<NodeRecord>()[2].parent = 2;
  b.records<NodeRecord>()[3].frame = 1234;
  const Process process = b.Read();
  EXPECT_THAT(process.problems,
              Contains("cell 4: its site 99 does not exist (2 sites); 0 births and 0 deaths are not counted"));
  EXPECT_THAT(process.problems, Contains("frame 0: its code 50 does not exist"));
  EXPECT_THAT(process.problems, Contains("code 1: its string 1073741823 does not exist or is damaged"));
  EXPECT_THAT(process.problems, Contains("node 2: its parent 2 does not come before it; its callers are lost"));
  EXPECT_THAT(process.problems, Contains("node 3: its frame 1234 does not exist (3 frames)"));
  EXPECT_EQ(process.frames[0].file, "?");
  EXPECT_EQ(process.births, (Amount{12, 1020}));
  ExpectConsistent(process);
}

TEST(Damage, MoreDeathsThanBirthsAreToldAndCut) {
  ProcessBuilder b;
  const auto site = b.Site({{"app.py", "f", 1}});
  b.Cell(site, 0, 3, 30, 5, 50);
  const Process process = b.Read();
  EXPECT_THAT(process.problems,
              ElementsAre("site of node 1, domain 2, epoch group 0: 5 blocks died, but only 3 were born"));
  EXPECT_EQ(process.live(), (Amount{0, 0}));
}

TEST(Damage, AnOperationHalfCountedByAKilledThreadIsNone) {
  ProcessBuilder b;
  b.Cell(b.Site({{"app.py", "f", 1}}), 0, 3, 30, 4, 30);
  b.AddThread(1, "MainThread", /*busy=*/true);
  EXPECT_THAT(b.Read().problems, IsEmpty());
}

TEST(Damage, ManyOdditiesOfAKindAreCounted) {
  ProcessBuilder b;
  b.records<CellRecord>().resize(1000, CellRecord{});  // no sites at all
  EXPECT_THAT(b.Read().problems, ElementsAre(HasSubstr("cell 2:"), HasSubstr("cell 3:"), HasSubstr("cell 4:"),
                                             "995 more cells of sites that do not exist"));
}

TEST(Damage, DuplicateAndMissingBlocksAreTold) {
  ProcessBuilder b;
  const auto site = b.Site({{"app.py", "f", 1}});
  b.records<CellRecord>().resize(2048 + 2, CellRecord{kNoSite, 0, 0, 0, 0, 0});  // a second block
  b.Cell(site, 0, 1, 8, 0, 0);
  std::string bytes = b.Bytes();
  for (size_t block = 1; block < bytes.size() / kBlockSize; ++block) {
    BlockEntry entry;
    std::memcpy(&entry, bytes.data() + kHeaderSize + 4 * block, sizeof entry);
    if (entry.table() == Table::kCells && entry.index() == 0) {
      bytes = With(bytes, kHeaderSize + 4 * block, BlockEntry::Pack(Table::kCells, 1));
    }
  }
  const Process process = *ParseProcess(bytes, "data");
  EXPECT_THAT(process.problems, Contains(HasSubstr("both are part 1 of table cells; the first is taken")));
  EXPECT_THAT(process.problems, Contains("table cells: records 0 to 2047 are missing from the file"));
}

TEST(Damage, AForgedBlockNumberDoesNotTakeMemory) {
  std::string bytes = With(Sample().Bytes(), kHeaderSize + 4, BlockEntry::Pack(Table::kStrings, 0xffffff));
  const Process process = *ParseProcess(bytes, "data");
  EXPECT_THAT(process.problems, Contains(HasSubstr("said to be part 16777215 of table strings")));
}

TEST(Damage, StringsAreRepairedAndMayNotOverlap) {
  ProcessBuilder b;
  b.Born(b.Site({{"caf\xe9.py", "f", 1}}), 1, 1);
  EXPECT_EQ(b.Read().frames[0].file, "caf\xef\xbf\xbd.py");
  // Ids in the middle of one long string of what looks like lengths: a megabyte of names out of 16 KB.
  ProcessBuilder forged;
  std::string lengths;
  for (int i = 0; i < 2000; ++i) lengths += std::string("\x00\x10\x00\x00", 4);
  const uint32_t id = forged.String(lengths);
  for (uint32_t i = 0; i < 900; ++i) forged.records<CodeRecord>().push_back({id + 1 + i, 0, 0, 0, 0, 0, 0});
  for (uint32_t i = 0; i < 900; ++i) forged.records<FrameRecord>().push_back({i, 0, 0, 0, 0, 0, 0});
  const Process process = forged.Read();
  EXPECT_THAT(process.problems, Contains(HasSubstr("overlaps other strings")));
  size_t bytes = 0;
  for (const std::string& text : *process.strings_storage) bytes += text.size();
  EXPECT_LE(bytes, 3 * 8008u);  // a replaced byte takes three
}

TEST(Damage, AFileCutShortAnywhereIsReadAsFarAsItGoes) {
  const std::string good = Sample().Bytes();
  // Everywhere in the header and the directory, then around and within the blocks.
  for (size_t size = 0; size < good.size(); size += size < 5000 ? 1 : size % kBlockSize < 200 ? 3 : 997) {
    const Result<Process> process = ParseProcess(std::string_view(good).substr(0, size), "data");
    if (!process.ok()) {
      ASSERT_LT(size, sizeof(FileHeader)) << process.message();
      continue;
    }
    ExpectConsistent(*process);
    if (HasFatalFailure()) FAIL() << "cut at " << size;
  }
  const Process half = *ParseProcess(std::string_view(good).substr(0, 3 * kBlockSize), "data");
  EXPECT_THAT(half.problems, Contains(HasSubstr("table cells: records 0 to 5 are missing from the file")));
}

RC_GTEST_PROP(Damage, FlippedBitsNeverBreakTheReader, ()) {
  static const std::string good = Sample().Bytes();
  std::string bytes = good;
  const int flips = *rc::gen::inRange(1, 8);
  for (int i = 0; i < flips; ++i) {
    // Blocks are mostly padding: aim at the first bytes of each.
    const size_t block = *rc::gen::inRange<size_t>(0, bytes.size() / kBlockSize);
    const size_t offset = *rc::gen::inRange<size_t>(0, block == 0 ? 4200 : 300);
    bytes[block * kBlockSize + offset] ^= char(1 << *rc::gen::inRange(0, 8));
  }
  const Result<Process> process = ParseProcess(bytes, "data");
  if (process.ok()) ExpectConsistent(*process);
  RC_ASSERT(!::testing::Test::HasFatalFailure());
}

}  // namespace
}  // namespace limpet::capture
