// docs/format.md says enough to read a heap snapshot: tests/format/read_snapshot.py was written from that page alone, and must find
// what limpet's own reader finds, labels included.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "capture/snapshot_reader.h"
#include "capture/snapshot_synthetic.h"
#include "capture/snapshot_writer.h"

namespace limpet::capture {
namespace {

using base::RefKind;
using nlohmann::json;

json PythonReading(const std::string& path) {
  const std::string command =
      "python3 '" + std::string(LIMPET_SOURCE_DIR) + "/tests/format/read_snapshot.py' '" + path + "'";
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer;
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), n);
  EXPECT_EQ(pclose(pipe), 0);
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

bool IsNamed(RefKind kind) {
  return kind == RefKind::kAttribute || kind == RefKind::kField || kind == RefKind::kLocal || kind == RefKind::kClosure;
}

std::vector<std::string> Labels(const SnapshotReader& reader, uint32_t outline, uint64_t edges) {
  static constexpr const char* kNames[] = {"type",  "item",    "key",   "value",   "element", "attribute", "field",
                                           "local", "closure", "stack", "visited", "scanned", "global",    "contains"};
  static_assert(std::size(kNames) == base::kRefKinds);
  uint64_t open = edges;
  for (const SnapshotRun& run : reader.outline(outline)) open -= run.count == kOpenRun ? 0 : run.count;
  std::vector<std::string> labels;
  for (const SnapshotRun& run : reader.outline(outline)) {
    const auto kind = RefKind(run.kind);
    for (uint64_t i = 0; i < (run.count == kOpenRun ? open : run.count); ++i) {
      std::string argument = std::to_string(run.label + (kind == RefKind::kKey ? i / 2 : i));
      if (IsNamed(kind)) argument = run.label == kNoName ? "?" : std::string(reader.name(run.label));
      const char* name = kind == RefKind::kKey && i % 2 ? "value" : kNames[run.kind];
      labels.push_back(std::string(name) + " " + argument + " " + std::to_string(run.strength));
    }
  }
  return labels;
}

// The same in the same shape, from limpet's reader.
json OwnReading(const SnapshotReader& reader) {
  json nodes = json::array();
  std::vector<uint32_t> targets;
  std::vector<uint64_t> counts;
  for (const SnapshotPart& part : reader.parts()) {
    SnapshotNodes read;
    EXPECT_TRUE(reader.ReadPart(part, &read).ok());
    for (uint32_t i = 0; i < part.nodes; ++i) {
      const SnapshotClass& type = reader.classes()[read.class_ids[i]];
      json edges = json::array();
      for (const std::string& label : Labels(reader, type.outline, read.edge_counts[i])) edges.push_back({label, 0});
      nodes.push_back({std::string(reader.type_name(type.type)), read.addresses[i], read.sizes[i], read.refcounts[i],
                       read.births[i], std::move(edges), json::array()});
      counts.push_back(read.edge_counts[i]);
    }
    targets.insert(targets.end(), read.targets.begin(), read.targets.end());
  }
  size_t at = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    for (uint64_t k = 0; k < counts[i]; ++k) nodes[i][5][k][1] = targets[at++];
  }
  for (size_t b = 0; b < reader.text_blocks(); ++b) {
    SnapshotTexts texts;
    EXPECT_TRUE(reader.ReadTexts(b, &texts).ok());
    for (const SnapshotText& text : texts.texts) nodes[text.node][6].push_back(std::string(text.text));
  }
  json types = json::array();
  for (uint32_t i = 0; i < reader.types().size(); ++i) {
    const SnapshotType& type = reader.types()[i];
    types.push_back({std::string(reader.type_name(i)), type.address, type.flags, type.basic_size});
  }
  json end;
  if (const auto& e = reader.end()) {
    end = {{"nodes", e->nodes},
           {"edges", e->edges},
           {"bytes", e->bytes},
           {"walk_ns", e->walk_ns},
           {"torn", e->torn},
           {"unreadable", e->unreadable},
           {"dropped_edges", e->dropped_edges},
           {"stopped", e->stopped}};
  }
  json births = json::array(), storage = json::array();
  for (const SnapshotBirth& birth : reader.births()) births.push_back({birth.site, birth.epoch});
  std::vector<SnapshotStorage> some;
  for (size_t b = 0; b < reader.storage_blocks(); ++b) {
    EXPECT_TRUE(reader.ReadStorage(b, &some).ok());
    for (const SnapshotStorage& of : some) storage.push_back({of.node, of.birth});
  }
  return {{"pid", reader.header().pid}, {"end", end},        {"types", types}, {"nodes", nodes},
          {"births", births},           {"storage", storage}};
}

class SnapshotDocTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("python3 -c pass 2>/dev/null") != 0) GTEST_SKIP() << "no python3 in PATH";
    fd_ = mkstemp(path_.data());
    ASSERT_GE(fd_, 0);
    SnapshotHeader header = {};
    header.pid = 4711;
    ASSERT_TRUE(writer_.Open(fd_, header));
  }
  void TearDown() override {
    if (fd_ < 0) return;
    close(fd_);
    unlink(path_.c_str());
  }
  void ExpectSame() {
    const auto reader = SnapshotReader::Open(path_);
    ASSERT_TRUE(reader.ok()) << reader.message();
    const json own = OwnReading(*reader), python = PythonReading(path_);
    EXPECT_GT(own["nodes"].size(), 0u);
    EXPECT_EQ(own["nodes"].size(), python["nodes"].size());
    EXPECT_TRUE(own == python) << json::diff(own, python).dump().substr(0, 1000);
  }

  std::string path_ = ::testing::TempDir() + "limpet-snapshot-XXXXXX";
  int fd_ = -1;
  SnapshotWriter writer_;
};

TEST_F(SnapshotDocTest, APlainReaderFindsTheSameInAServicesHeap) {
  const SyntheticHeap heap(4'000);  // more than one block
  heap.Write(&writer_);
  for (uint32_t i = 0; i < heap.nodes().size(); i += 1000) {
    writer_.AddText(i, "gr\xc3\xbcn", 5);
    writer_.AddStorage({i, writer_.AddBirth({i % 7, i}) + 1});
  }
  SnapshotEnd end = {};
  end.walk_ns = 123;
  end.torn = 4;
  ASSERT_TRUE(writer_.Finish(end));
  ExpectSame();
}

TEST_F(SnapshotDocTest, APlainReaderFindsTheSameInOddOnes) {
  writer_.AddName("later", 5);
  writer_.AddType({1, kTypeSynthetic | kTypeRoot, 0, 0, 0}, "thread", 6);
  writer_.AddType({2, kTypeHeap, 16, 0, 0}, "app.Big", 7);
  const SnapshotRun runs[] = {{uint8_t(RefKind::kLocal), uint8_t(base::RefStrength::kMaybe), 0, 0, 1},
                              {uint8_t(RefKind::kItem), 0, 0, 5, 2},
                              {uint8_t(RefKind::kKey), 0, 0, 0, kOpenRun},
                              {uint8_t(RefKind::kField), uint8_t(base::RefStrength::kWeak), 0, kNoName, 1}};
  writer_.AddOutline(runs, 4);
  writer_.AddOutline(nullptr, 0);
  writer_.AddClass(0, 0);
  writer_.AddClass(1, 0);
  writer_.AddClass(1, 1);
  std::vector<uint32_t> few = {1, 2, 3, 1, 2, 1}, many(100'004, 2);
  for (uint32_t i = 0; i < many.size(); i += 3) many[i] = i % 4;
  writer_.AddNode(0, 0, 0, 0, 0, few.data(), few.size());
  writer_.AddNode(1, 0x7fff0008, 1 << 30, 77, 5, many.data(), many.size());
  writer_.AddNode(2, 0x7fff0000, 0, 0xffffffff, 0xffffffff, nullptr, 0);
  writer_.AddNode(1, 0x10, 1, 1, 4, few.data(), few.size());
  ASSERT_TRUE(writer_.Flush());  // and no end; node 3 is there, node 4 never came
  ExpectSame();
}

}  // namespace
}  // namespace limpet::capture
