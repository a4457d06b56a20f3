#include "agent/tracked.h"

namespace limpet::agent {

namespace {

constexpr uint64_t kFirst = 1024;

}  // namespace

// Where the entry is, or the empty place where it would be. REQUIRES: capacity_ > used_.
uint64_t TrackedTable::Place(uint32_t domain, uint64_t address) const {
  const uint64_t mask = capacity_ - 1;
  uint64_t i = HashOf(domain, address) & mask;
  while (entries_[i].site_plus_1 && (entries_[i].domain != domain || entries_[i].address != address))
    i = (i + 1) & mask;
  return i;
}

bool TrackedTable::Grow() {
  const uint64_t capacity = capacity_ ? capacity_ * 2 : kFirst;
  TrackedTable larger;
  larger.entries_ = static_cast<Entry*>(MapMemory(capacity * sizeof(Entry)));
  if (!larger.entries_) return false;
  larger.capacity_ = capacity;
  ForEach([&](const Entry& entry) { larger.entries_[larger.Place(entry.domain, entry.address)] = entry; });
  if (entries_) UnmapMemory(entries_, bytes());
  entries_ = larger.entries_;
  capacity_ = capacity;
  return true;
}

bool TrackedTable::Put(const Entry& entry, Entry* old) {
  *old = {};
  if ((used_ + 1) * 4 > capacity_ * 3 && !Grow()) return false;
  Entry& place = entries_[Place(entry.domain, entry.address)];
  *old = place;
  used_ += place.site_plus_1 ? 0 : 1;
  place = entry;
  return true;
}

TrackedTable::Entry TrackedTable::Take(uint32_t domain, uint64_t address) {
  if (!used_) return {};
  const uint64_t mask = capacity_ - 1;
  uint64_t hole = Place(domain, address);
  const Entry taken = entries_[hole];
  if (!taken.site_plus_1) return {};
  --used_;
  for (uint64_t i = (hole + 1) & mask; entries_[i].site_plus_1; i = (i + 1) & mask) {
    const uint64_t home = HashOf(entries_[i].domain, entries_[i].address) & mask;
    // It may move to the hole unless that lies before its home, round the table's end.
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    entries_[hole] = entries_[i];
    hole = i;
  }
  entries_[hole] = {};
  return taken;
}

const TrackedTable::Entry* TrackedTable::Find(uint32_t domain, uint64_t address) const {
  if (!used_) return nullptr;
  const Entry& place = entries_[Place(domain, address)];
  return place.site_plus_1 ? &place : nullptr;
}

void TrackedTable::Clear() {
  if (entries_) UnmapMemory(entries_, bytes());
  *this = {};
}

}  // namespace limpet::agent
