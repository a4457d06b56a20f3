// docs/format.md says enough to read a recording: tests/format/read_format.py was written from that page alone, and must come to
// the same sums as limpet's own reader.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "capture/builder.h"
#include "capture/reader.h"

namespace limpet::capture {
namespace {

using nlohmann::json;

json PythonTotals(const std::string& folder) {
  const std::string command =
      "python3 '" + std::string(LIMPET_SOURCE_DIR) + "/tests/format/read_format.py' '" + folder + "'";
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer;
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), n);
  EXPECT_EQ(pclose(pipe), 0);
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// The same sums in the same shape, from limpet's reader.
json OwnTotals(const Process& process) {
  std::vector<json> sites;
  for (const Site& site : process.sites) {
    json stack = json::array(), cohorts = json::array();
    for (const FrameId id : process.Stack(site.node)) {
      const Frame& frame = process.frames[id.value];
      stack.push_back(std::string(frame.file) + ":" + std::to_string(frame.line) + " " + std::string(frame.function));
    }
    for (const Cohort& c : site.cohorts) {
      const Amount peak = process.peak.valid ? c.peak_live : Amount{};
      const Amount final = process.final.valid ? c.final_live : Amount{};
      cohorts.push_back({c.group.value, c.births.blocks, c.births.bytes, c.deaths.blocks, c.deaths.bytes, peak.blocks,
                         peak.bytes, final.blocks, final.bytes});
    }
    json natives = json::array();
    for (const NativeId id : process.NativeStack(site.native)) {
      const Native& native = process.natives[id.value];
      natives.push_back(
          fmt::format("{} {}+{:x}", native.build_id.empty() ? "-" : native.build_id, native.module, native.address));
    }
    sites.push_back({{"stack", stack}, {"domain", int(site.domain)}, {"cohorts", cohorts}, {"native", natives}});
  }
  std::sort(sites.begin(), sites.end(), [](const json& a, const json& b) {
    return std::tie(a["stack"], a["domain"], a["cohorts"], a["native"]) <
           std::tie(b["stack"], b["domain"], b["cohorts"], b["native"]);
  });
  json marks = json::array();
  for (const Mark& mark : process.marks) marks.push_back(mark.name);
  return {{"pid", process.pid}, {"state", int(process.state)},    {"groups", process.groups.size()},
          {"marks", marks},     {"has_peak", process.peak.valid}, {"has_final", process.final.valid},
          {"sites", sites}};
}

class FormatDocTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("python3 -c pass 2>/dev/null") != 0) GTEST_SKIP() << "no python3 in PATH";
    ASSERT_NE(mkdtemp(path_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void ExpectSame(const ProcessBuilder& builder) {
    ASSERT_TRUE(builder.Write(path_).ok());
    const Process process = *ReadProcess(path_ + "/p4711");
    EXPECT_THAT(process.problems, ::testing::IsEmpty());
    // Where they differ, not all of both: a long life has thousands of figures.
    EXPECT_EQ(json::diff(OwnTotals(process), PythonTotals(path_ + "/p4711")), json::array());
  }

  std::string path_ = ::testing::TempDir() + "limpet-format-XXXXXX";
};

// Busy life over many merges of epochs: every kind of cell, both halves of pairs, images, marks.
ProcessBuilder ALongLife() {
  ProcessBuilder b;
  std::vector<uint32_t> sites;
  for (uint32_t i = 0; i < 40; ++i) {
    sites.push_back(
        b.Site({{"app.py", "Work.step", i % 7}, {"gr\xc3\xbc\xc3\x9f.py", "main", i}}, Domain(i % kDomainCount)));
  }
  std::vector<uint32_t> begun;  // marks begin epochs too
  for (uint32_t epoch = 0; epoch < 400; ++epoch) {
    begun.push_back(b.epoch());
    for (uint32_t i = epoch % 3; i < sites.size(); i += 3) {
      b.Born(sites[i], i + 1, 100 * i + epoch, (i + epoch) % 4 != 0);
      if (epoch > 10 && (epoch - i % 9) % 3 == i % 3) b.Died(sites[i], begun[epoch - i % 9], i, 50 * i, i % 2 == 0);
    }
    if (epoch == 200 || epoch == 333) b.TakePeak();
    if (epoch % 100 == 50) b.AddMark("step " + std::to_string(epoch));
    b.NextEpoch();
  }
  b.TakeFinal();
  return b;
}

TEST_F(FormatDocTest, APlainReaderFindsTheSameInALongLife) { ExpectSame(ALongLife()); }

TEST_F(FormatDocTest, APlainReaderFindsTheSameInAnEmptyOne) { ExpectSame(ProcessBuilder()); }

TEST_F(FormatDocTest, APlainReaderFindsNativeStacks) {
  ProcessBuilder b;
  const std::vector<ProcessBuilder::FrameSpec> line = {{"app.py", "f", 1}};
  b.Born(b.Site(line, Domain::kMalloc, {{"0a1b /lib/libx.so", 0x1234}, {"- /opt/my app/main", 0x99}}), 3, 30);
  b.Born(b.Site(line, Domain::kMalloc, {{"0a1b /lib/libx.so", 0x5678}, {"- /opt/my app/main", 0x99}}), 4, 40);
  b.Born(b.Site(line, Domain::kMalloc), 5, 50);
  ASSERT_EQ(b.Read().sites.size(), 3u);
  ExpectSame(b);
}

TEST_F(FormatDocTest, APlainReaderFinishesAFold) {
  ProcessBuilder b;
  const auto site = b.Site({{"app.py", "f", 1}});
  b.Cell(site, 0, 10, 100, 10, 100);
  b.NextEpoch();
  b.Cell(site, 1, 999, 9999, 999, 9999);  // half added to: the journal holds what was there before
  b.header().fold = {1, 2, 4, 3, 3, 0, 30, 30};
  ExpectSame(b);
}

}  // namespace
}  // namespace limpet::capture
