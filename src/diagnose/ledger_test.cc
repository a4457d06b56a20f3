#include "diagnose/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace limpet::diagnose {
namespace {

using capture::LedgerRecord;
using capture::Process;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kMega = 1'000'000;

// A process of 100 MB: 90 of them live, the rest small change.
LedgerRecord Quiet() {
  LedgerRecord r = {};
  r.number = 1;
  r.flags = capture::kLedgerFrozen;
  r.time_ns = 10'000'000'000;
  r.anon = 100 * kMega;
  r.live_python = 90 * kMega;
  r.arena_free = 2 * kMega;
  r.malloc_pages = 2 * kMega;
  r.malloc_parts = 1 * kMega;
  r.agent = 4 * kMega;
  r.file = 8 * kMega;
  r.malloc_heaps = 1;
  return r;
}

Process With(const std::vector<LedgerRecord>& ledgers) {
  Process process;
  process.pid = 7;
  process.memory.ledgers = ledgers;
  // RSS rises from 20 to 100 MB while 15 MB live all the time.
  for (uint64_t second = 0; second <= 10; ++second) {
    capture::SampleRecord sample = {};
    sample.time_ns = second * 1'000'000'000;
    sample.rss_bytes = (20 + 8 * second) * kMega;
    sample.live_bytes = 15 * kMega;
    process.samples.push_back(sample);
  }
  return process;
}

std::vector<std::string_view> Reasons(const MemoryAccount& account) {
  std::vector<std::string_view> out;
  for (const MemoryNote& note : account.notes) out.push_back(note.reason);
  return out;
}

TEST(Ledger, NoneWithoutARecord) {
  const MemoryAccount account = AccountMemory(Process(), {});
  EXPECT_FALSE(account.ledger.has_value());
  EXPECT_THAT(account.notes, IsEmpty());
}

TEST(Ledger, TheLatestCounts) {
  LedgerRecord later = Quiet();
  later.number = 2;
  later.anon = 120 * kMega;
  const MemoryAccount account = AccountMemory(With({Quiet(), later}), {});
  EXPECT_EQ(account.ledger->own, 120 * kMega);
  EXPECT_EQ(account.ledger->rest, int64_t(21 * kMega));
}

TEST(Ledger, AQuietProcessHasNoNotes) {
  const MemoryAccount account = AccountMemory(With({Quiet()}), {});
  EXPECT_THAT(account.notes, IsEmpty());
  EXPECT_EQ(account.unexplained_rise, "");
  EXPECT_EQ(account.ledger->rest, int64_t(1 * kMega));
}

TEST(Ledger, TheRestMayBeNegative) {
  LedgerRecord r = Quiet();
  r.live_python = 98 * kMega;
  EXPECT_EQ(AccountMemory(With({r}), {}).ledger->rest, -int64_t(7 * kMega));
}

RC_GTEST_PROP(Ledger, PartsAndRestAreTheWhole, ()) {
  LedgerRecord r = {};
  r.number = 1;
  const auto bytes = rc::gen::inRange<uint64_t>(0, uint64_t{1} << 40);
  for (uint64_t* part :
       {&r.anon, &r.live_python, &r.live_raw, &r.live_native, &r.live_mapped, &r.arena_free, &r.arena_rounding,
        &r.malloc_pages, &r.malloc_parts, &r.malloc_rounding, &r.stacks, &r.library_data, &r.agent, &r.pinned})
    *part = *bytes;
  const MemoryAccount account = AccountMemory(With({r}), {});
  int64_t sum = account.ledger->rest;
  for (const LedgerPart& part : account.ledger->parts) sum += int64_t(part.bytes);
  RC_ASSERT(sum == int64_t(r.anon));
  RC_ASSERT(account.ledger->pinned <= account.ledger->Part("arena_free"));
}

TEST(Ledger, PinnedArenasAreFragmentation) {
  LedgerRecord r = Quiet();
  r.live_python = 20 * kMega;
  r.arena_free = 72 * kMega;
  r.pinned = 70 * kMega;
  r.arenas = 90;
  r.sparse_arenas = 70;
  r.arena_pins[0] = {.site = 0xffffffff, .blocks = 300, .bytes = 9000, .pinned = 60 * kMega};
  const MemoryAccount account = AccountMemory(With({r}), {});
  ASSERT_THAT(Reasons(account), ElementsAre("fragmentation"));
  EXPECT_THAT(account.notes[0].text, HasSubstr("70 MB are free in 70 of pymalloc's 90 arenas"));
  EXPECT_THAT(account.notes[0].text, HasSubstr("300 blocks"));
  EXPECT_THAT(account.notes[0].finding.evidence[1], HasSubstr("live memory from 15 MB to 15 MB"));
  EXPECT_THAT(account.unexplained_rise, HasSubstr("RSS rose by"));
}

TEST(Ledger, ARiseThatAFindingExplainsIsNotTold) {
  LedgerRecord r = Quiet();
  r.live_python = 20 * kMega;
  r.arena_free = r.pinned = 70 * kMega;
  Finding finding;
  finding.confidence = 0.9;
  finding.processes = {7};
  finding.live.bytes = 50 * kMega;
  EXPECT_EQ(AccountMemory(With({r}), {finding}).unexplained_rise, "");
  finding.processes = {8};
  EXPECT_NE(AccountMemory(With({r}), {finding}).unexplained_rise, "");
}

TEST(Ledger, FreePagesOfMallocAreRetentionAndATrialProvesIt) {
  LedgerRecord r = Quiet();
  r.live_python = 40 * kMega;
  r.malloc_pages = 50 * kMega;
  r.malloc_heaps = 9;
  Process process = With({r});
  const MemoryAccount guess = AccountMemory(process, {});
  ASSERT_THAT(Reasons(guess), ElementsAre("arena-retention"));
  EXPECT_THAT(guess.notes[0].finding.evidence.back(), HasSubstr("--trim"));
  EXPECT_THAT(guess.notes[0].finding.heap.fix, HasSubstr("MALLOC_ARENA_MAX"));
  process.memory.trim = capture::TrimRecord{5'000'000'000, 100 * kMega, 55 * kMega};
  EXPECT_THAT(AccountMemory(process, {}).notes[0].finding.evidence.back(), HasSubstr("gave 45 MB back"));
}

TEST(Ledger, FreeBetweenLiveBlocksIsFragmentationOfMalloc) {
  LedgerRecord r = Quiet();
  r.live_python = 40 * kMega;
  r.malloc_parts = 50 * kMega;
  const MemoryAccount account = AccountMemory(With({r}), {});
  ASSERT_THAT(Reasons(account), ElementsAre("fragmentation"));
  EXPECT_EQ(account.notes[0].finding.kind, Kind::kNative);
}

TEST(Ledger, MappedFilesArePageCache) {
  LedgerRecord r = Quiet();
  r.file = 300 * kMega;
  const MemoryAccount account = AccountMemory(With({r}), {});
  EXPECT_THAT(Reasons(account), ElementsAre("page-cache"));
}

TEST(Ledger, ACgroupsCacheCountsWhereTheProgramIsMostOfItAndItRose) {
  LedgerRecord first = Quiet(), last = Quiet();
  first.flags |= capture::kLedgerCgroup;
  last.flags |= capture::kLedgerCgroup;
  last.number = 2;
  first.cgroup_file = 100 * kMega;
  last.cgroup_file = 600 * kMega;
  last.cgroup_bytes = 720 * kMega;
  const MemoryAccount account = AccountMemory(With({first, last}), {});
  EXPECT_THAT(Reasons(account), ElementsAre("page-cache"));
  EXPECT_EQ(account.unexplained_rise, "") << "it is no part of RSS";
  last.cgroup_bytes = 1100 * kMega;  // others are larger
  EXPECT_THAT(AccountMemory(With({first, last}), {}).notes, IsEmpty());
  last.cgroup_bytes = 720 * kMega;
  first.cgroup_file = 599 * kMega;  // it was there before
  EXPECT_THAT(AccountMemory(With({first, last}), {}).notes, IsEmpty());
}

}  // namespace
}  // namespace limpet::diagnose
