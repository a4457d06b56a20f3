// What the writer writes, the reader reads back: on graphs made at random, on extreme ones, and on files that somebody damaged.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "capture/snapshot_reader.h"
#include "capture/snapshot_synthetic.h"
#include "capture/snapshot_writer.h"

namespace limpet::capture {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A file in memory.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("snapshot", 0)) {}
  ~MemoryFile() { close(fd_); }
  int fd() const { return fd_; }
  std::string bytes() const {
    std::string bytes(size_t(lseek(fd_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fd_, bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
    return bytes;
  }

 private:
  int fd_;
};

// Everything that a snapshot tells of its nodes.
struct Graph {
  std::vector<SyntheticNode> nodes;
  bool operator==(const Graph&) const = default;
};

Result<Graph> ReadGraph(const SnapshotReader& reader) {
  Graph graph;
  SnapshotNodes part_nodes;
  std::vector<uint64_t> counts;
  std::vector<uint32_t> targets;
  for (const SnapshotPart& part : reader.parts()) {
    EXPECT_EQ(part.first_node,
              part.block.kind == uint32_t(SnapshotBlockKind::kEdges) ? counts.size() : graph.nodes.size());
    EXPECT_EQ(part.first_edge, targets.size());
    LIMPET_RETURN_IF_ERROR(reader.ReadPart(part, &part_nodes));
    EXPECT_EQ(part_nodes.class_ids.size(), part.nodes);
    EXPECT_EQ(part_nodes.targets.size(), part.edges);
    for (uint32_t i = 0; i < part.nodes; ++i) {
      graph.nodes.push_back({part_nodes.class_ids[i],
                             part_nodes.addresses[i],
                             part_nodes.sizes[i],
                             part_nodes.refcounts[i],
                             part_nodes.births[i],
                             {}});
      counts.push_back(part_nodes.edge_counts[i]);
    }
    targets.insert(targets.end(), part_nodes.targets.begin(), part_nodes.targets.end());
  }
  EXPECT_EQ(graph.nodes.size(), reader.nodes());
  EXPECT_EQ(targets.size(), reader.edges());
  size_t at = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (at + counts[i] > targets.size()) return Error("more references are told than there are");
    graph.nodes[i].targets.assign(targets.begin() + long(at), targets.begin() + long(at + counts[i]));
    at += counts[i];
  }
  return graph;
}

SnapshotRun Run(uint32_t count) { return {uint8_t(base::RefKind::kItem), 0, 0, 0, count}; }

// Classes 0 to 9: class c has c % 5 references; from 5 on, that many at least.
void DefineTenClasses(SnapshotWriter* writer) {
  for (uint32_t c = 0; c < 10; ++c) {
    const std::string name = "type" + std::to_string(c);
    EXPECT_EQ(writer->AddType({c, 0, c, 0, 0}, name.data(), name.size()), c);
    const SnapshotRun runs[] = {Run(c % 5), Run(kOpenRun)};
    EXPECT_EQ(writer->AddOutline(runs, c < 5 ? 1 : 2), c);
    EXPECT_EQ(writer->AddClass(c, c), c);
  }
}

void AddNode(SnapshotWriter* writer, const SyntheticNode& node) {
  writer->AddNode(node.class_id, node.address, node.size, node.refcount, node.birth, node.targets.data(),
                  node.targets.size());
}

std::string Write(const std::vector<SyntheticNode>& nodes) {
  MemoryFile file;
  SnapshotWriter writer;
  EXPECT_TRUE(writer.Open(file.fd(), {}));
  DefineTenClasses(&writer);
  for (const SyntheticNode& node : nodes) AddNode(&writer, node);
  EXPECT_TRUE(writer.Finish({})) << strerror(writer.error());
  return file.bytes();
}

// Numbers of all lengths, and targets of all kinds: themselves, new ones in order and out of order, repeated, neighbours.
std::vector<SyntheticNode> RandomNodes(uint32_t count, uint32_t seed) {
  std::mt19937_64 random(seed);
  const auto number = [&random](int most_bits) { return random() >> (64 - 1 - random() % uint64_t(most_bits)); };
  std::vector<SyntheticNode> nodes(count);
  uint32_t fresh = 0;
  for (uint32_t i = 0; i < count; ++i) {
    SyntheticNode& node = nodes[i];
    node = {uint32_t(random() % 10), number(61), number(63), uint32_t(number(32)), uint32_t(number(32)), {}};
    if (random() % 2) node.address &= ~uint64_t{15};
    const size_t edges = node.class_id % 5 + (node.class_id < 5 ? 0 : random() % 40);
    for (size_t k = 0; k < edges; ++k) {
      fresh = std::max(fresh, i + 1);
      uint32_t target = uint32_t(random() % count);
      if (random() % 3 == 0 && fresh < count) target = fresh++;
      if (random() % 4 == 0 && i) target = nodes[random() % i].targets.empty() ? 0 : target;
      if (random() % 4 == 0 && k) target = std::min(node.targets.back() + 1, count - 1);
      node.targets.push_back(target);
    }
  }
  return nodes;
}

TEST(Snapshot, AnyGraphIsReadBackAsItWasWritten) {
  EXPECT_TRUE(rc::check([] {
    const auto count = *rc::gen::inRange<uint32_t>(0, 3000);
    const auto nodes = RandomNodes(count, *rc::gen::arbitrary<uint32_t>());
    const std::string bytes = Write(nodes);
    const auto reader = SnapshotReader::FromBytes(bytes);
    RC_ASSERT(reader.ok());
    RC_ASSERT(reader->problems().empty());
    const auto graph = ReadGraph(*reader);
    RC_ASSERT(graph.ok());
    RC_ASSERT((graph->nodes == nodes));
  }));
}

TEST(Snapshot, ManyBlocksAreReadByTwoThreadsInAnyOrder) {
  const auto nodes = RandomNodes(200'000, 7);
  const std::string bytes = Write(nodes);
  const auto reader = SnapshotReader::FromBytes(bytes);
  ASSERT_TRUE(reader.ok());
  EXPECT_GT(reader->parts().size(), 6u);
  std::vector<SnapshotNodes> parts(reader->parts().size());
  const auto read = [&](size_t first) {
    for (size_t i = first; i < parts.size(); i += 2) {
      const size_t index = parts.size() - 1 - i;
      EXPECT_TRUE(reader->ReadPart(reader->parts()[index], &parts[index]).ok());
    }
  };
  std::thread other(read, 1);
  read(0);
  other.join();
  for (size_t p = 0; p < parts.size(); ++p) {
    const uint32_t* target = parts[p].targets.data();
    for (uint32_t i = 0; i < reader->parts()[p].nodes; ++i) {
      const SyntheticNode& node = nodes[reader->parts()[p].first_node + i];
      ASSERT_EQ(parts[p].addresses[i], node.address);
      ASSERT_TRUE(std::equal(node.targets.begin(), node.targets.end(), target));
      target += node.targets.size();
    }
  }
}

TEST(Snapshot, DefinitionsAndTextsAreReadBack) {
  MemoryFile file;
  SnapshotWriter writer;
  SnapshotHeader given = {};
  given.pid = 4711;
  given.gc_counts = 3;
  given.pause_ns = 77;
  ASSERT_TRUE(writer.Open(file.fd(), given));
  EXPECT_EQ(writer.AddName("cache", 5), 0u);
  EXPECT_EQ(writer.AddName("", 0), 1u);
  EXPECT_EQ(writer.AddType({0x1234, kTypeHeap | kTypeGc, 48, 0, 0}, "app.Session", 11), 0u);
  const SnapshotRun runs[] = {{uint8_t(base::RefKind::kAttribute), uint8_t(base::RefStrength::kWeak), 0, 0, 1},
                              {uint8_t(base::RefKind::kField), 0, 0, kNoName, 1}};
  EXPECT_EQ(writer.AddOutline(runs, 2), 0u);
  EXPECT_EQ(writer.AddOutline(runs, 1), 1u);
  EXPECT_EQ(writer.AddClass(0, 0), 0u);
  EXPECT_EQ(writer.AddClass(0, 1), 1u);
  const uint32_t targets[] = {0, 0};
  writer.AddNode(0, 0x7000, 48, 2, 5, targets, 2);
  writer.AddText(0, "user", 4);
  writer.AddText(1, "of a node that was never written", 8);
  SnapshotEnd end = {};
  end.torn = 3;
  ASSERT_TRUE(writer.Finish(end));

  const std::string bytes = file.bytes();
  EXPECT_EQ(bytes.size(), writer.bytes_written());
  const auto reader = SnapshotReader::FromBytes(bytes);
  ASSERT_TRUE(reader.ok());
  EXPECT_THAT(reader->problems(), IsEmpty());
  EXPECT_EQ(reader->header().pid, 4711);
  EXPECT_EQ(reader->header().gc_counts, 3u);
  EXPECT_EQ(reader->header().pause_ns, 77u);
  ASSERT_EQ(reader->names(), 2u);
  EXPECT_EQ(reader->name(0), "cache");
  EXPECT_EQ(reader->name(1), "");
  ASSERT_THAT(reader->types(), SizeIs(1));
  EXPECT_EQ(reader->types()[0].address, 0x1234u);
  EXPECT_EQ(reader->types()[0].flags, uint32_t(kTypeHeap | kTypeGc));
  EXPECT_EQ(reader->type_name(0), "app.Session");
  ASSERT_EQ(reader->outlines(), 2u);
  ASSERT_THAT(reader->outline(0), SizeIs(2));
  EXPECT_EQ(reader->outline(0)[0].strength, uint8_t(base::RefStrength::kWeak));
  EXPECT_EQ(reader->outline(0)[1].label, kNoName);
  EXPECT_THAT(reader->outline(1), SizeIs(1));
  ASSERT_THAT(reader->classes(), SizeIs(2));
  EXPECT_EQ(reader->classes()[1].outline, 1u);
  ASSERT_TRUE(reader->end());
  EXPECT_EQ(reader->end()->nodes, 1u);
  EXPECT_EQ(reader->end()->edges, 2u);
  EXPECT_EQ(reader->end()->bytes, 48u);
  EXPECT_EQ(reader->end()->torn, 3u);
  SnapshotTexts texts;
  ASSERT_EQ(reader->text_blocks(), 1u);
  ASSERT_TRUE(reader->ReadTexts(0, &texts).ok());
  ASSERT_THAT(texts.texts, SizeIs(1));
  EXPECT_EQ(texts.texts[0].node, 0u);
  EXPECT_EQ(texts.texts[0].text, "user");
}

TEST(Snapshot, StorageIsReadBackWhereNodeAndBirthAreThere) {
  MemoryFile file;
  SnapshotWriter writer;
  ASSERT_TRUE(writer.Open(file.fd(), {}));
  writer.AddType({1, 0, 0, 0, 0}, "list", 4);
  writer.AddClass(0, writer.AddOutline(nullptr, 0));
  writer.AddNode(0, 0x7000, 48, 1, 0, nullptr, 0);
  const uint32_t birth = writer.AddBirth({17, 3});
  writer.AddStorage({0, birth + 1});
  writer.AddStorage({0, birth + 2});  // born nowhere
  writer.AddStorage({1, birth + 1});  // of a node that was never written
  ASSERT_TRUE(writer.Finish({}));
  const std::string bytes = file.bytes();
  const auto reader = SnapshotReader::FromBytes(bytes);
  ASSERT_TRUE(reader.ok());
  EXPECT_THAT(reader->problems(), IsEmpty());
  std::vector<SnapshotStorage> storage;
  ASSERT_EQ(reader->storage_blocks(), 1u);
  ASSERT_TRUE(reader->ReadStorage(0, &storage).ok());
  ASSERT_THAT(storage, SizeIs(1));
  EXPECT_EQ(storage[0].node, 0u);
  EXPECT_EQ(reader->births().at(storage[0].birth - 1).site, 17u);
}

TEST(Snapshot, LongNamesAreCutBetweenCharacters) {
  MemoryFile file;
  SnapshotWriter writer;
  ASSERT_TRUE(writer.Open(file.fd(), {}));
  std::string name(kMaxTextBytes - 1, 'x');
  name += "\xc3\xa4 and more";
  writer.AddName(name.data(), name.size());
  name = std::string(kMaxTextBytes + 5, '\x80');  // no text at all: cut somewhere
  writer.AddName(name.data(), name.size());
  ASSERT_TRUE(writer.Finish({}));
  const std::string bytes = file.bytes();
  const auto reader = SnapshotReader::FromBytes(bytes);
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ(reader->names(), 2u);
  EXPECT_EQ(reader->name(0), std::string(kMaxTextBytes - 1, 'x'));
  EXPECT_LE(reader->name(1).size(), kMaxTextBytes);
}

TEST(Snapshot, DefinitionsMayComeBetweenNodesAndInAnyAmount) {
  MemoryFile file;
  SnapshotWriter writer;
  ASSERT_TRUE(writer.Open(file.fd(), {}));
  std::vector<SyntheticNode> nodes;
  for (uint32_t i = 0; i < 50'000; ++i) {
    const std::string name = "a name that takes some room " + std::to_string(i);
    const SnapshotRun run = {uint8_t(base::RefKind::kAttribute), 0, 0, writer.AddName(name.data(), name.size()), 1};
    writer.AddType({i, 0, 0, 0, 0}, name.data(), name.size());
    writer.AddClass(i, writer.AddOutline(&run, 1));
    nodes.push_back({i, i, i, i, i, {i / 2}});
    AddNode(&writer, nodes.back());
    writer.AddText(i, name.data(), name.size());
  }
  ASSERT_TRUE(writer.Finish({}));
  const std::string bytes = file.bytes();
  const auto reader = SnapshotReader::FromBytes(bytes);
  ASSERT_TRUE(reader.ok());
  EXPECT_THAT(reader->problems(), IsEmpty());
  EXPECT_EQ(reader->name(49'999), "a name that takes some room 49999");
  EXPECT_TRUE(ReadGraph(*reader)->nodes == nodes);
  uint32_t texts_read = 0;
  for (size_t b = 0; b < reader->text_blocks(); ++b) {
    SnapshotTexts texts;
    ASSERT_TRUE(reader->ReadTexts(b, &texts).ok());
    for (const SnapshotText& text : texts.texts) {
      ASSERT_EQ(text.node, texts_read++);
      ASSERT_EQ(text.text, reader->name(text.node));
    }
  }
  EXPECT_EQ(texts_read, 50'000u);
}

// Around the limit, and far beyond it.
TEST(Snapshot, AnObjectMayHaveMillionsOfReferences) {
  for (const uint32_t count : {kInlineEdges - 1, kInlineEdges, kInlineEdges + 1, 3 * kInlineEdges, 10'000'000u}) {
    std::vector<SyntheticNode> nodes(3);
    nodes[0].targets = {2};
    nodes[0].class_id = 1;
    nodes[1].class_id = 5;
    for (uint32_t k = 0; k < count; ++k) nodes[1].targets.push_back(k % 7 ? k % 3 : (k * 2654435761u) % 3);
    nodes[2].class_id = 2;
    nodes[2].targets = {1, 1};
    const std::string bytes = Write(nodes);
    const auto reader = SnapshotReader::FromBytes(bytes);
    ASSERT_TRUE(reader.ok());
    EXPECT_THAT(reader->problems(), IsEmpty());
    EXPECT_TRUE(ReadGraph(*reader)->nodes == nodes) << count;
  }
}

TEST(Snapshot, TargetsWithoutRecordAreMissing) {
  std::vector<SyntheticNode> nodes(2);
  nodes[0].class_id = nodes[1].class_id = 3;
  nodes[0].targets = {1, 2, 3};
  nodes[1].targets = {3, 0, 1'000'000'000};
  const std::string bytes = Write(nodes);
  const auto reader = SnapshotReader::FromBytes(bytes);
  ASSERT_TRUE(reader.ok());
  const auto graph = ReadGraph(*reader);
  ASSERT_TRUE(graph.ok());
  EXPECT_THAT(graph->nodes[0].targets, ElementsAre(1, kMissingNode, kMissingNode));
  EXPECT_THAT(graph->nodes[1].targets, ElementsAre(kMissingNode, 0, kMissingNode));
}

// Freezes the size of a realistic heap; real ones take as much (docs/format.md).
TEST(Snapshot, ANodeTakesFiveBytes) {
  const SyntheticHeap heap(40'000);
  MemoryFile file;
  SnapshotWriter writer;
  ASSERT_TRUE(writer.Open(file.fd(), {}));
  heap.Write(&writer);
  ASSERT_TRUE(writer.Finish({}));
  const double bytes = double(writer.bytes_written()) / double(heap.nodes().size());
  EXPECT_GT(bytes, 3.0);
  EXPECT_LT(bytes, 5.0);
  const std::string file_bytes = file.bytes();
  const auto reader = SnapshotReader::FromBytes(file_bytes);
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE(ReadGraph(*reader)->nodes == heap.nodes());
}

// ---- What the parent writes, and failures of the writer

TEST(Snapshot, ThePauseMayBeWrittenByAnotherProcessBeforeOrAfter) {
  for (const bool before : {true, false}) {
    MemoryFile file;
    const uint64_t pause = 123456;
    const auto write_pause = [&] {
      return pwrite(file.fd(), &pause, sizeof pause, offsetof(SnapshotHeader, pause_ns));
    };
    if (before) {
      ASSERT_EQ(write_pause(), 8);
    }
    SnapshotWriter writer;
    ASSERT_TRUE(writer.Open(file.fd(), {}));
    ASSERT_TRUE(writer.Finish({}));
    if (!before) {
      ASSERT_EQ(write_pause(), 8);
    }
    const std::string bytes = file.bytes();
    EXPECT_EQ(SnapshotReader::FromBytes(bytes)->header().pause_ns, pause);
  }
}

TEST(Snapshot, AFullDiskEndsTheWriterAndLeavesWhatIsWhole) {
  char path[] = "/tmp/limpet-snapshot-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {300'000, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  SnapshotWriter writer;
  EXPECT_TRUE(writer.Open(fd, {}));
  SyntheticHeap(20'000).Write(&writer);
  EXPECT_FALSE(writer.Finish({}));
  EXPECT_TRUE(writer.failed());
  EXPECT_EQ(writer.error(), EFBIG);
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  close(fd);
  const auto reader = SnapshotReader::Open(path);
  unlink(path);
  ASSERT_TRUE(reader.ok());
  EXPECT_FALSE(reader->end());
  EXPECT_THAT(reader->problems(), SizeIs(1));
  EXPECT_GT(reader->nodes(), 32'000u);
  EXPECT_TRUE(ReadGraph(*reader).ok());
}

TEST(Snapshot, TheWriterRefusesWhatContradictsItsOutline) {
  MemoryFile file;
  for (const uint32_t class_id : {1u, 6u, 10u}) {
    SnapshotWriter writer;
    ASSERT_TRUE(writer.Open(file.fd(), {}));
    DefineTenClasses(&writer);
    writer.AddNode(class_id, 0, 0, 0, 0, nullptr, 0);
    EXPECT_EQ(writer.error(), EINVAL);
    EXPECT_FALSE(writer.Finish({}));
  }
}

// ---- Damage

std::string SmallSnapshot() {
  auto nodes = RandomNodes(300, 11);
  nodes[150].class_id = 5;
  nodes[150].targets.assign(kInlineEdges + 50, 7);
  return Write(nodes);
}

TEST(SnapshotDamage, EveryPrefixGivesWhatIsWholeAndSaysSo) {
  const std::string bytes = SmallSnapshot();
  const auto whole = ReadGraph(*SnapshotReader::FromBytes(bytes));
  uint32_t before = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto reader = SnapshotReader::FromBytes(std::string_view(bytes).substr(0, size));
    ASSERT_EQ(reader.ok(), size >= sizeof(SnapshotHeader)) << size;
    if (!reader.ok()) continue;
    ASSERT_FALSE(reader->problems().empty()) << size;
    ASSERT_FALSE(reader->end());
    ASSERT_GE(reader->nodes(), before);
    before = reader->nodes();
    const auto graph = ReadGraph(*reader);
    ASSERT_TRUE(graph.ok()) << graph.message();
    for (size_t i = 0; i < graph->nodes.size(); ++i) {
      ASSERT_EQ(graph->nodes[i].address, whole->nodes[i].address);
      ASSERT_EQ(graph->nodes[i].targets.size(), whole->nodes[i].targets.size());
    }
  }
  EXPECT_EQ(before, whole->nodes.size());
}

TEST(SnapshotDamage, NoChangedByteGoesUnnoticed) {
  const std::string bytes = SmallSnapshot();
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool harmless = i >= offsetof(SnapshotHeader, pause_ns) && i < sizeof(SnapshotHeader);
    std::string damaged = bytes;
    damaged[i] ^= 0x10;
    const auto reader = SnapshotReader::FromBytes(damaged);
    const bool noticed = !reader.ok() || !reader->problems().empty() || !ReadGraph(*reader).ok();
    // A frame's header has spare bits that nobody checks; what they frame is the same then.
    if (!noticed && !harmless) {
      EXPECT_TRUE(ReadGraph(*reader)->nodes == ReadGraph(*SnapshotReader::FromBytes(bytes))->nodes) << i;
    }
    EXPECT_FALSE(noticed && harmless) << i;
  }
}

TEST(SnapshotDamage, OtherFilesAndVersionsAreNamed) {
  EXPECT_THAT(SnapshotReader::FromBytes("").message(), HasSubstr("empty"));
  EXPECT_THAT(SnapshotReader::FromBytes("#!/bin/sh\necho a script that is longer than a header would be").message(),
              HasSubstr("no heap snapshot"));
  std::string bytes = SmallSnapshot();
  bytes[8] = 9;
  EXPECT_THAT(SnapshotReader::FromBytes(bytes).message(), HasSubstr("format version 9"));
  EXPECT_THAT(SnapshotReader::Open("/nonexistent/heap.1").message(), HasSubstr("/nonexistent/heap.1"));
}

}  // namespace
}  // namespace limpet::capture
