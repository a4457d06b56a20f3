// Whole recordings, from stacks and epochs to findings.
#include "diagnose/diagnose.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "capture/builder.h"

namespace limpet::diagnose {
namespace {

using capture::Domain;
using capture::ProcessBuilder;
using Frames = std::vector<ProcessBuilder::FrameSpec>;

constexpr int kEpochs = 40;
const ProcessBuilder::FrameSpec kMain = {"/app/app.py", "main", 88};
const ProcessBuilder::FrameSpec kHandle = {"/app/app.py", "handle", 60};

capture::Recording RecordingOf(const std::vector<const ProcessBuilder*>& builders) {
  capture::Recording recording;
  for (const ProcessBuilder* builder : builders) recording.processes.push_back(builder->Read());
  return recording;
}

Diagnosis DiagnoseOne(const ProcessBuilder& builder) { return Diagnose(RecordingOf({&builder}), {}); }

// Lets the process live for kEpochs seconds; `work` says what happens in each.
template <typename Work>
void Live(ProcessBuilder& builder, Work work) {
  for (int second = 0; second < kEpochs; second++) {
    work(second);
    builder.NextEpoch({.duration_ns = 1'000'000'000, .other_volume = 100'000, .iterations = 0});
  }
}

TEST(Diagnose, NamesTheUsersLineBelowLibraries) {
  ProcessBuilder b;
  const uint32_t site = b.Site({{"/usr/lib/python3.12/json/decoder.py", "decode", 353},
                                {"/venv/lib/python3.12/site-packages/orm/row.py", "load", 7},
                                {"/app/app.py", "open_session", 40},
                                kMain});
  Live(b, [&](int) { b.Born(site, 10, 1000); });
  const Diagnosis d = DiagnoseOne(b);
  EXPECT_EQ(d.verdict, Verdict::kLeak);
  ASSERT_EQ(d.findings.size(), 1u);
  EXPECT_EQ(d.findings[0].site[0].function, "open_session");
  EXPECT_EQ(d.findings[0].site[0].line, 40u);
  EXPECT_EQ(d.findings[0].below.size(), 2u);
  EXPECT_EQ(d.findings[0].kind, Kind::kPythonObject);
  EXPECT_NEAR(d.findings[0].bytes_per_second, 1000, 60);
  EXPECT_EQ(d.findings[0].live.blocks, 400u);
}

TEST(Diagnose, MakesOneFindingOfARecordAndItsParts) {
  ProcessBuilder b;
  const uint32_t record = b.Site({{"/app/app.py", "Record.__init__", 12}, kHandle, kMain});
  const uint32_t name = b.Site({{"/app/app.py", "Record.__init__", 13}, kHandle, kMain});
  const uint32_t number = b.Site({kMain});
  Live(b, [&](int) { b.Born(record, 5, 5000), b.Born(name, 5, 400), b.Born(number, 5, 160); });
  const Diagnosis d = DiagnoseOne(b);
  ASSERT_EQ(d.findings.size(), 1u);
  EXPECT_EQ(d.findings[0].site[0].line, 12u);
  EXPECT_EQ(d.findings[0].parts.size(), 2u);
  EXPECT_EQ(d.findings[0].live.bytes, kEpochs * 5560u);
}

TEST(Diagnose, LaysRecycledBlocksToTheLineThatLeaks) {
  ProcessBuilder b;
  const uint32_t leak = b.Site({{"/app/cache.py", "remember", 9}, kHandle, kMain});
  const uint32_t churn = b.Site({{"/app/search.py", "search", 55}, kMain});
  Live(b, [&](int) {
    b.Born(leak, 8, 8000);
    b.Born(churn, 1000, 56'000);
    b.Died(churn, b.epoch(), 992, 992 * 56);  // 8 of them are in use again, by what `remember` leaks
  });
  const Diagnosis d = DiagnoseOne(b);
  ASSERT_EQ(d.findings.size(), 1u);
  EXPECT_EQ(d.findings[0].site[0].function, "remember");
  EXPECT_EQ(d.findings[0].parts.size(), 1u);
}

TEST(Diagnose, KeepsTwoLeaksApart) {
  ProcessBuilder b;
  const uint32_t one = b.Site({{"/app/a.py", "one", 9}, kMain});
  const uint32_t two = b.Site({{"/app/b.py", "two", 9}, {"/app/b.py", "other", 3}});
  Live(b, [&](int) { b.Born(one, 5, 5000), b.Born(two, 5, 50'000); });
  const Diagnosis d = DiagnoseOne(b);
  ASSERT_EQ(d.findings.size(), 2u);
  EXPECT_EQ(d.findings[0].site[0].function, "two");  // the faster one first
  EXPECT_NE(d.findings[0].fingerprint, d.findings[1].fingerprint);
}

TEST(Diagnose, TellsNativeAndRawBlocksFromObjects) {
  for (auto [domain, kind] : {std::pair{Domain::kMalloc, Kind::kNative}, std::pair{Domain::kMap, Kind::kNative},
                              std::pair{Domain::kRaw, Kind::kRawBlock}}) {
    ProcessBuilder b;
    const uint32_t site = b.Site({kMain}, domain);
    Live(b, [&](int) { b.Born(site, 4, 4000); });
    const Diagnosis d = DiagnoseOne(b);
    ASSERT_EQ(d.findings.size(), 1u);
    EXPECT_EQ(d.findings[0].kind, kind);
  }
}

TEST(Diagnose, DismissesARingAndSaysWhy) {
  ProcessBuilder b;
  const uint32_t site = b.Site({kMain});
  Live(b, [&](int second) {
    b.Born(site, 20, 20'000);
    if (second >= 8) b.Died(site, b.epoch() - 8, 20, 20'000);
  });
  const Diagnosis d = DiagnoseOne(b);
  EXPECT_EQ(d.verdict, Verdict::kNoLeak);
  ASSERT_EQ(d.dismissed.size(), 1u);
  EXPECT_EQ(d.dismissed[0].reason, Reason::kBounded);
}

TEST(Diagnose, CountsWhatIsGivenBackAtTheEndAsLeakedWhileItRan) {
  ProcessBuilder b;
  const uint32_t site = b.Site({kMain});
  Live(b, [&](int) { b.Born(site, 10, 10'000); });
  b.TakePeak();
  for (uint32_t epoch = 0; epoch < kEpochs; epoch++) b.Died(site, epoch, 10, 10'000);
  b.TakeFinal();
  const Diagnosis d = DiagnoseOne(b);
  ASSERT_EQ(d.findings.size(), 1u);
  EXPECT_EQ(d.findings[0].as_of, AsOf::kPeak);
  EXPECT_EQ(d.findings[0].live.blocks, kEpochs * 10u);
}

TEST(Diagnose, TakesImportsForNoEvidence) {
  ProcessBuilder b;
  const ProcessBuilder::FrameSpec import = {"<frozen importlib._bootstrap>", "_find_and_load", 1360};
  Live(b, [&](int second) {  // a module after the other, all the time
    const uint32_t site = b.Site({{"/lib/python3.12/m.py", "<module>", static_cast<uint32_t>(second)}, import, kMain});
    b.Born(site, 50, 50'000);
  });
  const Diagnosis d = DiagnoseOne(b);
  EXPECT_EQ(d.verdict, Verdict::kNoLeak);
  ASSERT_FALSE(d.dismissed.empty());
  EXPECT_EQ(d.dismissed[0].reason, Reason::kOneOff);
}

TEST(Diagnose, DoubtsFewSurvivorsOfManyWhereNoFullCollectionCame) {
  for (bool collected : {false, true}) {
    ProcessBuilder b;
    const uint32_t site = b.Site({kMain});
    Live(b, [&](int second) {
      b.Born(site, 1000, 300'000);
      b.Died(site, b.epoch(), 990, 297'000);
      b.AddSample(1 << 20);
      capture::SampleRecord& sample = b.records<capture::SampleRecord>().back();
      sample.gc_flags = 3;
      sample.gc_collections[1] = static_cast<uint32_t>(second);
      sample.gc_collections[2] = collected && second > kEpochs / 2 ? 1 : 0;
    });
    const Diagnosis d = DiagnoseOne(b);
    ASSERT_EQ(d.findings.size(), 1u);
    EXPECT_EQ(d.findings[0].confidence >= kSure, collected);
  }
}

TEST(Diagnose, IsLessSureOfABriefRun) {
  const auto confidence_after = [](uint64_t epoch_ns) {
    ProcessBuilder b;
    const uint32_t site = b.Site({kMain});
    for (int i = 0; i < kEpochs; i++, b.NextEpoch({.duration_ns = epoch_ns})) b.Born(site, 10, 10'000);
    b.header().last_tick_ns = b.now_ns() + 1;
    return DiagnoseOne(b).findings.at(0).confidence;
  };
  EXPECT_NEAR(confidence_after(250'000'000), 0.98, 0.01);
  EXPECT_LT(confidence_after(5'000'000), 0.8);
  EXPECT_GE(confidence_after(5'000'000), kSure);
}

TEST(Diagnose, MergesTheSameFindingOfSeveralWorkers) {
  ProcessBuilder a, b;
  a.header().pid = 11;
  b.header().pid = 12;
  for (ProcessBuilder* builder : {&a, &b}) {
    const uint32_t site = builder->Site({kHandle, kMain});
    Live(*builder, [&](int) { builder->Born(site, 10, 1000); });
  }
  const Diagnosis d = Diagnose(RecordingOf({&a, &b}), {});
  ASSERT_EQ(d.findings.size(), 1u);
  EXPECT_EQ(d.findings[0].processes, (std::vector<int32_t>{11, 12}));
  EXPECT_EQ(d.findings[0].live.blocks, 2u * kEpochs * 10);
}

TEST(Diagnose, FingerprintsDoNotChangeWithLinesOrFolders) {
  const auto fingerprint = [](const std::string& folder, uint32_t line) {
    ProcessBuilder b;
    const uint32_t site = b.Site({{folder + "/app.py", "open_session", line}, {folder + "/app.py", "main", line + 10}});
    Live(b, [&](int) { b.Born(site, 10, 1000); });
    return DiagnoseOne(b).findings.at(0).fingerprint;
  };
  EXPECT_EQ(fingerprint("/app", 40), fingerprint("/srv/app", 47));
}

TEST(Diagnose, CannotTellOfARunThatWasTooShort) {
  ProcessBuilder b;
  b.Born(b.Site({kMain}), 100, 100'000);
  const Diagnosis d = DiagnoseOne(b);
  EXPECT_EQ(d.verdict, Verdict::kInconclusive);
  EXPECT_NE(d.explanation.find("too short"), std::string::npos);
  EXPECT_EQ(Diagnose({}, {}).verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace limpet::diagnose
