// For tests: runs drawn from a pattern, block by block, as the agent would have counted them. A run takes kSteps steps; each block has a
// step of birth and one of death (or none), and the steps are dealt out to epochs of uneven length.
#ifndef LIMPET_DIAGNOSE_DRAWN_RUNS_H_
#define LIMPET_DIAGNOSE_DRAWN_RUNS_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "diagnose/survival.h"

namespace limpet::diagnose::testing {

inline constexpr uint32_t kForever = 0xffffffff;

struct Block {
  uint32_t born = 0;
  uint32_t died = kForever;
  uint32_t bytes = 64;
};

struct Drawing {
  uint32_t steps = 0;
  std::vector<Block> blocks;
  std::mt19937_64 random;

  Drawing(uint32_t steps_in, uint64_t seed) : steps(steps_in), random(seed) {}
  uint32_t Between(uint32_t low, uint32_t high) { return std::uniform_int_distribution<uint32_t>(low, high)(random); }
  bool Chance(double p) { return std::bernoulli_distribution(p)(random); }
  uint32_t At(double share) const { return static_cast<uint32_t>(share * steps); }
  void Add(uint32_t born, uint32_t died = kForever) {
    blocks.push_back({born, died >= steps ? kForever : died, 48 + 16 * Between(0, 4)});
  }
};

// Blocks that live for a few steps only.
inline void Churn(Drawing& d, double from = 0, double to = 1, uint32_t per_step = 2) {
  for (uint32_t t = d.At(from); t < d.At(to); t++)
    for (uint32_t k = 0; k < per_step; k++) d.Add(t, t + 1 + d.Between(0, 3));
}

// `rate` blocks a step stay for ever.
inline void Leak(Drawing& d, double rate, double from = 0, double to = 1) {
  for (uint32_t t = d.At(from); t < d.At(to); t++) {
    auto whole = static_cast<uint32_t>(rate);
    for (uint32_t k = 0; k < whole + (d.Chance(rate - whole) ? 1 : 0); k++) d.Add(t);
  }
}

// A block a step; the oldest leaves when there are more than `capacity`.
inline void Ring(Drawing& d, uint32_t capacity, double from = 0) {
  for (uint32_t t = d.At(from); t < d.steps; t++) d.Add(t, t + capacity);
}

// Keys drawn from few hot and many cold ones; the least recently used entry leaves.
inline void Lru(Drawing& d, size_t capacity, uint32_t hot, uint32_t cold, double hot_share) {
  struct Entry {
    uint32_t key, born;
  };
  std::vector<Entry> cache;  // least recently used first
  for (uint32_t t = 0; t < d.steps; t++) {
    uint32_t key = d.Chance(hot_share) ? d.Between(0, hot - 1) : hot + d.Between(0, cold - 1);
    auto at = std::find_if(cache.begin(), cache.end(), [&](const Entry& e) { return e.key == key; });
    if (at != cache.end()) {
      std::rotate(at, at + 1, cache.end());
      continue;
    }
    cache.push_back({key, t});
    if (cache.size() <= capacity) continue;
    d.Add(cache.front().born, t);
    cache.erase(cache.begin());
  }
  for (const Entry& e : cache) d.Add(e.born);
}

// A full cache that gives up a random entry for each new one.
inline void RandomEviction(Drawing& d, size_t capacity) {
  std::vector<uint32_t> born;
  for (uint32_t t = 0; t < d.steps; t++) {
    if (born.size() < capacity) {
      born.push_back(t);
      continue;
    }
    size_t victim = d.Between(0, static_cast<uint32_t>(capacity) - 1);
    d.Add(born[victim], t);
    born[victim] = t;
  }
  for (uint32_t t : born) d.Add(t);
}

// All of a step's blocks stay until the next flush; also what a collector does with cyclic garbage.
inline void Flush(Drawing& d, uint32_t period, uint32_t per_step = 2) {
  uint32_t phase = d.Between(0, period - 1);
  for (uint32_t t = 0; t < d.steps; t++)
    for (uint32_t k = 0; k < per_step; k++) d.Add(t, (t + phase) / period * period + period - phase);
}

// `bursts` loads of up to `most` blocks each, at random moments of [from, to).
inline void Bursts(Drawing& d, uint32_t bursts, uint32_t most, double from, double to) {
  for (uint32_t i = 0; i < bursts; i++) {
    uint32_t t = d.Between(d.At(from), std::max(d.At(from), d.At(to) - 1));
    for (uint32_t k = d.Between(1, most); k > 0; k--) d.Add(t);
  }
}

// A table that fills with customers that come at random: ever fewer are new.
inline void Filling(Drawing& d, uint32_t customers) {
  std::vector<bool> known(customers, false);
  for (uint32_t t = 0; t < d.steps; t++) {
    uint32_t who = d.Between(0, customers - 1);
    if (!known[who]) d.Add(t);
    known[who] = true;
  }
}

// The same number of blocks at evenly spaced steps.
inline void Staircase(Drawing& d, uint32_t stairs, uint32_t blocks) {
  for (uint32_t i = 0; i < stairs; i++) {
    uint32_t t = d.At((i + 0.5) / stairs);
    for (uint32_t k = 0; k < blocks; k++) d.Add(t);
  }
}

// First steps of `count` epochs; the first is 0. Lengths vary up to fourfold.
inline std::vector<uint32_t> CutEpochs(Drawing& d, size_t count) {
  std::vector<double> ends;
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    ends.push_back(sum += 1 + 3 * d.Between(0, 1000) / 1000.0 * (d.Between(0, 3) == 0));
  std::vector<uint32_t> starts = {0};
  for (size_t i = 0; i + 1 < count; i++) starts.push_back(static_cast<uint32_t>(ends[i] / sum * d.steps));
  return starts;
}

// What is left at step `at` (the end by default), by epoch of birth. Clocks disagree with the steps by up to `noise`.
inline std::vector<Slot> Draw(Drawing& d, const std::vector<uint32_t>& starts, double noise = 0.2,
                              uint32_t at = kForever) {
  uint32_t end = std::min(at, d.steps);
  std::vector<Slot> slots;
  for (size_t i = 0; i < starts.size() && starts[i] < end; i++) {
    uint32_t next = i + 1 < starts.size() ? std::min(end, starts[i + 1]) : end;
    double blur = 1 + noise * (d.Between(0, 2000) / 1000.0 - 1);
    slots.push_back({.weight = std::max(1u, next - starts[i]) * blur, .births = {}, .survivors = {}});
  }
  for (const Block& b : d.blocks) {
    if (b.born >= end) continue;
    size_t slot = static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), b.born) - starts.begin()) - 1;
    slots[slot].births += {1, b.bytes};
    if (b.died >= end) slots[slot].survivors += {1, b.bytes};
  }
  return slots;
}

}  // namespace limpet::diagnose::testing

#endif  // LIMPET_DIAGNOSE_DRAWN_RUNS_H_
