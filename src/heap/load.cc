#include "heap/load.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "heap/dominators.h"
#include "heap/parallel.h"

namespace limpet::heap {
namespace {

using capture::SnapshotNodes;
using capture::SnapshotPart;
using capture::SnapshotReader;

// Two threads take the parts in turns. Where a part's references go is known once those before it were decoded: instances of heap types
// have one more here (that to their type) than in the file.
class Loader {
 public:
  // Takes parts [0, part_count), and nodes [0, nodes).
  Loader(const SnapshotReader& reader, size_t part_count, uint32_t nodes)
      : reader_(reader),
        part_count_(part_count),
        nodes_(nodes),
        parts_(size_t{nodes} + 1, MostEdges(reader, part_count, nodes)),
        edges_before_(part_count + 1, kUnknown) {
    edges_before_[0] = 0;
  }

  static uint64_t MostEdges(const SnapshotReader& reader, size_t part_count, uint32_t nodes) {
    uint64_t edges = nodes;
    for (size_t i = 0; i < part_count; ++i) edges += reader.parts()[i].edges;
    return edges;
  }

  // The number of the first part that cannot be read, or part_count.
  size_t ReadParts(std::string* problem) {
    AddTypes();
    AddClasses();
    RunBoth(nodes_, [&] { Work(); }, [&] { Work(); });
    *problem = problem_;
    return std::min(failed_, part_count_);
  }

  Result<Graph> Finish() {
    const uint64_t edges = edges_before_[part_count_];
    parts_.first_edge[nodes_] = uint32_t(edges);
    ForHalves(nodes_, [&](size_t begin, size_t end) {
      for (size_t node = begin; node < end; ++node) FinishNode(NodeId(node));
    });
    if (missing_) AddNotRecorded(uint32_t(edges));
    parts_.Shrink(size_t{nodes_} + (missing_ ? 1 : 0), edges);
    LIMPET_RETURN_IF_ERROR(ReadTexts());
    return Graph(std::move(parts_));
  }

 private:
  static constexpr uint64_t kUnknown = ~uint64_t{0};

  void AddTypes() {
    for (uint32_t i = 0; i < reader_.types().size(); ++i) {
      const capture::SnapshotType& type = reader_.types()[i];
      parts_.types.push_back({std::string(reader_.type_name(i)), type.address, type.flags, type.basic_size});
      if ((type.flags & capture::kTypeHeap) && type.address) type_at_.insert({type.address, i});
    }
    type_nodes_ = std::vector<std::atomic<NodeId>>(parts_.types.size());
    for (auto& node : type_nodes_) node = kNoNode;
    for (uint32_t i = 0; i < reader_.names(); ++i) parts_.names.emplace_back(reader_.name(i));
    parts_.names.emplace_back("?");  // a name that could not be read
  }

  void AddClasses() {
    const NameId no_name = NameId(parts_.names.size() - 1);
    for (const capture::SnapshotClass& cls : reader_.classes()) {
      const Type& type = parts_.types[cls.type];
      const bool type_edge = type.heap() && type.address != 0;
      std::vector<Run> runs;
      if (type_edge) runs.push_back({RefKind::kType, RefStrength::kOwned, 0, 1});
      bool all_hold = true;
      for (const capture::SnapshotRun& run : reader_.outline(cls.outline)) {
        runs.push_back({RefKind(run.kind), RefStrength(run.strength), run.label, run.count});
        if (HasName(runs.back().kind) && run.label >= no_name) runs.back().label = no_name;
        if (DoesNotHold(runs.back().strength)) all_hold = false;
      }
      parts_.AddClass(cls.type, runs, type_edge);
      all_hold_.push_back(all_hold);
    }
  }

  static bool DoesNotHold(RefStrength strength) {
    return strength == RefStrength::kBorrowed || strength == RefStrength::kWeak;
  }

  void Work() {
    SnapshotNodes nodes;
    while (true) {
      const size_t index = next_part_++;
      if (index >= part_count_) return;
      const SnapshotPart& part = reader_.parts()[index];
      const Status status = reader_.ReadPart(part, &nodes);
      const uint64_t edges_before = status.ok() ? Publish(index, part, nodes) : Fail(index, status.message());
      if (edges_before == kUnknown) return;
      Place(part, nodes, edges_before);
    }
  }

  // Waits until the parts before are decoded, and tells the next part where its references go. kUnknown: an earlier part failed.
  uint64_t Publish(size_t index, const SnapshotPart& part, const SnapshotNodes& nodes) {
    uint64_t edges = EdgesIn(part, nodes);
    for (uint32_t i = 0; i < Kept(part); ++i) edges += parts_.classes[nodes.class_ids[i]].type_edge;
    std::unique_lock lock(mutex_);
    decoded_.wait(lock, [&] { return edges_before_[index] != kUnknown || failed_ <= index; });
    if (failed_ <= index) return kUnknown;
    edges_before_[index + 1] = edges_before_[index] + edges;
    decoded_.notify_all();
    return edges_before_[index];
  }

  uint64_t Fail(size_t index, const std::string& problem) {
    const std::lock_guard lock(mutex_);
    if (index < failed_) {
      failed_ = index;
      problem_ = problem;
    }
    decoded_.notify_all();
    return kUnknown;
  }

  // How many of a part's nodes are among ours: the last one may have been left out, as it lacks references.
  uint32_t Kept(const SnapshotPart& part) const {
    return part.first_node >= nodes_ ? 0 : std::min(part.nodes, nodes_ - part.first_node);
  }

  // How many of a part's references are those of our nodes. The last node of a part may have more of them in parts that have no nodes.
  uint64_t EdgesIn(const SnapshotPart& part, const SnapshotNodes& nodes) const {
    if (part.nodes == 0) return part.first_node > nodes_ ? 0 : part.edges;
    uint64_t edges = 0;
    for (uint32_t i = 0; i < Kept(part); ++i) edges += nodes.edge_counts[i];
    return std::min(edges, part.edges);
  }

  void Place(const SnapshotPart& part, const SnapshotNodes& nodes, uint64_t edge) {
    const uint32_t* target = nodes.targets.data();
    const uint32_t* const end = target + EdgesIn(part, nodes);
    for (uint32_t i = 0; i < Kept(part); ++i) {
      const NodeId node = part.first_node + i;
      const ClassId class_id = nodes.class_ids[i];
      parts_.class_of.Set(node, class_id);
      parts_.size.Set(node, nodes.sizes[i]);
      parts_.refcount.Set(node, nodes.refcounts[i]);
      parts_.birth.Set(node, nodes.births[i] <= reader_.births().size() ? nodes.births[i] : 0);
      parts_.address.Set(node, nodes.addresses[i]);
      if (!type_at_.empty()) NoteType(nodes.addresses[i], node);
      parts_.first_edge[node] = uint32_t(edge);
      edge += parts_.classes[class_id].type_edge;
      const uint64_t here = std::min<uint64_t>(nodes.edge_counts[i], uint64_t(end - target));
      PlaceTargets(target, here, edge);
      target += here;
      edge += here;
    }
    PlaceTargets(target, uint64_t(end - target), edge);
  }

  void PlaceTargets(const uint32_t* target, uint64_t count, uint64_t edge) {
    uint32_t* const edges = parts_.edges.data() + edge;
    for (uint64_t i = 0; i < count; ++i) {
      edges[i] = target[i];
      // The missing are all one node behind the others.
      if (__builtin_expect(target[i] >= nodes_, 0)) {
        edges[i] = nodes_ | Edge::kDoesNotHold;
        missing_ = true;
      }
    }
  }

  void NoteType(uint64_t address, NodeId node) {
    const auto at = type_at_.find(address);
    if (at != type_at_.end()) type_nodes_[at->second].store(node, std::memory_order_relaxed);
  }

  // What could not be done before all parts were there: the reference to the type, and references that do not hold.
  void FinishNode(NodeId node) {
    const ClassId class_id = ClassId(parts_.class_of[node]);
    const Class& cls = parts_.classes[class_id];
    EdgeIndex edge = parts_.first_edge[node];
    if (cls.type_edge) {
      const NodeId type = type_nodes_[cls.type].load(std::memory_order_relaxed);
      parts_.edges[edge] = type != kNoNode ? type : nodes_ | Edge::kDoesNotHold;
      if (type == kNoNode) missing_ = true;
    }
    if (all_hold_[class_id]) return;
    const uint32_t open = parts_.first_edge[node + 1] - edge - cls.fixed;
    for (uint32_t r = cls.first_run; r < cls.first_run + cls.run_count; ++r) {
      const Run& run = parts_.runs[r];
      const uint32_t count = run.count == kOpenRun ? open : run.count;
      for (EdgeIndex e = edge; DoesNotHold(run.strength) && e < edge + count; ++e)
        parts_.edges[e] |= Edge::kDoesNotHold;
      edge += count;
    }
  }

  void AddNotRecorded(uint32_t edges) {
    parts_.types.push_back({kNotRecorded, 0, capture::kTypeSynthetic | capture::kTypeRoot, 0});
    parts_.class_of.Set(nodes_, parts_.AddClass(TypeId(parts_.types.size() - 1), {}, false));
    parts_.first_edge[size_t{nodes_} + 1] = edges;
  }

  Status ReadTexts() {
    capture::SnapshotTexts texts;
    for (size_t i = 0; i < reader_.text_blocks(); ++i) {
      LIMPET_RETURN_IF_ERROR(reader_.ReadTexts(i, &texts));
      for (const capture::SnapshotText& text : texts.texts) {
        if (text.node < nodes_) parts_.texts.emplace_back(text.node, std::string(text.text));
      }
    }
    return Status::Ok();
  }

  const SnapshotReader& reader_;
  const size_t part_count_;
  const uint32_t nodes_;
  GraphParts parts_;
  tsl::robin_map<uint64_t, TypeId> type_at_;  // heap types by address
  std::vector<std::atomic<NodeId>> type_nodes_;
  std::vector<bool> all_hold_;  // by class
  std::atomic<bool> missing_ = false;

  std::atomic<size_t> next_part_ = 0;
  std::mutex mutex_;
  std::condition_variable decoded_;
  std::vector<uint64_t> edges_before_;  // guarded by mutex_: by part; kUnknown: one before it was not decoded yet
  size_t failed_ = ~size_t{0};          // guarded by mutex_
  std::string problem_;                 // guarded by mutex_
};

// Of nodes that are there. What cannot be read is missing, and that is a problem of the snapshot's.
void ReadStorage(const SnapshotReader& reader, Snapshot* snapshot) {
  std::vector<capture::SnapshotStorage> some;
  for (size_t i = 0; i < reader.storage_blocks(); ++i) {
    if (const Status status = reader.ReadStorage(i, &some); !status.ok()) {
      snapshot->problems.push_back(status.message());
      return;
    }
    for (const capture::SnapshotStorage& storage : some) {
      if (storage.node < snapshot->graph.node_count()) snapshot->storage.push_back(storage);
    }
  }
}

}  // namespace

Result<Snapshot> LoadSnapshot(const SnapshotReader& reader) {
  Snapshot snapshot;
  snapshot.header = reader.header();
  snapshot.end = reader.end();
  snapshot.problems = reader.problems();
  snapshot.births = reader.births();
  size_t part_count = reader.parts().size();
  uint32_t nodes = reader.nodes();
  if (nodes == 0) return Error("the snapshot has no objects");
  while (true) {
    constexpr uint64_t kMost = 0xfffffff0;
    if (nodes >= kGarbageRoot - 1 || Loader::MostEdges(reader, part_count, nodes) > kMost)
      return Error("the snapshot has more objects or references than limpet can take (2 147 million, 4 294 million)");
    Loader loader(reader, part_count, nodes);
    std::string problem;
    const size_t failed = loader.ReadParts(&problem);
    if (failed == part_count) {
      LIMPET_ASSIGN_OR_RETURN(snapshot.graph, loader.Finish());
      ReadStorage(reader, &snapshot);
      return snapshot;
    }
    // Again, with what comes before the damage. A part without nodes has more references of the node before it.
    snapshot.problems.push_back(problem);
    const SnapshotPart& part = reader.parts()[failed];
    nodes = part.nodes > 0 ? part.first_node : std::max(part.first_node, 1u) - 1;
    part_count = failed;
    if (nodes == 0) return Error(problem);
  }
}

Result<Snapshot> LoadSnapshot(const std::string& path) {
  LIMPET_ASSIGN_OR_RETURN(const SnapshotReader reader, SnapshotReader::Open(path));
  Result<Snapshot> snapshot = LoadSnapshot(reader);
  if (!snapshot.ok()) return snapshot.status().WithContext(path);
  return snapshot;
}

}  // namespace limpet::heap
