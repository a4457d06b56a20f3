// The nodes and references of a part: columns of numbers back to what they stand for.
#include <vector>

#include "capture/snapshot_columns.h"
#include "capture/snapshot_reader.h"
#include "fmt/format.h"

namespace limpet::capture {
namespace {

// What is expected of the next node of each class: the reader's copy of the writer's predictors. Kept by each thread from part to part,
// as memory and no more: SnapshotPredictor::block tells what is stale.
struct Predictors {
  std::vector<SnapshotPredictor> by_class;
  uint32_t block = 0;

  void Begin(size_t classes) {
    if (++block == 0) {  // after 2^32 blocks
      by_class.clear();
      block = 1;
    }
    if (by_class.size() < classes) by_class.resize(classes);
  }
  SnapshotPredictor& Of(uint32_t class_id) {
    SnapshotPredictor& predictor = by_class[class_id];
    if (predictor.block != block) {
      predictor = {};
      predictor.block = block;
    }
    return predictor;
  }
};

int64_t DecodeAddress(uint64_t code) {
  const int64_t difference = Unzigzag(code >> 1);
  return code & 1 ? difference : int64_t(uint64_t(difference) << 4);
}

// References of one node at a time.
class EdgeDecoder {
 public:
  EdgeDecoder(const std::vector<uint8_t>& column, uint32_t next_new, uint32_t nodes)
      : numbers_(column), next_new_(next_new), nodes_(nodes) {}

  void MentionNode(uint32_t node) {
    if (node >= next_new_) next_new_ = uint64_t{node} + 1;
  }

  bool Decode(uint32_t node, uint64_t count, SnapshotPredictor* last, uint32_t* out) {
    uint32_t before = 0;
    for (uint64_t i = 0; i < count; ++i) {
      uint32_t* slot = &last->targets[i % SnapshotPredictor::kSlots];
      uint64_t code;
      if (!numbers_.Next(&code)) return false;
      uint64_t target;
      if (code == 0) {
        target = next_new_++;
      } else if (code == 1) {
        target = *slot;
      } else if (code == 2) {
        target = uint64_t{before} + 1;
      } else {
        target = node + uint64_t(Unzigzag(code - 3));
      }
      if (__builtin_expect(target > kMaxNodes, 0)) return false;
      *slot = before = uint32_t(target);
      out[i] = target < nodes_ ? uint32_t(target) : kMissingNode;
    }
    return true;
  }

  bool at_end() const { return numbers_.at_end(); }

 private:
  NumberReader numbers_;
  uint64_t next_new_;
  uint64_t nodes_;
};

Predictors& ThreadPredictors() {
  thread_local Predictors predictors;
  return predictors;
}

void Resize(size_t nodes, size_t edges, SnapshotNodes* out) {
  out->class_ids.resize(nodes);
  out->addresses.resize(nodes);
  out->sizes.resize(nodes);
  out->refcounts.resize(nodes);
  out->births.resize(nodes);
  out->edge_counts.resize(nodes);
  out->targets.resize(edges);
}

const std::vector<uint8_t>& Column(const std::vector<uint8_t>* columns, SnapshotColumn column) {
  return columns[uint32_t(column)];
}

}  // namespace

Status SnapshotReader::ReadPart(const SnapshotPart& part, SnapshotNodes* out) const {
  thread_local std::vector<uint8_t> columns[kSnapshotColumns];
  const uint64_t nodes = part.block.count;
  const uint64_t edges_size = part.block.edges * kLongestEdge;
  Status status;
  if (part.block.kind == uint32_t(SnapshotBlockKind::kEdges)) {
    status = UnpackColumns(*source_, part.offset, part.block.payload_size, std::span(&edges_size, 1), columns);
    if (status.ok()) {
      Resize(0, part.block.edges, out);
      SnapshotPredictor fresh;
      EdgeDecoder edges(columns[0], part.block.next_new, nodes_);
      if (!edges.Decode(part.block.first, part.edges, &fresh, out->targets.data()) || !edges.at_end()) {
        status = Error("its references make no sense");
      }
    }
  } else {
    const uint64_t most[kSnapshotColumns] = {nodes * 5, nodes * 10, nodes * 10, nodes * 5,
                                             nodes * 5, nodes * 10, edges_size};
    status = UnpackColumns(*source_, part.offset, part.block.payload_size, most, columns);
    if (status.ok()) {
      Resize(nodes, part.block.edges, out);
      status = DecodeNodes(part, columns, out);
    }
    if (status.ok()) status = DecodeEdgeCounts(part, Column(columns, SnapshotColumn::kEdgeCount), out);
    if (status.ok()) status = DecodeEdges(part, Column(columns, SnapshotColumn::kEdges), out);
    if (status.ok()) Resize(part.nodes, part.edges, out);  // a last node that lacks references is left out
  }
  return status.WithContext(fmt::format("the block at byte {} is damaged", part.offset - sizeof(SnapshotBlock)));
}

Status SnapshotReader::DecodeNodes(const SnapshotPart& part, const std::vector<uint8_t>* columns,
                                   SnapshotNodes* out) const {
  NumberReader classes(Column(columns, SnapshotColumn::kClass)), addresses(Column(columns, SnapshotColumn::kAddress));
  NumberReader sizes(Column(columns, SnapshotColumn::kSize)), refcounts(Column(columns, SnapshotColumn::kRefcount));
  NumberReader births(Column(columns, SnapshotColumn::kBirth));
  Predictors& predictors = ThreadPredictors();
  predictors.Begin(part.classes);
  for (uint32_t i = 0; i < part.block.count; ++i) {
    uint32_t class_id;
    if (!classes.Next32(&class_id) || class_id >= part.classes) {
      return Error(fmt::format("node {} is of a class that does not exist", part.first_node + i));
    }
    SnapshotPredictor& last = predictors.Of(class_id);
    uint64_t address, size, birth;
    uint32_t refcount;
    if (!addresses.Next(&address) || !sizes.Next(&size) || !refcounts.Next32(&refcount) || !births.Next(&birth)) {
      return Error(fmt::format("the numbers of node {} are missing", part.first_node + i));
    }
    last.address += uint64_t(DecodeAddress(address));
    last.size += uint64_t(Unzigzag(size));
    last.birth += uint32_t(Unzigzag(birth));
    out->class_ids[i] = class_id;
    out->addresses[i] = last.address;
    out->sizes[i] = last.size;
    out->refcounts[i] = refcount;
    out->births[i] = last.birth;
  }
  if (!classes.at_end() || !addresses.at_end() || !sizes.at_end() || !refcounts.at_end() || !births.at_end()) {
    return Error("there are more numbers than nodes");
  }
  return Status::Ok();
}

Status SnapshotReader::DecodeEdgeCounts(const SnapshotPart& part, const std::vector<uint8_t>& column,
                                        SnapshotNodes* out) const {
  NumberReader counts(column);
  const uint64_t follow = part.block.edges_follow;
  uint64_t inline_edges = 0;
  for (uint32_t i = 0; i < part.block.count; ++i) {
    const Shape& shape = outline_shapes_[classes_[out->class_ids[i]].outline];
    uint64_t open = 0;
    if (shape.open && !counts.Next(&open)) return Error("numbers of references are missing");
    if (open >= uint64_t{1} << 48) return Error("a node has more references than there can be");
    const uint64_t count = shape.fixed_edges + open;
    out->edge_counts[i] = count;
    const bool elsewhere = follow != 0 && i + 1 == part.block.count;
    if (elsewhere ? count != follow : count > kInlineEdges)
      return Error("the references of a node are not where they belong");
    if (!elsewhere) inline_edges += count;
  }
  if (inline_edges != part.block.edges || !counts.at_end()) return Error("its number of references is wrong");
  return Status::Ok();
}

Status SnapshotReader::DecodeEdges(const SnapshotPart& part, const std::vector<uint8_t>& column,
                                   SnapshotNodes* out) const {
  EdgeDecoder edges(column, part.block.next_new, nodes_);
  Predictors& predictors = ThreadPredictors();
  uint32_t* at = out->targets.data();
  const uint32_t inlined = part.block.count - (part.block.edges_follow != 0);
  for (uint32_t i = 0; i < inlined; ++i) {
    const uint32_t node = part.first_node + i;
    edges.MentionNode(node);
    if (!edges.Decode(node, out->edge_counts[i], &predictors.Of(out->class_ids[i]), at)) {
      return Error(fmt::format("the references of node {} make no sense", node));
    }
    at += out->edge_counts[i];
  }
  if (!edges.at_end()) return Error("there are more references than its nodes have");
  return Status::Ok();
}

}  // namespace limpet::capture
