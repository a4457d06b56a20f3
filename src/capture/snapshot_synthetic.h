// A made-up heap as a busy service has it, for the tests and the benchmark of snapshots: sessions in a list, each an instance with
// strings, numbers, a dict and a list; shared keys and constants; addresses as an allocator with pools and a history gives them.
// Numbered breadth first as a walker does.
#ifndef LIMPET_CAPTURE_SNAPSHOT_SYNTHETIC_H_
#define LIMPET_CAPTURE_SNAPSHOT_SYNTHETIC_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/reference.h"
#include "capture/snapshot_writer.h"

namespace limpet::capture {

struct SyntheticNode {
  uint32_t class_id = 0;
  uint64_t address = 0;
  uint64_t size = 0;
  uint32_t refcount = 0;
  uint32_t birth = 0;
  std::vector<uint32_t> targets;
  bool operator==(const SyntheticNode&) const = default;
};

class SyntheticHeap {
 public:
  enum Class : uint32_t { kRoot, kList, kDict, kSession, kStr, kInt, kFloat, kTuple2, kClasses };

  explicit SyntheticHeap(uint32_t sessions, uint32_t seed = 1) : random_(seed) { Build(sessions); }

  const std::vector<SyntheticNode>& nodes() const { return nodes_; }  // by node id, targets are node ids
  uint64_t edges() const { return edges_; }

  void Define(SnapshotWriter* writer) const {
    using base::RefKind;
    static constexpr const char* kTypes[kClasses] = {"root", "list", "dict",  "app.Session",
                                                     "str",  "int",  "float", "tuple"};
    static constexpr const char* kFields[] = {"id", "name", "tags", "meta", "last", "owner"};
    for (uint32_t c = 0; c < kClasses; ++c) {
      writer->AddType({0x1000 + c * 0x400, c == kSession ? kTypeHeap : 0u, 16, 0, 0}, kTypes[c],
                      std::string(kTypes[c]).size());
    }
    for (const char* field : kFields) writer->AddName(field, std::string(field).size());
    const SnapshotRun items = {uint8_t(RefKind::kItem), 0, 0, 0, kOpenRun};
    const SnapshotRun entries = {uint8_t(RefKind::kKey), 0, 0, 0, kOpenRun};
    const SnapshotRun pair = {uint8_t(RefKind::kItem), 0, 0, 0, 2};
    std::vector<SnapshotRun> attributes;
    for (uint32_t i = 0; i < 6; ++i) attributes.push_back({uint8_t(RefKind::kAttribute), 0, 0, i, 1});
    const uint32_t none = writer->AddOutline(nullptr, 0), list = writer->AddOutline(&items, 1);
    const uint32_t dict = writer->AddOutline(&entries, 1), tuple = writer->AddOutline(&pair, 1);
    const uint32_t session = writer->AddOutline(attributes.data(), attributes.size());
    const uint32_t outlines[kClasses] = {list, list, dict, session, none, none, none, tuple};
    for (uint32_t c = 0; c < kClasses; ++c) writer->AddClass(c, outlines[c]);
  }

  void Write(SnapshotWriter* writer) const {
    Define(writer);
    for (const SyntheticNode& node : nodes_) {
      writer->AddNode(node.class_id, node.address, node.size, node.refcount, node.birth, node.targets.data(),
                      node.targets.size());
    }
  }

 private:
  // Blocks of one size come from pools of 16 KiB in order; one in eight is a hole that an earlier object left somewhere else.
  uint64_t Allocate(uint64_t size) {
    size = (size + 15) & ~uint64_t{15};
    if (size > 512) {
      large_ += size + 16;
      return large_ - size;
    }
    auto& [next, end] = pools_[size];
    if (next + size > end) {
      next = pool_ += 16384;
      end = next + 16384;
    }
    auto& holes = holes_[size];
    const uint64_t address = next;
    next += size;
    if (random_() % 8 == 0) holes.push_back(address);
    if (holes.size() > 64 && random_() % 4 == 0) {
      std::swap(holes[random_() % holes.size()], holes.back());
      const uint64_t hole = holes.back();
      holes.pop_back();
      return hole;
    }
    return address;
  }

  uint32_t Add(uint32_t class_id, uint64_t size, std::vector<uint32_t> targets = {}) {
    const uint64_t address = class_id == kRoot ? 0 : Allocate(size);
    nodes_.push_back(
        {class_id, address, size, 0, class_id + 1 + uint32_t(nodes_.size() >> 16) * 16, std::move(targets)});
    for (const uint32_t target : nodes_.back().targets) ++nodes_[target].refcount;
    return uint32_t(nodes_.size()) - 1;
  }

  void Build(uint32_t count) {
    std::vector<uint32_t> keys, ints, tags, sessions;
    for (int i = 0; i < 8; ++i) keys.push_back(Add(kStr, 54));
    for (int i = 0; i < 256; ++i) ints.push_back(Add(kInt, 32));
    for (int i = 0; i < 20; ++i) tags.push_back(Add(kStr, 57));
    const auto any = [this](const std::vector<uint32_t>& of) { return of[random_() % of.size()]; };
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t id = Add(kInt, 32), name = Add(kStr, 49 + random_() % 24);
      const uint32_t list = Add(kList, 88, {any(tags), any(tags), any(tags)});
      const uint32_t seen = Add(kFloat, 24), place = Add(kTuple2, 72, {Add(kFloat, 24), Add(kFloat, 24)});
      const uint32_t dict =
          Add(kDict, 248,
              {keys[0], any(ints), keys[1], Add(kStr, 60 + random_() % 40), keys[2], place, keys[3], any(ints)});
      const uint32_t owner = sessions.empty() || i % 3 ? keys[7] : any(sessions);
      sessions.push_back(Add(kSession, 104, {id, name, list, dict, seen, owner}));
    }
    Number(Add(kRoot, 0, {Add(kList, 56 + 8 * count, sessions)}));
  }

  // Renumbers: breadth first from `root`.
  void Number(uint32_t root) {
    constexpr uint32_t kNone = 0xffffffff;
    std::vector<uint32_t> id(nodes_.size(), kNone), order = {root};
    id[root] = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      for (uint32_t& target : nodes_[order[i]].targets) {
        if (id[target] == kNone) {
          id[target] = uint32_t(order.size());
          order.push_back(target);
        }
        target = id[target];
        ++edges_;
      }
    }
    std::vector<SyntheticNode> sorted;
    sorted.reserve(order.size());
    for (const uint32_t node : order) sorted.push_back(std::move(nodes_[node]));
    nodes_ = std::move(sorted);
  }

  std::mt19937 random_;
  std::vector<SyntheticNode> nodes_;
  uint64_t edges_ = 0;
  std::map<uint64_t, std::pair<uint64_t, uint64_t>> pools_;
  std::map<uint64_t, std::vector<uint64_t>> holes_;
  uint64_t pool_ = 0x7f1200000000;
  uint64_t large_ = 0x55d000000000;
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_SNAPSHOT_SYNTHETIC_H_
