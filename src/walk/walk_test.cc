// The walk's own structures against naive models, and the collector's lists with one thing wrong at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "walk/native_memory.h"
#include "walk/number_map.h"
#include "walk/numbering.h"
#include "walk/reference_sink.h"
#include "walk/roots.h"
#include "walk/synthetic_interpreter.h"

namespace limpet::walk {
namespace {

using base::RefKind;
using base::RefStrength;
using cpython::Label;
using testing::ElementsAre;
using testing::IsEmpty;

RC_GTEST_PROP(NumberMapTest, IsAMap, (const std::vector<uint16_t>& keys, uint64_t factor)) {
  NumberMap map;
  std::map<uint64_t, uint32_t> model;
  for (const uint16_t seed : keys) {
    const uint64_t key = (seed * (factor | 1)) | 1;  // also such as differ in high bits only
    const uint32_t* found = map.Find(key);
    const auto known = model.find(key);
    RC_ASSERT((found != nullptr) == (known != model.end()));
    if (found) RC_ASSERT(*found == known->second);
    else RC_ASSERT(map.Insert(key, static_cast<uint32_t>(model.size())));
    model.emplace(key, static_cast<uint32_t>(model.size()));
  }
  for (const auto& [key, number] : model) RC_ASSERT(*map.Find(key) == number);
}

TEST(NumberMapTest, GrowsWithManyKeys) {
  NumberMap map;
  EXPECT_EQ(map.Find(1), nullptr);
  for (uint64_t i = 1; i <= 100'000; ++i) ASSERT_TRUE(map.Insert(i << 32, static_cast<uint32_t>(i)));
  for (uint64_t i = 1; i <= 100'000; ++i) ASSERT_EQ(*map.Find(i << 32), i);
  EXPECT_EQ(map.Find(100'001ull << 32), nullptr);
}

TEST(ObjectIdsTest, KeepsAWordForEachGranule) {
  ObjectIds ids;
  ASSERT_TRUE(ids.Init());
  const std::vector<uint64_t> addresses = {0, 16, 4096, (1ull << 26) - 16, 1ull << 26, kAddressLimit - 16};
  for (size_t i = 0; i < addresses.size(); ++i) {
    EXPECT_EQ(ids.Peek(addresses[i]), 0u);
    *ids.WordOf(addresses[i]) = static_cast<uint32_t>(i + 1);
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    EXPECT_EQ(ids.Peek(addresses[i]), i + 1);
    EXPECT_EQ(ids.Peek(addresses[i] + 15), i + 1) << "the same granule";
  }
  EXPECT_EQ(ids.Peek(32), 0u);
  EXPECT_EQ(ids.Peek(1ull << 40), 0u) << "a leaf that was never made";
  EXPECT_EQ(ids.Peek(kAddressLimit), 0u);
  EXPECT_EQ(ids.Peek(UINT64_MAX), 0u);
  ids.Prefetch(UINT64_MAX);
}

// Numbers are given in order of the first mention, by address; what cannot be an address is nowhere.
RC_GTEST_PROP(NumberingTest, NumbersByFirstMention, (const std::vector<uint16_t>& seeds)) {
  Numbering numbers;
  RC_ASSERT(numbers.Init());
  const std::vector<uint64_t> roots = {0x7000, 0x8000};
  for (const uint64_t root : roots) numbers.NumberOf(root);
  RC_ASSERT(numbers.AddNowhere());
  RC_ASSERT(numbers.nowhere() == 2u);
  std::map<uint64_t, uint32_t> model;
  uint64_t implausible = 0;
  for (const uint16_t seed : seeds) {
    // Of a granule, one object at most; some that lie, some beyond the address space.
    uint64_t address = 0x100000 + uint64_t{seed % 512u} * 16;
    if (seed % 7 == 0) address += 4;
    if (seed % 11 == 0) address |= 1ull << 50;
    if (seed % 13 == 0) address = seed % 4096;
    const bool plausible = address % 8 == 0 && address >= 4096 && address < kAddressLimit;
    if (!plausible) {
      ++implausible;
      RC_ASSERT(!numbers.IsKnown(address));
      RC_ASSERT(numbers.NumberOf(address) == numbers.nowhere());
      continue;
    }
    RC_ASSERT(numbers.IsKnown(address) == (model.count(address) != 0));
    const uint32_t expected = static_cast<uint32_t>(3 + model.size());
    const auto [known, fresh] = model.emplace(address, expected);
    RC_ASSERT(numbers.NumberOf(address) == known->second);
    RC_ASSERT(numbers.address(known->second) == address);
  }
  RC_ASSERT(numbers.implausible() == implausible);
  RC_ASSERT(numbers.size() == 3 + model.size());
  RC_ASSERT(!numbers.no_memory());
}

TEST(NumberingTest, TellsRootsFromObjects) {
  Numbering numbers;
  ASSERT_TRUE(numbers.Init());
  EXPECT_EQ(numbers.NumberOf(0x7000), 0u);
  ASSERT_TRUE(numbers.AddNowhere());
  EXPECT_EQ(numbers.NumberOf(0x9000), 2u);
  EXPECT_EQ(numbers.RootAt(0x7000), 0u);
  EXPECT_EQ(numbers.RootAt(0x7008), UINT32_MAX) << "the same granule, but not where it begins";
  EXPECT_EQ(numbers.RootAt(0x9000), UINT32_MAX);
  EXPECT_EQ(numbers.RootAt(UINT64_MAX), UINT32_MAX);
  EXPECT_FALSE(numbers.IsKnown(0x7000));
  EXPECT_TRUE(numbers.IsKnown(0x9000));
  EXPECT_FALSE(numbers.IsKnown(0x9008));
  ASSERT_TRUE(numbers.AddNode(0xa000));
  EXPECT_FALSE(numbers.IsKnown(0xa000)) << "a node that no reference leads to";
}

// One reference as a reader of the outline sees it: kind, label, whether the run is open, target.
using Seen = std::tuple<RefKind, uint64_t, bool, uint64_t>;

std::vector<Seen> SeenIn(ReferenceSink& sink) {
  std::vector<Seen> seen;
  for (const ReferenceSink::RunRecord& run : sink.runs()) {
    for (uint32_t i = 0; i < run.count; ++i) {
      const bool numbered = run.kind == RefKind::kItem || run.kind == RefKind::kStack || run.kind == RefKind::kElement;
      seen.emplace_back(run.kind, run.label.bits + (numbered ? i : 0), run.open, sink.targets()[run.begin + i]);
    }
  }
  return seen;
}

// Items with holes keep their indices, whatever runs that takes; and there is one open run at most.
RC_GTEST_PROP(ReferenceSinkTest, ItemsKeepTheirIndices, (const std::vector<std::vector<bool>>& rows)) {
  ReferenceSink sink;
  sink.Begin();
  std::vector<std::pair<uint64_t, uint64_t>> expected, told;
  uint64_t next = 0x1000;
  for (const std::vector<bool>& row : rows) {
    sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i]) expected.emplace_back(i, next);
      sink.Target(row[i] ? next : 0);
      next += 16;
    }
  }
  sink.End();
  for (const auto& [kind, index, open, target] : SeenIn(sink)) told.emplace_back(index, target);
  RC_ASSERT(told == expected);
  size_t open_runs = 0, covered = 0;
  for (const ReferenceSink::RunRecord& run : sink.runs()) {
    open_runs += run.open;
    RC_ASSERT(run.begin == covered);
    covered += run.count;
  }
  RC_ASSERT(open_runs <= 1u);
  RC_ASSERT(covered == sink.targets().size());
  RC_ASSERT(!sink.lost());
}

// Pairs of which a half is missing are dropped whole.
RC_GTEST_PROP(ReferenceSinkTest, PairsAreWhole, (const std::vector<std::pair<bool, bool>>& pairs, bool cut)) {
  ReferenceSink sink;
  sink.Begin();
  sink.Run(RefKind::kKey, RefStrength::kOwned, Label::Index(0), true);
  std::vector<uint64_t> expected;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const uint64_t key = pairs[i].first ? 0x10000 + i * 32 : 0, value = pairs[i].second ? key + 16 + !key * 0x50000 : 0;
    const bool last = i + 1 == pairs.size();
    if (key && value && !(last && cut)) {
      expected.push_back(key);
      expected.push_back(value);
    }
    sink.Target(key);
    if (!(last && cut)) sink.Target(value);
  }
  sink.End();
  RC_ASSERT(std::vector<uint64_t>(sink.targets().begin(), sink.targets().end()) == expected);
  RC_ASSERT(sink.runs()[0].count == expected.size());
}

uint64_t HashOf(const std::vector<uint64_t>& items, bool open, const char* name) {
  ReferenceSink sink;
  sink.Begin();
  sink.One(RefKind::kField, RefStrength::kOwned, Label::Literal(name), 0x5000);
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), open);
  for (const uint64_t item : items) sink.Target(item);
  sink.End();
  return sink.hash();
}

TEST(ReferenceSinkTest, OutlinesAreTheSameWhateverTheTargets) {
  static constexpr char kName[] = "dict", kOther[] = "type";
  EXPECT_EQ(HashOf({0x1000, 0x2000}, true, kName), HashOf({0x3000}, true, kName))
      << "the length of an open run is no matter";
  EXPECT_EQ(HashOf({0x1000}, false, kName), HashOf({0x2000}, false, kName));
  EXPECT_NE(HashOf({0x1000}, false, kName), HashOf({0x1000, 0x2000}, false, kName));
  EXPECT_NE(HashOf({0x1000}, true, kName), HashOf({0x1000}, true, kOther));
  EXPECT_NE(HashOf({0x1000, 0, 0x2000}, true, kName), HashOf({0x1000, 0x2000}, true, kName)) << "a hole";
}

TEST(ReferenceSinkTest, AListFullOfHolesIsToldWithoutIndicesInTheEnd) {
  constexpr size_t kMany = 100'000;
  ReferenceSink sink;
  sink.Begin();
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  for (size_t i = 0; i < kMany; ++i) {
    sink.Target(0x10000 + i * 16);
    sink.Target(0);
  }
  sink.One(RefKind::kField, RefStrength::kOwned, Label::Literal("later"), 0x7000);
  sink.End();
  EXPECT_EQ(sink.targets().size(), kMany + 1) << "nothing is lost";
  EXPECT_LE(sink.runs().size(), capture::kMaxRuns);
  const ReferenceSink::RunRecord last = sink.runs()[sink.runs().size() - 1];
  EXPECT_EQ(last.begin + last.count, kMany + 1);
  size_t open_runs = 0;
  for (const ReferenceSink::RunRecord& run : sink.runs()) open_runs += run.open;
  EXPECT_EQ(open_runs, 1u);
}

class TrackedListsTest : public testing::Test {
 protected:
  using L = cpython::Layout312;
  static constexpr uint64_t kObjects[] = {0x10010, 0x20010, 0x30010, 0x40010};

  TrackedListsTest() {
    std::string file = {12, 4};
    for (const uint64_t object : kObjects) file.append(reinterpret_cast<const char*>(&object), 8);
    EXPECT_TRUE(memory_.Parse(reinterpret_cast<const uint8_t*>(file.data()), file.size()));
    interpreter_.emplace(&memory_);
  }

  // What is found before the lists break off, and how many do.
  std::vector<uint64_t> Found(uint32_t* broken) {
    std::vector<uint64_t> found;
    const cpython::GcPlace place = {L::kInterpreterGc, L::kGcGenerations};
    *broken = ForEachTracked<L>(memory_, kSyntheticInterpreter, place, [&](uint64_t object) {
      found.push_back(object);
      return found.size() < 1000;
    });
    return found;
  }
  static uint64_t Head(int i) { return kObjects[i] - cpython::kGcHeadSize; }

  cpython::MemoryImage memory_;
  std::optional<SyntheticInterpreter<L>> interpreter_;
  uint32_t broken_ = 0;
};

TEST_F(TrackedListsTest, AllAreFoundInOrder) {
  EXPECT_THAT(Found(&broken_), testing::ElementsAreArray(kObjects));
  EXPECT_EQ(broken_, 0u);
}

TEST_F(TrackedListsTest, FlagsInTheLinksAreNoPartOfThem) {
  memory_.Set(Head(0), Head(1) | 3);
  memory_.Set(Head(1) + 8, Head(0) | 2);
  EXPECT_EQ(Found(&broken_).size(), 4u);
  EXPECT_EQ(broken_, 0u);
}

TEST_F(TrackedListsTest, ALinkToNowhereEndsTheList) {
  memory_.Set(Head(1), uint64_t{0x4141414140});
  EXPECT_THAT(Found(&broken_), ElementsAre(kObjects[0], kObjects[1]));
  EXPECT_EQ(broken_, 1u);
}

TEST_F(TrackedListsTest, ARingEndsWhereLinksDisagree) {
  memory_.Set(Head(2), Head(0));
  EXPECT_THAT(Found(&broken_), ElementsAre(kObjects[0], kObjects[1], kObjects[2]));
  EXPECT_EQ(broken_, 1u);
}

TEST_F(TrackedListsTest, AnObjectThatIsItsOwnSuccessorEndsTheList) {
  memory_.Set(Head(1), Head(1));
  EXPECT_THAT(Found(&broken_), ElementsAre(kObjects[0], kObjects[1]));
  EXPECT_EQ(broken_, 1u);
}

TEST_F(TrackedListsTest, AHeadThatIsZeroIsABrokenList) {
  memory_.Set(interpreter_->collector() + L::kGcGenerations, uint64_t{0});
  EXPECT_THAT(Found(&broken_), IsEmpty());
  EXPECT_EQ(broken_, 1u);
}

TEST_F(TrackedListsTest, ThePermanentGenerationIsOneOfThem) {
  const uint64_t young = interpreter_->collector() + L::kGcGenerations;
  const uint64_t permanent = interpreter_->collector() + static_cast<uint64_t>(cpython::StateLayout<L>::kGcPermanent);
  memory_.Set(young, young);
  memory_.Set(young + 8, young);
  memory_.Set(permanent, Head(0));
  memory_.Set(Head(0) + 8, permanent);
  memory_.Set(Head(3), permanent);
  memory_.Set(permanent + 8, Head(3));
  EXPECT_EQ(Found(&broken_).size(), 4u);
  EXPECT_EQ(broken_, 0u);
}

TEST_F(TrackedListsTest, RingsOfThreadsOrInterpretersAreNoHeap) {
  using State = cpython::StateLayout<L>;
  EXPECT_TRUE((RootFinder<L, cpython::MemoryImage>(memory_, kSyntheticRuntime).Find()));
  memory_.Set(kSyntheticThread + L::kThreadNext, kSyntheticThread);
  EXPECT_FALSE((RootFinder<L, cpython::MemoryImage>(memory_, kSyntheticRuntime).Find()));
  memory_.Set(kSyntheticThread + L::kThreadNext, uint64_t{0});
  memory_.Set(kSyntheticInterpreter + static_cast<uint64_t>(State::kInterpreterNext), kSyntheticInterpreter);
  EXPECT_FALSE((RootFinder<L, cpython::MemoryImage>(memory_, kSyntheticRuntime).Find()));
}

TEST(RingWatchTest, EveryRingIsNoticedSoon) {
  for (uint64_t tail = 0; tail < 40; ++tail) {
    for (uint64_t ring = 1; ring < 40; ++ring) {
      RingWatch watch;
      uint64_t at = 1, steps = 0;
      while (!watch.ComesBackTo(at)) {
        ASSERT_LT(++steps, 8 * (tail + ring) + 8);
        at = at == tail + ring ? tail + 1 : at + 1;
      }
    }
  }
  RingWatch watch;
  for (uint64_t at = 1; at < 100'000; ++at) ASSERT_FALSE(watch.ComesBackTo(at));
}

// Blocks of any sizes with gaps between them, against a search through all of them.
RC_GTEST_PROP(NativeMemoryTest, FindsTheBlockAroundAnAddress, (const std::vector<std::pair<uint8_t, uint8_t>>& drawn)) {
  NativeMemory native;
  std::vector<NativeMemory::Block> blocks;
  uint64_t end = 0x10000;
  for (const auto& [gap, size] : drawn) {
    blocks.push_back({end + 16 * uint64_t{gap}, 8 + uint64_t{size}, 0});
    end = (blocks.back().begin + blocks.back().size + 15) & ~uint64_t{15};
    native.Add(blocks.back());
  }
  for (uint64_t address = 0xfff0; address < end + 32; address += 5) {
    const auto model = std::find_if(blocks.begin(), blocks.end(), [&](const NativeMemory::Block& block) {
      return address >= block.begin && address < block.begin + block.size;
    });
    const NativeMemory::Block* found = native.Find(address);
    RC_ASSERT((found != nullptr) == (model != blocks.end()));
    if (found) RC_ASSERT(found->begin == model->begin && found->size == model->size);
  }
  RC_ASSERT(native.Find(0) == nullptr && native.Find(UINT64_MAX) == nullptr);
}

// Blocks become nodes between objects, and are told from them when their turn comes, whatever was skipped.
RC_GTEST_PROP(NativeMemoryTest, KnowsWhichNodesAreBlocks, (const std::vector<std::pair<bool, uint8_t>>& drawn)) {
  NativeMemory native;
  Numbering numbers;
  RC_ASSERT(numbers.Init() && numbers.AddNowhere());
  std::map<uint32_t, bool> is_block;
  for (const auto& [block, place] : drawn) {
    const uint64_t address = 0x20000 + 64 * uint64_t{place} + (block ? 0 : 0x10000);
    if (block) native.Number(address, numbers);
    is_block.emplace(numbers.NumberOf(address), block);
  }
  for (const auto& [number, block] : is_block) {
    if (number % 3 == 0) continue;
    RC_ASSERT(native.IsBlock(number) == block);
    RC_ASSERT(native.IsBlock(number) == block);
  }
}

// What an evaluation stack without a stored top holds is told by value: dead objects' addresses are left there, too.
TEST(ReferenceSink, BelievesWordsFoundByValueOnlyWhereAnObjectIsKnown) {
  Numbering numbers;
  ASSERT_TRUE(numbers.Init());
  ASSERT_TRUE(numbers.AddNowhere());
  const uint64_t living = 0x7f0000001000, dead = 0x7f0000002000;
  numbers.NumberOf(living);
  ReferenceSink sink;
  sink.BelieveOnly(&numbers);
  sink.Begin();
  sink.Run(base::RefKind::kStack, base::RefStrength::kMaybe, cpython::Label::Index(0), true);
  for (const uint64_t word : {dead, living, dead}) sink.Target(word);
  sink.Run(base::RefKind::kLocal, base::RefStrength::kOwned, cpython::Label::Index(0), false);
  sink.Target(dead);  // told by structure: believed
  sink.End();
  ASSERT_EQ(sink.targets().size(), 2u);
  EXPECT_EQ(sink.targets()[0], living);
  EXPECT_EQ(sink.targets()[1], dead);
}

}  // namespace
}  // namespace limpet::walk
