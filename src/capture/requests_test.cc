#include "capture/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/text.h"

namespace limpet::capture {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

RequestsHeader SoundHeader(uint32_t records) {
  RequestsHeader header = {};
  std::memcpy(header.magic, kRequestsMagic, sizeof header.magic);
  header.version = kRequestsVersion;
  header.header_size = sizeof(RequestsHeader);
  header.record_size = sizeof(RequestRecord);
  header.max_records = kMaxRequestRecords;
  header.records = records;
  header.begun = 9;
  header.ended = 8;
  return header;
}

RequestRecord Record(const std::string& name, uint64_t count, const std::vector<RequestSample>& samples) {
  RequestRecord record = {};
  record.count = count;
  record.kind = uint32_t(RequestKind::kFunction);
  record.first_line = 7;
  record.samples = uint32_t(samples.size());
  std::copy_n(name.data(), std::min(name.size(), sizeof record.name), record.name);
  std::memcpy(record.file, "/srv/app.py", 11);
  std::memcpy(record.function, "answer", 6);
  std::copy(samples.begin(), samples.end(), record.sample);
  return record;
}

std::string File(const RequestsHeader& header, const std::vector<RequestRecord>& records) {
  std::string file(kRequestsFileSize, '\0');
  std::memcpy(file.data(), &header, sizeof header);
  if (!records.empty())
    std::memcpy(file.data() + sizeof header, records.data(), records.size() * sizeof(RequestRecord));
  return file;
}

TEST(Requests, ASoundFile) {
  const std::string file = File(SoundHeader(1), {Record("GET /a/{id}", 12, {{100, 2}, {200, 10}})});
  const Result<Requests> requests = ParseRequests(file, "requests");
  ASSERT_TRUE(requests.ok()) << requests.message();
  EXPECT_EQ(requests->UnderWay(), 1u);
  ASSERT_THAT(requests->answerers, SizeIs(1));
  const Answerer& who = requests->answerers[0];
  EXPECT_EQ(who.name, "GET /a/{id}");
  EXPECT_EQ(who.file, "/srv/app.py");
  EXPECT_EQ(who.function, "answer");
  EXPECT_EQ(who.first_line, 7u);
  EXPECT_EQ(who.count, 12u);
}

TEST(Requests, BetweenTwoSamplesTheyComeEvenly) {
  const std::string file = File(SoundHeader(1), {Record("a", 12, {{100, 2}, {200, 10}})});
  const Answerer who = ParseRequests(file, "requests")->answerers[0];
  EXPECT_EQ(who.CountAt(50), 0);  // when they began to come is not known
  EXPECT_EQ(who.CountAt(100), 2);
  EXPECT_EQ(who.CountAt(150), 6);
  EXPECT_EQ(who.CountAt(200), 10);
  EXPECT_EQ(who.CountAt(1000), 10);
}

TEST(Requests, OneThatWasNotBegunIsEmpty) {
  const Result<Requests> requests = ParseRequests(std::string(kRequestsFileSize, '\0'), "requests");
  ASSERT_TRUE(requests.ok());
  EXPECT_THAT(requests->answerers, SizeIs(0));
}

TEST(Requests, SamplesThatWereMovedMeanwhileAreLeftOut) {
  const std::string file =
      File(SoundHeader(1), {Record("a", 12, {{100, 2}, {300, 6}, {200, 4}, {300, 6}, {400, 8}, {500, 13}})});
  const Answerer who = ParseRequests(file, "requests")->answerers[0];
  ASSERT_THAT(who.samples, SizeIs(3));
  EXPECT_EQ(who.samples[2].count, 8u);
}

TEST(Requests, AFileThatIsCutShortHoldsWhatIsThere) {
  std::string file = File(SoundHeader(2), {Record("a", 1, {}), Record("b", 1, {})});
  file.resize(sizeof(RequestsHeader) + 2 * sizeof(RequestRecord) - 1);
  EXPECT_THAT(ParseRequests(file, "requests")->answerers, SizeIs(1));
  file.resize(10);
  EXPECT_THAT(ParseRequests(file, "requests").message(), HasSubstr("too short"));
}

TEST(Requests, NamesThatFillTheirPlaceAndThoseCutInALetter) {
  std::string name(239, 'a');
  const std::string file = File(SoundHeader(1), {Record(name + "\xc3\xa9", 1, {})});
  EXPECT_EQ(ParseRequests(file, "requests")->answerers[0].name, name + "\xef\xbf\xbd");
}

TEST(Requests, OthersAreRefused) {
  RequestsHeader header = SoundHeader(0);
  header.version = 7;
  EXPECT_THAT(ParseRequests(File(header, {}), "requests").message(), HasSubstr("version 7"));
  header.magic[0] = 'X';
  EXPECT_THAT(ParseRequests(File(header, {}), "requests").message(), HasSubstr("not what limpet writes"));
}

RC_GTEST_PROP(Requests, WhateverTheRecordsSayCountsDoNotFall, ()) {
  std::vector<RequestRecord> records(2);
  for (RequestRecord& record : records) {
    auto* bytes = reinterpret_cast<char*>(&record);
    for (size_t i = 0; i < sizeof record; ++i) bytes[i] = char(*rc::gen::inRange(0, 4));
    record.kind = *rc::gen::inRange(0u, 5u);
    record.samples = *rc::gen::inRange(0u, 50u);
    record.count = *rc::gen::inRange(0u, 1000u);
    for (RequestSample& sample : record.sample) sample = {*rc::gen::inRange(0u, 100u), *rc::gen::inRange(0u, 1200u)};
  }
  const Result<Requests> requests = ParseRequests(File(SoundHeader(2), records), "requests");
  RC_ASSERT(requests.ok());
  for (const Answerer& who : requests->answerers) {
    double before = 0;
    for (uint64_t at = 0; at < 110; ++at) {
      RC_ASSERT(who.CountAt(at) >= before && who.CountAt(at) <= double(who.count));
      before = who.CountAt(at);
    }
    RC_ASSERT(base::IsValidUtf8(who.name) && base::IsValidUtf8(who.file));
  }
}

}  // namespace
}  // namespace limpet::capture
