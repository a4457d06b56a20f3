#include "capture/snapshot_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/byte_reader.h"
#include "base/crc32.h"
#include "base/file.h"
#include "base/reference.h"
#include "capture/snapshot_columns.h"
#include "fmt/format.h"

namespace limpet::capture {
namespace {

// All definitions together: a program has some thousand types and some ten thousand names. What zstd makes of them is far from 1:256.
constexpr uint64_t kMostDefinitionBytes = 128 << 20;
constexpr uint64_t kBestRatio = 256;

bool IsDefinition(uint32_t kind) {
  return (kind >= uint32_t(SnapshotBlockKind::kNames) && kind <= uint32_t(SnapshotBlockKind::kClasses)) ||
         kind == uint32_t(SnapshotBlockKind::kBirths);
}

bool IsNamed(base::RefKind kind) {
  return kind == base::RefKind::kAttribute || kind == base::RefKind::kField || kind == base::RefKind::kLocal ||
         kind == base::RefKind::kClosure;
}

}  // namespace

Result<SnapshotReader> SnapshotReader::Open(const std::string& path) {
  LIMPET_ASSIGN_OR_RETURN(FileSource file, FileSource::Open(path));
  return Read(std::make_unique<FileSource>(std::move(file)), path);
}

Result<SnapshotReader> SnapshotReader::FromBytes(std::string_view bytes) {
  return Read(std::make_unique<MemorySource>(bytes), "the snapshot");
}

Result<SnapshotReader> SnapshotReader::Read(std::unique_ptr<ByteSource> source, const std::string& place) {
  SnapshotReader reader(std::move(source));
  if (const Status status = reader.ReadHeader(); !status.ok()) return status.WithContext(place);
  reader.ReadBlocks();
  return reader;
}

Result<SnapshotHeader> ReadSnapshotHeader(const std::string& path) {
  LIMPET_ASSIGN_OR_RETURN(FileSource file, FileSource::Open(path));
  SnapshotReader reader(std::make_unique<FileSource>(std::move(file)));
  if (const Status status = reader.ReadHeader(); !status.ok()) return status.WithContext(path);
  return reader.header_;
}

std::string_view SnapshotReader::Text(const std::string& bytes, const std::vector<uint32_t>& ends, uint32_t id) {
  LIMPET_CHECK(id < ends.size());
  const uint32_t begin = id ? ends[id - 1] : 0;
  return std::string_view(bytes).substr(begin, ends[id] - begin);
}

std::span<const SnapshotRun> SnapshotReader::outline(uint32_t id) const {
  LIMPET_CHECK(id < outline_ends_.size());
  const uint32_t begin = id ? outline_ends_[id - 1] : 0;
  return std::span(runs_).subspan(begin, outline_ends_[id] - begin);
}

Status SnapshotReader::ReadHeader() {
  const size_t size = source_->Read(0, &header_, sizeof header_);
  if (size == 0) return Error("the file is empty: the writer died before it began");
  if (std::memcmp(header_.magic, kSnapshotMagic, std::min(size, sizeof kSnapshotMagic)) != 0) {
    return Error("this is no heap snapshot of limpet");
  }
  if (size < sizeof header_) return Error("the file is cut short within its header");
  if (header_.version != kSnapshotVersion) {
    return Error(fmt::format("it has format version {}, and this limpet reads version {}: use the limpet that wrote it",
                             header_.version, kSnapshotVersion));
  }
  if (header_.header_size != sizeof header_ ||
      header_.header_crc != base::Crc32(&header_, offsetof(SnapshotHeader, header_crc))) {
    return Error("its header is damaged");
  }
  return Status::Ok();
}

// From block to block until the end, or until something is wrong: what comes after a damaged block may build on it.
void SnapshotReader::ReadBlocks() {
  uint64_t offset = sizeof(SnapshotHeader);
  while (!end_) {
    SnapshotBlock block;
    const size_t size = source_->Read(offset, &block, sizeof block);
    if (size < sizeof block) {
      problems_.push_back(
          fmt::format("the snapshot has no end{}: the writer was stopped; the {} nodes before are whole",
                      size ? " and is cut short in the middle" : "", nodes_));
      break;
    }
    Status status = block.header_crc == base::Crc32(&block, offsetof(SnapshotBlock, header_crc))
                        ? ReadBlock(offset + sizeof block, block)
                        : Error("its checksum is wrong");
    if (!status.ok()) {
      problems_.push_back(fmt::format("the block at byte {}: {}; what follows was left out, {} nodes before are whole",
                                      offset, status.message(), nodes_));
      break;
    }
    offset += sizeof block + block.payload_size;
  }
  if (edges_awaited_) DropUnfinishedNode();
  uint64_t nodes = 0, edges = 0;
  for (const SnapshotPart& part : parts_) {
    nodes += part.nodes;
    edges += part.edges;
  }
  nodes_ = uint32_t(nodes);
  edges_ = edges;
  if (end_ && (end_->nodes != nodes_ || end_->edges != edges_)) {
    problems_.push_back(fmt::format("its end tells of {} nodes and {} references, and there are {} and {}", end_->nodes,
                                    end_->edges, nodes_, edges_));
  }
}

Status SnapshotReader::ReadBlock(uint64_t offset, const SnapshotBlock& block) {
  char last;
  if (block.payload_size && source_->Read(offset + block.payload_size - 1, &last, 1) != 1)
    return Error("it is cut short");
  const auto kind = SnapshotBlockKind(block.kind);
  if (edges_awaited_ && kind != SnapshotBlockKind::kEdges) return Error("references of a node are missing before it");
  if (IsDefinition(block.kind)) return ReadDefinitions(offset, block);
  if (kind == SnapshotBlockKind::kObjects || kind == SnapshotBlockKind::kEdges) return AddPart(offset, block);
  if (kind == SnapshotBlockKind::kEnd) return ReadEnd(offset);
  if (kind == SnapshotBlockKind::kTexts) text_blocks_.push_back({offset, block});
  else if (kind == SnapshotBlockKind::kStorage) storage_blocks_.push_back({offset, block});
  else return Error(fmt::format("it is of an unknown kind ({})", block.kind));
  return Status::Ok();
}

Status SnapshotReader::ReadEnd(uint64_t offset) {
  SnapshotEnd end;
  if (source_->Read(offset, &end, sizeof end) != sizeof end ||
      end.crc != base::Crc32(&end, offsetof(SnapshotEnd, crc))) {
    return Error("the end of the snapshot is damaged");
  }
  end_ = end;
  return Status::Ok();
}

// ---- Nodes

Status SnapshotReader::AddPart(uint64_t offset, const SnapshotBlock& block) {
  SnapshotPart part;
  part.first_node = nodes_;
  part.nodes = block.count;
  part.first_edge = edges_;
  part.edges = block.edges;
  part.offset = offset;
  part.block = block;
  part.classes = uint32_t(classes_.size());
  const bool continues = block.kind == uint32_t(SnapshotBlockKind::kEdges);
  if (continues) {
    if (!nodes_ || block.first != nodes_ - 1 || block.count || !block.edges || block.edges > kInlineEdges ||
        block.edges + block.edges_follow != edges_awaited_) {
      return Error("it continues the references of another node");
    }
  } else if (block.first != nodes_ || !block.count || block.count > kBlockNodes || block.edges > kMaxBlockEdges ||
             block.count > kMaxNodes - nodes_) {
    return Error("its numbers of nodes and references cannot be");
  }
  edges_awaited_ = block.edges_follow;
  nodes_ += part.nodes;
  edges_ += part.edges;
  parts_.push_back(part);
  return Status::Ok();
}

// The last node has more references than the file: leaves it out, with the blocks that hold nothing but references of it.
void SnapshotReader::DropUnfinishedNode() {
  while (parts_.back().block.kind == uint32_t(SnapshotBlockKind::kEdges)) parts_.pop_back();
  --parts_.back().nodes;
  problems_.push_back(fmt::format("node {} lacks {} of its references and was left out", nodes_ - 1, edges_awaited_));
}

// ---- Definitions

Status SnapshotReader::ReadDefinitions(uint64_t offset, const SnapshotBlock& block) {
  const auto kind = SnapshotBlockKind(block.kind);
  const uint64_t longest = kind == SnapshotBlockKind::kOutlines ? kMaxRuns * sizeof(SnapshotRun) : 2 * kMaxTextBytes;
  uint64_t most = std::min(kDefinitionBytes + longest, 2 * kDefinitionBytes + kBestRatio * block.payload_size);
  most = std::min(most, kMostDefinitionBytes - definition_bytes_);
  std::vector<uint8_t> column;
  LIMPET_RETURN_IF_ERROR(UnpackColumns(*source_, offset, block.payload_size, std::span(&most, 1), &column));
  definition_bytes_ += column.size();
  const std::string_view bytes(reinterpret_cast<const char*>(column.data()), column.size());
  const auto expect = [&block](size_t have) {
    return block.first == have ? Status::Ok()
                               : Error(fmt::format("its first id is {}, and {} is due", block.first, have));
  };
  switch (kind) {
    case SnapshotBlockKind::kNames:
      LIMPET_RETURN_IF_ERROR(expect(name_ends_.size()));
      return ReadNames(bytes, block.count);
    case SnapshotBlockKind::kTypes:
      LIMPET_RETURN_IF_ERROR(expect(types_.size()));
      return ReadTypes(bytes, block.count);
    case SnapshotBlockKind::kOutlines:
      LIMPET_RETURN_IF_ERROR(expect(outline_ends_.size()));
      return ReadOutlines(bytes, block.count);
    case SnapshotBlockKind::kBirths:
      LIMPET_RETURN_IF_ERROR(expect(births_.size()));
      return ReadBirths(bytes, block.count);
    default:
      LIMPET_RETURN_IF_ERROR(expect(classes_.size()));
      return ReadClasses(bytes, block.count);
  }
}

Status SnapshotReader::ReadNames(std::string_view bytes, uint32_t count) {
  base::ByteReader in(bytes);
  for (uint32_t i = 0; i < count; ++i) {
    const auto length = in.Read<uint32_t>();
    const auto text = length ? in.ReadBytes(*length) : std::nullopt;
    if (!text) return Error("it has fewer names than it says");
    name_bytes_ += *text;
    name_ends_.push_back(uint32_t(name_bytes_.size()));
  }
  return in.remaining() ? Error("it has more names than it says") : Status::Ok();
}

Status SnapshotReader::ReadTypes(std::string_view bytes, uint32_t count) {
  base::ByteReader in(bytes);
  for (uint32_t i = 0; i < count; ++i) {
    const auto type = in.Read<SnapshotType>();
    const auto name = type ? in.ReadBytes(type->name_length) : std::nullopt;
    if (!name) return Error("it has fewer types than it says");
    type_name_bytes_ += *name;
    type_name_ends_.push_back(uint32_t(type_name_bytes_.size()));
    types_.push_back(*type);
  }
  return in.remaining() ? Error("it has more types than it says") : Status::Ok();
}

Status SnapshotReader::ReadOutlines(std::string_view bytes, uint32_t count) {
  base::ByteReader in(bytes);
  for (uint32_t i = 0; i < count; ++i) {
    const auto runs = in.Read<uint32_t>();
    if (!runs || *runs > kMaxRuns) return Error("it has fewer outlines than it says");
    Shape shape = {0, false};
    for (uint32_t k = 0; k < *runs; ++k) {
      const auto run = in.Read<SnapshotRun>();
      if (!run) return Error("an outline has fewer runs than it says");
      const bool no_name = IsNamed(base::RefKind(run->kind)) && run->label != kNoName && run->label >= names();
      if (run->kind >= base::kRefKinds || run->strength >= base::kRefStrengths || no_name) {
        return Error("an outline has a run that means nothing");
      }
      if (run->count == kOpenRun && std::exchange(shape.open, true)) return Error("an outline has two open runs");
      if (run->count != kOpenRun) shape.fixed_edges += run->count;
      runs_.push_back(*run);
    }
    outline_ends_.push_back(uint32_t(runs_.size()));
    outline_shapes_.push_back(shape);
  }
  return in.remaining() ? Error("it has more outlines than it says") : Status::Ok();
}

Status SnapshotReader::ReadClasses(std::string_view bytes, uint32_t count) {
  base::ByteReader in(bytes);
  for (uint32_t i = 0; i < count; ++i) {
    const auto entry = in.Read<SnapshotClass>();
    if (!entry || entry->type >= types_.size() || entry->outline >= outline_ends_.size()) {
      return Error("it has a class without type or outline");
    }
    classes_.push_back(*entry);
  }
  return in.remaining() ? Error("it has more classes than it says") : Status::Ok();
}

Status SnapshotReader::ReadBirths(std::string_view bytes, uint32_t count) {
  base::ByteReader in(bytes);
  for (uint32_t i = 0; i < count; ++i) {
    const auto birth = in.Read<SnapshotBirth>();
    if (!birth) return Error("it has fewer births than it says");
    births_.push_back(*birth);
  }
  return in.remaining() ? Error("it has more births than it says") : Status::Ok();
}

// ---- Texts and storage

Status SnapshotReader::ReadStorage(size_t index, std::vector<SnapshotStorage>* out) const {
  LIMPET_CHECK(index < storage_blocks_.size());
  const Extent& extent = storage_blocks_[index];
  const uint64_t most = kDefinitionBytes + sizeof(SnapshotStorage);
  const std::string context = fmt::format("the storage of objects at byte {}", extent.offset - sizeof(SnapshotBlock));
  out->clear();
  std::vector<uint8_t> bytes;
  if (Status status = UnpackColumns(*source_, extent.offset, extent.block.payload_size, std::span(&most, 1), &bytes);
      !status.ok()) {
    return status.WithContext(context);
  }
  if (bytes.size() != uint64_t{extent.block.count} * sizeof(SnapshotStorage))
    return Error(context + ": there are more or fewer than it says");
  base::ByteReader in({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  while (const auto storage = in.Read<SnapshotStorage>()) {
    if (storage->node < nodes_ && storage->birth != 0 && storage->birth <= births_.size()) out->push_back(*storage);
  }
  return Status::Ok();
}

Status SnapshotReader::ReadTexts(size_t index, SnapshotTexts* out) const {
  LIMPET_CHECK(index < text_blocks_.size());
  const Extent& extent = text_blocks_[index];
  const uint64_t most = kDefinitionBytes + kMaxTextBytes + 8;
  const std::string context = fmt::format("the texts at byte {}", extent.offset - sizeof(SnapshotBlock));
  out->texts.clear();
  if (Status status =
          UnpackColumns(*source_, extent.offset, extent.block.payload_size, std::span(&most, 1), &out->bytes);
      !status.ok()) {
    return status.WithContext(context);
  }
  base::ByteReader in({reinterpret_cast<const char*>(out->bytes.data()), out->bytes.size()});
  for (uint32_t i = 0; i < extent.block.count; ++i) {
    const auto node = in.Read<uint32_t>();
    const auto length = node ? in.Read<uint32_t>() : std::nullopt;
    const auto text = length ? in.ReadBytes(*length) : std::nullopt;
    if (!text) return Error(context + ": there are fewer than it says");
    if (*node < nodes_) out->texts.push_back({*node, *text});
  }
  return in.remaining() ? Error(context + ": there are more than it says") : Status::Ok();
}

}  // namespace limpet::capture
