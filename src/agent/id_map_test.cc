#include "agent/id_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <thread>
#include <unordered_map>
#include <vector>

namespace limpet::agent {
namespace {

// The only id that these tests ever give to a key: whatever a reader is told can be held against it.
uint32_t IdOf(uint64_t key) { return uint32_t(HashFinish(key ^ 0x5eed)) & 0x7fffffff; }

TEST(IdMap, AnEmptyMapHasNothing) {
  IdMap map;
  EXPECT_EQ(map.Find(1), IdMap::kNone);
  EXPECT_EQ(map.FindSlot(1), nullptr);
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.bytes(), 0u);
}

RC_GTEST_PROP(IdMap, AnswersAsAStandardMapDoes, ()) {
  IdMap map;
  std::unordered_map<uint64_t, uint32_t> model;
  const auto keys = *rc::gen::container<std::vector<uint64_t>>(rc::gen::inRange<uint64_t>(0, 3000));
  for (const uint64_t key : keys) {
    if (key == 0) {  // one in 3000: all are forgotten
      map.Clear();
      model.clear();
    } else if (!model.count(key)) {
      RC_ASSERT(map.Insert(key, IdOf(key)));
      model[key] = IdOf(key);
    }
    RC_ASSERT(map.size() == model.size());
  }
  for (uint64_t key = 1; key < 3000; ++key) {
    const auto found = model.find(key);
    RC_ASSERT(map.Find(key) == (found == model.end() ? IdMap::kNone : found->second));
  }
  map.Free();
}

TEST(IdMap, GrowingKeepsEveryKey) {
  IdMap map(IdMap::Use::kShared);
  constexpr uint64_t kKeys = 100'000;
  for (uint64_t key = 1; key <= kKeys; ++key) ASSERT_TRUE(map.Insert(key << 20, IdOf(key)));
  EXPECT_EQ(map.size(), kKeys);
  for (uint64_t key = 1; key <= kKeys; ++key) ASSERT_EQ(map.Find(key << 20), IdOf(key));
  EXPECT_EQ(map.Find((kKeys + 1) << 20), IdMap::kNone);
  map.Free();
  EXPECT_EQ(map.Find(1 << 20), IdMap::kNone);
}

// One thread fills, outgrows and empties the map again and again while others read it without a lock. A reader may miss a
// key; it must never be given another key's id.
TEST(IdMap, ReadersWithoutALockNeverGetAnotherKeysId) {
  IdMap map(IdMap::Use::kShared);
  constexpr uint64_t kKeys = 2000;
  constexpr int kReaders = 3;
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> wrong = 0;
  std::atomic<int> served = 0;  // readers that have found anything
  const auto read = [&] {
    bool found = false;
    for (uint64_t key = 1; !stop; key = key % kKeys + 1) {
      const uint32_t id = map.Find(key);
      if (id == IdMap::kNone) continue;
      if (!found) ++served;
      found = true;
      if (id != IdOf(key)) ++wrong;
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) readers.emplace_back(read);
  for (uint64_t round = 0; round < 1000 || served < kReaders; ++round) {
    map.Clear();
    for (uint64_t i = 0; i < kKeys; ++i) {  // in a different order each round, so that slots change hands
      const uint64_t key = (i * 7 + round * 13) % kKeys + 1;
      if (!map.Insert(key, IdOf(key))) ++wrong;
    }
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace limpet::agent
