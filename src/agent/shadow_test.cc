#include "agent/shadow.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <thread>
#include <vector>

namespace limpet::agent {
namespace {

// Addresses of these tests: far from each other, never looked at, only their words.
constexpr uintptr_t kBase = 0x1230'0000'0000;

uint32_t* WordOf(uintptr_t address) {
  uint32_t* word = FindWord(address);
  return word ? word : AddLeaf(address) ? FindWord(address) : nullptr;
}

TEST(Shadow, AnUnknownAddressHasNoWord) {
  EXPECT_EQ(FindWord(kBase + (uintptr_t(900) << kLeafBits)), nullptr);
  EXPECT_EQ(FindWord(kAddressLimit), nullptr);
  EXPECT_EQ(FindWord(~uintptr_t(0)), nullptr);
  EXPECT_EQ(AddLeaf(kAddressLimit), nullptr);
}

TEST(Shadow, EverySizeComesBackWhole) {
  uint32_t* word = WordOf(kBase);
  ASSERT_NE(word, nullptr);
  const uint64_t sizes[] = {0, 1, 15, 16, 17, 512, 0xffff'ffff, 0x1'0000'0000, 0x1234'5678'9abc};
  for (const uint64_t size : sizes) {
    for (const uint32_t cell : {1u, 77u, kMaxCells - 1}) {
      EncodeRow(word, cell, size);
      const Row row = DecodeRow(word);
      EXPECT_EQ(row.cell, cell);
      EXPECT_EQ(row.size, size);
      EXPECT_FALSE(row.code);
      ClearRow(word);
      EXPECT_TRUE(std::all_of(word, word + 4, [](uint32_t w) { return w == 0; })) << size;
    }
  }
}

// Blocks of a heap, side by side as an allocator places them: each row must survive its neighbours.
RC_GTEST_PROP(Shadow, RowsOfNeighboursDoNotTouchEachOther, ()) {
  struct Block {
    uint32_t cell;
    uint64_t size;
  };
  std::map<uintptr_t, Block> live;
  const auto steps = *rc::gen::container<std::vector<std::tuple<uint8_t, uint32_t, uint16_t>>>(rc::gen::tuple(
      rc::gen::arbitrary<uint8_t>(), rc::gen::inRange<uint32_t>(1, kMaxCells), rc::gen::inRange<uint16_t>(0, 100)));
  for (const auto& [place, cell, size] : steps) {
    const uintptr_t address = kBase + 0x10000 + uintptr_t(place) * 16;
    const auto at = live.find(address);
    if (at != live.end()) {
      ClearRow(WordOf(address));
      live.erase(at);
      continue;
    }
    const auto next = live.upper_bound(address);
    const bool fits = next == live.end() || address + std::max<uint64_t>(size, 1) <= next->first;
    const bool free =
        next == live.begin() || std::prev(next)->first + std::max<uint64_t>(std::prev(next)->second.size, 1) <= address;
    if (!fits || !free) continue;
    EncodeRow(WordOf(address), cell, size);
    live[address] = {cell, size};
  }
  for (uintptr_t address = kBase + 0x10000; address < kBase + 0x12000; address += 16) {
    const uint32_t granule = uint32_t(address >> kGranuleBits) & (kLeafGranules - 1);
    RC_ASSERT(RowBegins(WordOf(address) - granule, granule) == live.contains(address));
  }
  for (const auto& [address, block] : live) {
    const Row row = DecodeRow(FindWord(address));
    RC_ASSERT(row.cell == block.cell);
    RC_ASSERT(row.size == block.size);
    ClearRow(FindWord(address));
  }
  for (uintptr_t address = kBase + 0x10000; address < kBase + 0x12000; address += 16) RC_ASSERT(*WordOf(address) == 0u);
}

TEST(Shadow, ThreadsThatNeedTheSameLeavesAtOnceGetTheSameOnes) {
  constexpr int kThreads = 4, kLeaves = 24;
  const uintptr_t base = kBase + (uintptr_t(100) << kLeafBits);
  std::vector<std::vector<uint32_t*>> words(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int leaf = 0; leaf < kLeaves; ++leaf) {
        // Every thread has blocks of its own in each leaf.
        uint32_t* word = WordOf(base + (uintptr_t(leaf) << kLeafBits) + uintptr_t(t) * 64);
        EncodeRow(word, uint32_t(leaf * kThreads + t + 1), 40);
        words[t].push_back(word);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < kThreads; ++t) {
    for (int leaf = 0; leaf < kLeaves; ++leaf) {
      uint32_t* word = FindWord(base + (uintptr_t(leaf) << kLeafBits) + uintptr_t(t) * 64);
      EXPECT_EQ(word, words[t][leaf]);
      EXPECT_EQ(DecodeRow(word).cell, uint32_t(leaf * kThreads + t + 1));
      ClearRow(word);
    }
  }
}

TEST(Shadow, ResidentBytesFollowUse) {
  const uint64_t before = ShadowBytes();
  const uintptr_t base = kBase + (uintptr_t(300) << kLeafBits);
  for (uintptr_t page = 0; page < 64; ++page) EncodeRow(WordOf(base + page * 4096 * 4), 1, 8);
  EXPECT_EQ(ShadowBytes() - before, 64u * 4096);
}

}  // namespace
}  // namespace limpet::agent
