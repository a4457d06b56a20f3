#include "capture/memory_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <string>

#include "base/crc32.h"

namespace limpet::capture {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

MemoryHeader SoundHeader() {
  MemoryHeader header = {};
  std::memcpy(header.magic, kMemoryMagic, sizeof header.magic);
  header.version = kMemoryVersion;
  header.header_size = sizeof(MemoryHeader);
  header.resource_size = sizeof(ResourceRecord);
  header.ledger_size = sizeof(LedgerRecord);
  header.max_resources = kMaxResources;
  header.max_ledgers = kMaxLedgers;
  header.pid = 4711;
  header.header_crc = base::Crc32(&header, offsetof(MemoryHeader, header_crc));
  return header;
}

ResourceRecord Sample(uint64_t time_ns, uint32_t open) {
  ResourceRecord record = {};
  record.time_ns = time_ns;
  record.open = open;
  return record;
}

template <typename T>
void Put(std::string& file, uint32_t base, uint32_t index, const T& record) {
  std::memcpy(file.data() + base + index * sizeof(T), &record, sizeof record);
}

// Three samples, ledgers 17 and 16 (their slots are the other way round), one trial.
std::string SoundFile() {
  std::string file(kMemoryFileSize, '\0');
  MemoryHeader header = SoundHeader();
  header.resources = 3;
  header.trims_done = 1;
  header.trim = {5, 100, 40};
  Put(file, 0, 0, header);
  for (uint32_t i = 0; i < 3; ++i) Put(file, kResourceOffset, i, Sample(10 + i, 3 + i));
  for (const uint32_t number : {17u, 16u}) {
    LedgerRecord ledger = {};
    ledger.number = number;
    ledger.anon = number * 1000;
    Put(file, kLedgerOffset, number % kMaxLedgers, ledger);
  }
  return file;
}

TEST(MemoryRecord, ASoundFile) {
  const Result<MemoryRecord> memory = ParseMemory(SoundFile(), "memory");
  ASSERT_TRUE(memory.ok()) << memory.message();
  EXPECT_THAT(memory->problems, SizeIs(0));
  ASSERT_THAT(memory->resources, SizeIs(3));
  EXPECT_EQ(memory->resources[2].open, 5u);
  ASSERT_THAT(memory->ledgers, SizeIs(2));
  EXPECT_EQ(memory->ledgers[0].number, 16u);
  EXPECT_EQ(memory->ledgers[1].anon, 17000u);
  ASSERT_TRUE(memory->trim.has_value());
  EXPECT_EQ(memory->trim->anon_after, 40u);
}

TEST(MemoryRecord, OneThatWasNotBegunIsEmpty) {
  const Result<MemoryRecord> memory = ParseMemory(std::string(kMemoryFileSize, '\0'), "memory");
  ASSERT_TRUE(memory.ok());
  EXPECT_THAT(memory->ledgers, SizeIs(0));
  EXPECT_FALSE(memory->trim.has_value());
}

TEST(MemoryRecord, RecordsThatWereMovedMeanwhileAreLeftOut) {
  std::string file = SoundFile();
  Put(file, kResourceOffset, 2, Sample(11, 0));
  EXPECT_THAT(ParseMemory(file, "memory")->resources, SizeIs(2));
}

TEST(MemoryRecord, ImpossibleFiguresAreTold) {
  std::string file = SoundFile();
  LedgerRecord ledger = {};
  ledger.number = 16;
  ledger.arena_pins[3].pinned = ~uint64_t{0};
  Put(file, kLedgerOffset, 0, ledger);
  const Result<MemoryRecord> memory = ParseMemory(file, "memory");
  EXPECT_THAT(memory->ledgers, SizeIs(1));
  EXPECT_THAT(memory->problems, testing::ElementsAre(HasSubstr("ledger 16")));
}

TEST(MemoryRecord, OthersAreRefused) {
  EXPECT_THAT(ParseMemory("", "memory").message(), HasSubstr("too short"));
  std::string file = SoundFile();
  file[0] = 'X';
  EXPECT_THAT(ParseMemory(file, "memory").message(), HasSubstr("not what limpet writes"));
  file = SoundFile();
  file[8] = 9;
  EXPECT_THAT(ParseMemory(file, "memory").message(), HasSubstr("version 9"));
  file = SoundFile();
  file[12] = 7;
  EXPECT_THAT(ParseMemory(file, "memory").message(), HasSubstr("damaged"));
}

TEST(MemoryRecord, OneCutShortHoldsWhatIsThere) {
  const Result<MemoryRecord> memory = ParseMemory(SoundFile().substr(0, kLedgerOffset + 100), "memory");
  ASSERT_TRUE(memory.ok());
  EXPECT_THAT(memory->resources, SizeIs(3));
  EXPECT_THAT(memory->ledgers, SizeIs(0));
  EXPECT_THAT(memory->problems, testing::ElementsAre(HasSubstr("cut short")));
}

RC_GTEST_PROP(MemoryRecord, WhateverTheBytesSayRecordsAreInOrder, ()) {
  std::string file = SoundFile();
  for (int bytes = *rc::gen::inRange(1, 200); bytes > 0; --bytes)
    file[size_t(*rc::gen::inRange<int>(40, kMemoryFileSize))] = *rc::gen::arbitrary<char>();
  const Result<MemoryRecord> memory = ParseMemory(file, "memory");
  RC_ASSERT(memory.ok());
  for (size_t i = 1; i < memory->resources.size(); ++i)
    RC_ASSERT(memory->resources[i - 1].time_ns < memory->resources[i].time_ns);
  for (const LedgerRecord& ledger : memory->ledgers) RC_ASSERT(ledger.anon <= uint64_t{1} << 47);
}

}  // namespace
}  // namespace limpet::capture
