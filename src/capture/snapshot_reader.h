// Reads a heap snapshot (snapshot_format.h). Distrusts every byte: the file may be cut short, damaged, hostile, or still growing. Opening
// reads what is small (types, names, outlines, classes) and where the nodes are; these are then read part by part, in any order, also by
// several threads. Numbers are in range when they are handed out. Memory: a few MB per thread that reads, and what Open keeps, which
// grows with the file, not with what it claims.
//
//     LIMPET_ASSIGN_OR_RETURN(const SnapshotReader reader, SnapshotReader::Open(path));
//     ... take memory for reader.nodes() and reader.edges(): the sums over all parts ...
//     SnapshotNodes nodes;
//     for (const SnapshotPart& part : reader.parts()) {
//       LIMPET_RETURN_IF_ERROR(reader.ReadPart(part, &nodes));
//       ... nodes.class_ids[i] is the class of node part.first_node + i; nodes.targets[i] is reference part.first_edge + i of the file ...
//     }
//
// References follow each other in the order of their nodes: laid end to end, the targets of all parts are the targets of a graph in
// compressed rows, and the edge counts give its offsets. A part of kEdges blocks has no nodes, only more targets.
#ifndef LIMPET_CAPTURE_SNAPSHOT_READER_H_
#define LIMPET_CAPTURE_SNAPSHOT_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "capture/byte_source.h"
#include "capture/snapshot_format.h"

namespace limpet::capture {

// The target of a reference to something that got no record: the walk ended before (a limit, or the writer died).
inline constexpr uint32_t kMissingNode = 0xffffffff;

struct SnapshotClass {
  uint32_t type;
  uint32_t outline;
};

// One block of nodes, or of references.
struct SnapshotPart {
  uint32_t first_node = 0;
  uint32_t nodes = 0;
  uint64_t first_edge = 0;
  uint64_t edges = 0;

  uint64_t offset = 0;  // of its payload
  SnapshotBlock block = {};
  uint32_t classes = 0;  // that were defined before it
};

struct SnapshotNodes {
  std::vector<uint32_t> class_ids;
  std::vector<uint64_t> addresses;
  std::vector<uint64_t> sizes;
  std::vector<uint32_t> refcounts;
  std::vector<uint32_t> births;       // index in births() + 1; 0, or more than there are: not known
  std::vector<uint64_t> edge_counts;  // all references of the node, also those that are in parts after this one
  std::vector<uint32_t> targets;      // node ids, or kMissingNode
};

struct SnapshotText {
  uint32_t node;
  std::string_view text;
};

struct SnapshotTexts {
  std::vector<SnapshotText> texts;
  std::vector<uint8_t> bytes;  // that the texts are views of
};

class SnapshotReader {
 public:
  // Fails when there is nothing to be read at `path`, or no snapshot. What is wrong behind the header is told in problems(): all that is
  // whole before can be read.
  static Result<SnapshotReader> Open(const std::string& path);
  // `bytes` outlive the reader.
  static Result<SnapshotReader> FromBytes(std::string_view bytes);

  const SnapshotHeader& header() const { return header_; }
  // What the walk came to; nothing where the file has no end: then the snapshot is not complete, and problems() says why.
  const std::optional<SnapshotEnd>& end() const { return end_; }
  const std::vector<std::string>& problems() const { return problems_; }

  uint32_t names() const { return uint32_t(name_ends_.size()); }
  std::string_view name(uint32_t id) const { return Text(name_bytes_, name_ends_, id); }
  const std::vector<SnapshotType>& types() const { return types_; }
  std::string_view type_name(uint32_t id) const { return Text(type_name_bytes_, type_name_ends_, id); }
  uint32_t outlines() const { return uint32_t(outline_ends_.size()); }
  std::span<const SnapshotRun> outline(uint32_t id) const;
  const std::vector<SnapshotClass>& classes() const { return classes_; }
  const std::vector<SnapshotBirth>& births() const { return births_; }  // SnapshotNodes::births are ids of these + 1

  uint32_t nodes() const { return nodes_; }
  uint64_t edges() const { return edges_; }
  const std::vector<SnapshotPart>& parts() const { return parts_; }
  // Fails when the part is damaged. May be called by several threads at once.
  Status ReadPart(const SnapshotPart& part, SnapshotNodes* out) const;

  // Texts of nodes, in blocks of some hundred KB. Of one node there may be several.
  size_t text_blocks() const { return text_blocks_.size(); }
  Status ReadTexts(size_t index, SnapshotTexts* out) const;

  // The same of objects' storage; each is of a node that is there, and of a birth that is known.
  size_t storage_blocks() const { return storage_blocks_.size(); }
  Status ReadStorage(size_t index, std::vector<SnapshotStorage>* out) const;

 private:
  struct Extent {
    uint64_t offset;
    SnapshotBlock block;
  };
  struct Shape {           // of a class, for decoding
    uint64_t fixed_edges;  // references in runs that are not open
    bool open;             // whether one run is
  };

  explicit SnapshotReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  static std::string_view Text(const std::string& bytes, const std::vector<uint32_t>& ends, uint32_t id);
  static Result<SnapshotReader> Read(std::unique_ptr<ByteSource> source, const std::string& place);

  friend Result<SnapshotHeader> ReadSnapshotHeader(const std::string& path);
  Status ReadHeader();
  void ReadBlocks();
  Status ReadBlock(uint64_t offset, const SnapshotBlock& block);
  Status ReadDefinitions(uint64_t offset, const SnapshotBlock& block);
  Status ReadNames(std::string_view bytes, uint32_t count);
  Status ReadTypes(std::string_view bytes, uint32_t count);
  Status ReadOutlines(std::string_view bytes, uint32_t count);
  Status ReadClasses(std::string_view bytes, uint32_t count);
  Status ReadBirths(std::string_view bytes, uint32_t count);
  Status ReadEnd(uint64_t offset);
  Status AddPart(uint64_t offset, const SnapshotBlock& block);
  void DropUnfinishedNode();
  Status DecodeNodes(const SnapshotPart& part, const std::vector<uint8_t>* columns, SnapshotNodes* out) const;
  Status DecodeEdgeCounts(const SnapshotPart& part, const std::vector<uint8_t>& column, SnapshotNodes* out) const;
  Status DecodeEdges(const SnapshotPart& part, const std::vector<uint8_t>& column, SnapshotNodes* out) const;

  std::unique_ptr<ByteSource> source_;
  SnapshotHeader header_ = {};
  std::optional<SnapshotEnd> end_;
  std::vector<std::string> problems_;

  std::string name_bytes_, type_name_bytes_;
  std::vector<uint32_t> name_ends_, type_name_ends_;
  std::vector<SnapshotType> types_;
  std::vector<SnapshotRun> runs_;
  std::vector<uint32_t> outline_ends_;
  std::vector<Shape> outline_shapes_;
  std::vector<SnapshotClass> classes_;
  std::vector<SnapshotBirth> births_;
  uint64_t definition_bytes_ = 0;

  uint32_t nodes_ = 0;
  uint64_t edges_ = 0;
  uint64_t edges_awaited_ = 0;  // of the last node: in kEdges blocks to come
  std::vector<SnapshotPart> parts_;
  std::vector<Extent> text_blocks_, storage_blocks_;
};

// The header alone: when a snapshot was taken, and why.
Result<SnapshotHeader> ReadSnapshotHeader(const std::string& path);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_SNAPSHOT_READER_H_
