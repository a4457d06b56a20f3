#include "agent/tracked.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <utility>
#include <vector>

namespace limpet::agent {
namespace {

TEST(Tracked, AnEmptyTableKnowsNothing) {
  TrackedTable table;
  EXPECT_EQ(table.Find(1, 16), nullptr);
  EXPECT_EQ(table.Take(1, 16).site_plus_1, 0u);
  table.Clear();
  EXPECT_EQ(table.bytes(), 0u);
}

// Against a map: few names, so that entries are replaced and taken out of the middle of runs; and more than the first table holds.
RC_GTEST_PROP(Tracked, ItIsAMap, (bool crowded)) {
  std::map<std::pair<uint32_t, uint64_t>, std::pair<uint64_t, uint32_t>> model;
  TrackedTable table;
  const auto steps = *rc::gen::container<std::vector<std::tuple<uint16_t, uint8_t, uint32_t>>>(
      crowded ? 3000 : 300, rc::gen::arbitrary<std::tuple<uint16_t, uint8_t, uint32_t>>());
  for (const auto& [address_seed, kind, size] : steps) {
    const uint64_t address = crowded ? address_seed : address_seed % 64;
    const uint32_t domain = kind % 3;
    const auto name = std::make_pair(domain, address);
    const auto known = model.find(name);
    if (kind < 150) {
      TrackedTable::Entry old;
      RC_ASSERT(table.Put({address, size, domain, size % 1000 + 1}, &old));
      RC_ASSERT((old.site_plus_1 != 0) == (known != model.end()));
      if (old.site_plus_1) RC_ASSERT(old.size == known->second.first);
      model[name] = {size, size % 1000 + 1};
    } else {
      const TrackedTable::Entry taken = table.Take(domain, address);
      RC_ASSERT((taken.site_plus_1 != 0) == (known != model.end()));
      if (known != model.end()) model.erase(known);
    }
  }
  RC_ASSERT(table.size() == model.size());
  for (const auto& [name, value] : model) {
    const TrackedTable::Entry* entry = table.Find(name.first, name.second);
    RC_ASSERT(entry && entry->size == value.first && entry->site_plus_1 == value.second);
  }
  uint64_t seen = 0;
  table.ForEach([&](const TrackedTable::Entry&) { ++seen; });
  RC_ASSERT(seen == model.size());
  table.Clear();
}

}  // namespace
}  // namespace limpet::agent
