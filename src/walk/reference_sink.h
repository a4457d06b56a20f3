// What the decoders tell of one object, gathered: the addresses it refers to, and the outline (runs of labels) that names them.
//
// Most objects share their outline with thousands of others, so the outline is only hashed while it is told; the runs themselves are
// looked at when the hash is seen for the first time.
#ifndef LIMPET_WALK_REFERENCE_SINK_H_
#define LIMPET_WALK_REFERENCE_SINK_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/page_array.h"
#include "cpython/decode.h"
#include "walk/numbering.h"

namespace limpet::walk {

// A multiply-shift step of a 64-bit hash. (Two outlines with one hash would share names: of 2^20 outlines, with a chance of 2^-25.)
inline uint64_t MixHash(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

class ReferenceSink {
 public:
  struct RunRecord {
    base::RefKind kind;
    base::RefStrength strength;
    bool open;
    cpython::Label label;
    uint32_t begin;  // index of its first target
    uint32_t count;
  };

  void Begin() {
    targets_.Clear();
    runs_.Clear();
    bytes_ = 0;
    owned_count_ = 0;
    hash_ = kSeed;
    in_run_ = false;
    has_open_ = false;
    skip_value_ = false;
    lost_ = false;
    crowded_ = false;
  }

  void Run(base::RefKind kind, base::RefStrength strength, cpython::Label label, bool open) {
    if (__builtin_expect(crowded_, 0)) return;
    EndRun();
    if (__builtin_expect(runs_.size() >= kMaxRuns, 0)) return Crowd(strength);
    // Two open runs could not be told apart: the second one's length becomes a part of the outline.
    const bool may_open = open && !has_open_;
    has_open_ |= open;
    Start({kind, strength, may_open, label, static_cast<uint32_t>(targets_.size()), 0});
  }
  // The common case: a run of one.
  void One(base::RefKind kind, base::RefStrength strength, cpython::Label label, uint64_t target) {
    if (target == 0) return;
    Run(kind, strength, label, false);
    lost_ |= !targets_.Push(target);
  }

  void Target(uint64_t address) {
    if (!in_run_) return;
    if (runs_.back().kind == base::RefKind::kKey) return PairTarget(address);
    if (address == 0 || !IsCredible(address)) return Skip();
    lost_ |= !targets_.Push(address);
  }

  void Targets(const uint64_t* words, size_t count) {
    const char* bytes = reinterpret_cast<const char*>(words);
    if (!targets_.Reserve(targets_.size() + count)) {
      lost_ = true;
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      uint64_t word;
      memcpy(&word, bytes + i * sizeof word, sizeof word);
      Target(word);
    }
  }

  void Bytes(uint64_t bytes) { bytes_ += bytes; }
  void OwnBlock(uint64_t address, uint64_t bytes) {
    bytes_ += bytes;
    if (owned_count_ < kMostOwned) owned_[owned_count_++] = address;
  }

  // Called once the object is done: completes the last run and the hash. An open run stays a part of the outline also without targets.
  void End() { EndRun(); }

  const base::PageArray<uint64_t>& targets() const { return targets_; }
  base::PageArray<RunRecord>& runs() { return runs_; }
  uint64_t bytes() const { return bytes_; }
  // Whether the structure of the object at hand told this block as its own.
  bool Owns(uint64_t block) const {
    for (uint32_t i = 0; i < owned_count_; ++i) {
      if (owned_[i] == block) return true;
    }
    return false;
  }
  // The blocks that it told, the first few.
  std::span<const uint64_t> owned() const { return {owned_, owned_count_}; }
  uint64_t hash() const { return hash_; }
  bool lost() const { return lost_; }  // there was no memory for all of it

  // From now on a word that was found by value is only believed where it is the address of an object with a number: an evaluation stack
  // whose top was not stored also holds what was left there by objects that are dead by now.
  void BelieveOnly(const Numbering* known) { known_ = known; }

 private:
  bool IsCredible(uint64_t address) const {
    return !known_ || runs_[runs_.size() - 1].strength != base::RefStrength::kMaybe || known_->IsKnown(address);
  }

  static constexpr uint64_t kSeed = 0x6c696d7065740001ull;
  static constexpr size_t kMaxRuns = 32768;  // a list full of holes is told as one run without indices from there on

  void EndRun() {
    if (!in_run_) return;
    in_run_ = false;
    skip_value_ = false;
    RunRecord& run = runs_.back();
    if (run.kind == base::RefKind::kKey && ((targets_.size() - run.begin) & 1))
      targets_.Pop();  // a key without its value
    run.count = static_cast<uint32_t>(targets_.size()) - run.begin;
    if (run.count == 0 && !run.open) return runs_.Pop();
    hash_ = MixHash(hash_, uint64_t(run.kind) | uint64_t(run.strength) << 8 | uint64_t(run.open) << 16 |
                               (run.open ? 0 : uint64_t{run.count} << 32));
    hash_ = MixHash(hash_, run.label.bits);
  }

  // A null among items: what follows is numbered on, in a run of its own.
  void Skip() {
    const RunRecord& run = runs_.back();
    const bool numbered = run.kind == base::RefKind::kItem || run.kind == base::RefKind::kStack;
    if (!numbered) return;
    const uint64_t next = run.label.bits + (targets_.size() - run.begin) + 1;
    const RunRecord copy = run;
    // The run so far is closed: only the last stretch of an open one stays open.
    runs_.back().open = false;
    has_open_ &= !copy.open;
    Run(copy.kind, copy.strength, cpython::Label::Index(next), copy.open);
  }

  void PairTarget(uint64_t address) {
    // Key or value is missing: the pair is dropped.
    if (skip_value_) {
      skip_value_ = false;
      return;
    }
    if (address == 0) {
      const size_t told = targets_.size() - runs_.back().begin;
      if (told & 1) targets_.Pop();
      else skip_value_ = true;
      return;
    }
    lost_ |= !targets_.Push(address);
  }

  // Too many runs: the rest goes on in the last one, whose labels then say no more than that it is visited.
  void Crowd(base::RefStrength strength) {
    crowded_ = true;
    Start({base::RefKind::kVisited, strength, !has_open_, cpython::Label::Index(0),
           static_cast<uint32_t>(targets_.size()), 0});
  }

  void Start(const RunRecord& run) {
    in_run_ = runs_.Push(run);
    lost_ |= !in_run_;
  }

  base::PageArray<uint64_t> targets_;
  base::PageArray<RunRecord> runs_;
  uint64_t bytes_ = 0;
  static constexpr uint32_t kMostOwned = 4;
  uint64_t owned_[kMostOwned] = {};
  uint32_t owned_count_ = 0;
  uint64_t hash_ = kSeed;
  const Numbering* known_ = nullptr;  // null: everything is believed
  bool in_run_ = false;
  bool has_open_ = false;
  bool skip_value_ = false;
  bool lost_ = false;
  bool crowded_ = false;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_REFERENCE_SINK_H_
