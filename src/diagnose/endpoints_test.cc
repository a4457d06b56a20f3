#include "diagnose/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capture/builder.h"

namespace limpet::diagnose {
namespace {

using capture::Answerer;
using capture::Process;
using capture::ProcessBuilder;
using capture::RequestKind;
using testing::SizeIs;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint32_t kSeconds = 40;
constexpr uint32_t kEach = 10;  // requests a second

const ProcessBuilder::FrameSpec kServer = {"/lib/server.py", "serve", 5, 1};
const ProcessBuilder::FrameSpec kRest = {"<limpet requests>", "(rest)", 1, 1};
const ProcessBuilder::FrameSpec kKeeps = {"/srv/app.py", "keeps", 12, 10};
const ProcessBuilder::FrameSpec kHelper = {"/srv/store.py", "put", 44, 40};
const ProcessBuilder::FrameSpec kOther = {"/srv/app.py", "other", 22, 20};

Answerer Who(RequestKind kind, const std::string& name, const ProcessBuilder::FrameSpec& code) {
  Answerer who;
  who.kind = kind;
  who.name = name;
  who.file = code.file;
  who.function = code.function;
  who.first_line = code.first_line;
  who.count = uint64_t{kSeconds} * kEach;
  for (uint64_t i = 1; i <= 20; ++i) who.samples.push_back({i * kSeconds * kSecond / 20, i * who.count / 20});
  return who;
}

Process WithRequests(const ProcessBuilder& builder, std::vector<Answerer> answerers) {
  Process process = builder.Read();
  process.requests.answerers = std::move(answerers);
  process.requests.begun = process.requests.ended = uint64_t{kSeconds} * kEach;
  return process;
}

// Each second `kEach` requests, each of which leaves a block of 100 bytes at every one of these stacks.
void Serve(ProcessBuilder& b, const std::vector<uint32_t>& sites) {
  for (uint32_t second = 0; second < kSeconds; ++second) {
    for (const uint32_t site : sites) b.Born(site, kEach, uint64_t{kEach} * 100);
    b.NextEpoch({.duration_ns = kSecond});
  }
}

TEST(Endpoints, WhatStaysOfARequestIsLaidToTheFunctionInItsStack) {
  ProcessBuilder b;
  const uint32_t kept = b.Site({kHelper, kKeeps, kRest, kServer});
  b.Born(b.Site({kOther, kRest, kServer}), 1, 5000);  // once, at the beginning: a cache
  Serve(b, {kept, b.Site({kServer})});
  const Process process =
      WithRequests(b, {Who(RequestKind::kRest, "(rest)", kRest), Who(RequestKind::kFunction, "GET /other", kOther),
                       Who(RequestKind::kFunction, "GET /keeps", kKeeps)});
  const Endpoints all = FindEndpoints({&process});
  EXPECT_EQ(all.requests, 400u);
  ASSERT_THAT(all.rows, SizeIs(3));
  EXPECT_EQ(all.rows[0].name, "GET /keeps");
  EXPECT_TRUE(all.rows[0].settled);
  EXPECT_NEAR(all.rows[0].BytesPerRequest(), 100, 1);
  EXPECT_NEAR(all.rows[0].BlocksPerRequest(), 1, 0.01);
  EXPECT_EQ(all.rows[0].live.bytes, 40000u);
  ASSERT_THAT(all.rows[0].lines, SizeIs(1));
  EXPECT_EQ(all.rows[0].lines[0].where.line, 44u);
  EXPECT_EQ(all.rows[1].name, "GET /other");
  EXPECT_EQ(all.rows[1].BytesPerRequest(), 0);
  EXPECT_EQ(all.rows[1].live.bytes, 5000u);
  EXPECT_EQ(all.rows[2].kind, RequestKind::kRest);
  EXPECT_EQ(all.rows[2].live.bytes, 0u);
}

TEST(Endpoints, TheOutermostFunctionThatAnswersHasIt) {
  ProcessBuilder b;
  Serve(b, {b.Site({kOther, kKeeps, kServer})});  // one calls the other as a function
  const Process process =
      WithRequests(b, {Who(RequestKind::kFunction, "other", kOther), Who(RequestKind::kFunction, "keeps", kKeeps)});
  const Endpoints all = FindEndpoints({&process});
  EXPECT_EQ(all.rows[0].name, "keeps");
  EXPECT_NEAR(all.rows[0].BytesPerRequest(), 100, 1);
  EXPECT_EQ(all.rows[1].live.bytes, 0u);
}

TEST(Endpoints, AGeneratorThatTheServerGoesThroughIsTheFunctionsThatDefinesIt) {
  ProcessBuilder b;
  const ProcessBuilder::FrameSpec parts = {"/srv/app.py", "keeps.<locals>.parts", 14, 13};
  const ProcessBuilder::FrameSpec stranger = {"/srv/other.py", "keeps.<locals>.parts", 14, 13};
  Serve(b, {b.Site({parts, kServer}), b.Site({stranger, kServer})});
  const Process process = WithRequests(b, {Who(RequestKind::kFunction, "keeps", kKeeps)});
  EXPECT_NEAR(FindEndpoints({&process}).rows[0].BytesPerRequest(), 100, 1);
}

TEST(Endpoints, OfTwoFunctionsWithOneNameNeitherHasWhatTheyDefine) {
  ProcessBuilder b;
  ProcessBuilder::FrameSpec second = kKeeps;
  second.first_line = 60;
  Serve(b, {b.Site({{"/srv/app.py", "keeps.<locals>.parts", 14, 13}, kServer})});
  const Process process =
      WithRequests(b, {Who(RequestKind::kFunction, "a", kKeeps), Who(RequestKind::kFunction, "b", second)});
  for (const Endpoint& row : FindEndpoints({&process}).rows) EXPECT_EQ(row.live.bytes, 0u) << row.name;
}

TEST(Endpoints, WithFewRequestsNothingIsLeftOutAndItSaysSo) {
  ProcessBuilder b;
  b.Born(b.Site({kKeeps, kServer}), 3, 3000);
  b.NextEpoch();
  Answerer who = Who(RequestKind::kFunction, "keeps", kKeeps);
  who.count = 3;
  who.samples = {{kSecond / 2, 3}};
  const Process process = WithRequests(b, {who});
  const Endpoint row = FindEndpoints({&process}).rows.at(0);
  EXPECT_FALSE(row.settled);
  EXPECT_EQ(row.BytesPerRequest(), 1000);
}

TEST(Endpoints, ABurstBetweenTwoSamplesIsNotTakenApart) {
  ProcessBuilder b;
  Serve(b, {b.Site({kKeeps, kServer})});
  Answerer who = Who(RequestKind::kFunction, "keeps", kKeeps);
  who.samples = {{kSecond, 10}, {20 * kSecond, 20}, {30 * kSecond, 390}, {40 * kSecond, 400}};
  const Process process = WithRequests(b, {who});
  const Endpoint row = FindEndpoints({&process}).rows.at(0);
  EXPECT_FALSE(row.settled);
  EXPECT_EQ(row.BytesPerRequest(), 100);
}

TEST(Endpoints, WorkersAreAddedUp) {
  ProcessBuilder one, two;
  Serve(one, {one.Site({kKeeps, kServer})});
  Serve(two, {two.Site({kServer})});
  const std::vector<Answerer> keeps = {Who(RequestKind::kFunction, "keeps", kKeeps)};
  const Process first = WithRequests(one, keeps), second = WithRequests(two, keeps);
  const Endpoints all = FindEndpoints({&first, &second});
  ASSERT_THAT(all.rows, SizeIs(1));
  EXPECT_EQ(all.rows[0].requests, 800u);
  EXPECT_NEAR(all.rows[0].BytesPerRequest(), 50, 1);
}

TEST(Endpoints, APathThatNobodyCountedIsPartOfTheRest) {
  ProcessBuilder b;
  const ProcessBuilder::FrameSpec path = {"<limpet requests>", "GET /x", 1, 1};
  Serve(b, {b.Site({path, kServer})});
  Answerer never = Who(RequestKind::kPath, "GET /x", path);
  never.count = 0;
  never.samples.clear();
  const Process process = WithRequests(b, {Who(RequestKind::kRest, "(rest)", kRest), never});
  const Endpoints all = FindEndpoints({&process});
  ASSERT_THAT(all.rows, SizeIs(1));
  EXPECT_NEAR(all.rows[0].BytesPerRequest(), 100, 1);
}

TEST(Endpoints, NobodyCounted) {
  ProcessBuilder b;
  Serve(b, {b.Site({kKeeps})});
  const Process process = b.Read();
  EXPECT_THAT(FindEndpoints({&process}).rows, SizeIs(0));
}

}  // namespace
}  // namespace limpet::diagnose
