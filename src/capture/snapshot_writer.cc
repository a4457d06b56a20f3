#include "capture/snapshot_writer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_initStaticCCtx: a compressor in memory of ours
#include <zstd.h>

#include "base/crc32.h"

namespace limpet::capture {
namespace {

// Real heaps take 4 bytes for a node at this level, and 6 ns to compress; at level 1 2.5 bytes and 14 ns. The child's time is scarcer.
constexpr int kLevel = -20;
constexpr uint32_t kLongestNumber = 10;  // bytes of a 64-bit varint

// Room in each column for the nodes of a block at their longest.
constexpr size_t ColumnRoom(uint32_t column) {
  switch (SnapshotColumn(column)) {
    case SnapshotColumn::kEdges:
      return kEdgeColumnBytes + size_t{kInlineEdges} * kLongestEdge;
    case SnapshotColumn::kAddress:
    case SnapshotColumn::kSize:
      return size_t{kBlockNodes} * kLongestNumber;
    default:
      return size_t{kBlockNodes} * 5;  // 32 bits, or 33 with a sign
  }
}

inline uint8_t* PutNumber(uint8_t* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = uint8_t(value | 0x80);
    value >>= 7;
  }
  *out++ = uint8_t(value);
  return out;
}

// Objects lie at multiples of 16, all but static ones.
inline uint64_t CodeAddress(uint64_t address, uint64_t last) {
  const auto difference = int64_t(address - last);
  return difference & 15 ? Zigzag(difference) << 1 | 1 : Zigzag(difference >> 4) << 1;
}

// The longest prefix of at most kMaxTextBytes that does not end within a character.
size_t CutText(const char* text, size_t length) {
  if (length <= kMaxTextBytes) return length;
  length = kMaxTextBytes;
  while (length > kMaxTextBytes - 4 && (uint8_t(text[length]) & 0xc0) == 0x80) --length;
  return length;
}

}  // namespace

bool SnapshotWriter::Fail(int error) {
  if (!error_) error_ = error ? error : EIO;
  return false;
}

bool SnapshotWriter::AllocateBuffers() {
  for (uint32_t c = 0; c < kSnapshotColumns; ++c) {
    if (!columns_[c].Resize(ColumnRoom(c))) return false;
  }
  edges_full_ = columns_[uint32_t(SnapshotColumn::kEdges)].data() + kEdgeColumnBytes;
  const size_t workspace = ZSTD_estimateCCtxSize(kLevel);
  if (!workspace_.Resize(workspace / sizeof(uint64_t) + 1)) return false;
  zstd_ = ZSTD_initStaticCCtx(workspace_.data(), workspace_.size() * sizeof(uint64_t));
  if (!zstd_) return false;
  ZSTD_CCtx_setParameter(zstd_, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(zstd_, ZSTD_c_checksumFlag, 1);
  return true;
}

bool SnapshotWriter::Open(int fd, const SnapshotHeader& given) {
  fd_ = fd;
  if (!AllocateBuffers()) return Fail(ENOMEM);
  SnapshotHeader header = given;
  memcpy(header.magic, kSnapshotMagic, sizeof header.magic);
  header.version = kSnapshotVersion;
  header.header_size = sizeof header;
  header.header_crc = base::Crc32(&header, offsetof(SnapshotHeader, header_crc));
  BeginObjects();
  if (!WriteBytes(&header, header.pause_ns ? sizeof header : offsetof(SnapshotHeader, pause_ns))) return false;
  offset_ = sizeof header;
  return true;
}

// ---- Definitions

void SnapshotWriter::AppendText(Definitions* to, const void* record, size_t record_size, const char* text,
                                size_t length) {
  const auto size = uint32_t(length);
  if (!to->bytes.Append(static_cast<const uint8_t*>(record), record_size) ||
      (to != &types_ && !to->bytes.Append(reinterpret_cast<const uint8_t*>(&size), sizeof size)) ||
      !to->bytes.Append(reinterpret_cast<const uint8_t*>(text), length)) {
    Fail(ENOMEM);
  }
  EndDefinition(to);
}

void SnapshotWriter::EndDefinition(Definitions* definitions) {
  ++definitions->count;
  ++definitions->next_id;
  if (definitions->bytes.size() >= kDefinitionBytes) WriteDefinitions();
}

uint32_t SnapshotWriter::AddName(const char* text, size_t length) {
  const uint32_t id = names_.next_id;
  if (!failed()) AppendText(&names_, nullptr, 0, text, CutText(text, length));
  return id;
}

uint32_t SnapshotWriter::AddType(const SnapshotType& given, const char* name, size_t length) {
  const uint32_t id = types_.next_id;
  if (failed()) return id;
  SnapshotType type = given;
  type.name_length = uint32_t(CutText(name, length));
  type.pad = 0;
  AppendText(&types_, &type, sizeof type, name, type.name_length);
  return id;
}

uint32_t SnapshotWriter::AddOutline(const SnapshotRun* runs, size_t count) {
  const uint32_t id = outlines_.next_id;
  if (failed()) return id;
  if (count > kMaxRuns) {
    Fail(E2BIG);
    return id;
  }
  Outline shape = {0, 0};
  for (size_t i = 0; i < count; ++i) {
    if (runs[i].count == kOpenRun) ++shape.open;
    else shape.fixed += runs[i].count;
  }
  const auto size = uint32_t(count);
  if (!outlines_.bytes.Append(reinterpret_cast<const uint8_t*>(&size), sizeof size) ||
      !outlines_.bytes.Append(reinterpret_cast<const uint8_t*>(runs), count * sizeof(SnapshotRun)) ||
      !outline_shapes_.Push(shape)) {
    Fail(ENOMEM);
  }
  if (shape.open > 1) Fail(EINVAL);
  EndDefinition(&outlines_);
  return id;
}

uint32_t SnapshotWriter::AddClass(uint32_t type, uint32_t outline) {
  const uint32_t id = classes_.next_id;
  if (failed()) return id;
  if (type >= types_.next_id || outline >= outlines_.next_id) {
    Fail(EINVAL);
    return id;
  }
  const uint32_t record[2] = {type, outline};
  if (!classes_.bytes.Append(reinterpret_cast<const uint8_t*>(record), sizeof record) ||
      !class_states_.Push(Class{outline_shapes_[outline], {}})) {
    Fail(ENOMEM);
  }
  EndDefinition(&classes_);
  return id;
}

uint32_t SnapshotWriter::AddBirth(const SnapshotBirth& birth) {
  const uint32_t id = births_.next_id;
  if (failed()) return id;
  if (!births_.bytes.Append(reinterpret_cast<const uint8_t*>(&birth), sizeof birth)) Fail(ENOMEM);
  EndDefinition(&births_);
  return id;
}

void SnapshotWriter::AddText(uint32_t node, const char* text, size_t length) {
  if (failed()) return;
  AppendText(&texts_, &node, sizeof node, text, CutText(text, length));
}

void SnapshotWriter::AddStorage(const SnapshotStorage& storage) {
  if (failed()) return;
  if (!storage_.bytes.Append(reinterpret_cast<const uint8_t*>(&storage), sizeof storage)) Fail(ENOMEM);
  EndDefinition(&storage_);
}

bool SnapshotWriter::WriteDefinition(SnapshotBlockKind kind, Definitions* definitions) {
  if (!definitions->count) return true;
  SnapshotBlock block = {};
  block.kind = uint32_t(kind);
  block.count = definitions->count;
  if (definitions != &texts_ && definitions != &storage_) block.first = definitions->next_id - definitions->count;
  const uint8_t* column = definitions->bytes.data();
  const size_t size = definitions->bytes.size();
  definitions->count = 0;
  definitions->bytes.Clear();
  return WriteBlock(block, &column, &size, 1);
}

bool SnapshotWriter::WriteDefinitions() {
  return WriteDefinition(SnapshotBlockKind::kNames, &names_) && WriteDefinition(SnapshotBlockKind::kTypes, &types_) &&
         WriteDefinition(SnapshotBlockKind::kOutlines, &outlines_) &&
         WriteDefinition(SnapshotBlockKind::kClasses, &classes_) &&
         WriteDefinition(SnapshotBlockKind::kBirths, &births_) && WriteDefinition(SnapshotBlockKind::kTexts, &texts_) &&
         WriteDefinition(SnapshotBlockKind::kStorage, &storage_);
}

// ---- Nodes

void SnapshotWriter::BeginObjects() {
  for (uint32_t c = 0; c < kSnapshotColumns; ++c) ends_[c] = columns_[c].data();
  ++block_;
  block_first_ = nodes_;
  block_next_new_ = next_new_;
  block_edges_ = 0;
}

uint8_t* SnapshotWriter::CodeEdges(SnapshotPredictor* last, uint32_t node, const uint32_t* targets, size_t count,
                                   uint8_t* out) {
  uint32_t next_new = next_new_;
  uint32_t before = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t target = targets[i];
    uint32_t* slot = &last->targets[i % SnapshotPredictor::kSlots];
    if (target == next_new) {
      ++next_new;
      *out++ = 0;
    } else if (target == *slot) {
      *out++ = 1;
    } else if (target == before + 1) {
      *out++ = 2;
    } else {
      out = PutNumber(out, 3 + Zigzag(int64_t(target) - int64_t(node)));
    }
    *slot = before = target;
  }
  next_new_ = next_new;
  return out;
}

void SnapshotWriter::AddNode(uint32_t class_id, uint64_t address, uint64_t size, uint32_t refcount, uint32_t birth,
                             const uint32_t* targets, size_t count) {
  enum { kClass, kAddress, kSize, kRefcount, kBirth, kEdgeCount, kEdges };
  if (__builtin_expect(nodes_ - block_first_ == kBlockNodes || ends_[kEdges] >= edges_full_, 0) && !WriteObjects(0))
    return;
  if (__builtin_expect(class_id >= class_states_.size() || failed() || nodes_ == kMaxNodes, 0)) {
    Fail(EINVAL);
    return;
  }
  const uint32_t node = nodes_;
  Class& state = class_states_[class_id];
  SnapshotPredictor& last = state.last;
  if (last.block != block_) {
    last = {};
    last.block = block_;
  }
  if (__builtin_expect(state.outline.open ? count < state.outline.fixed : count != state.outline.fixed, 0)) {
    Fail(EINVAL);
    return;
  }
  ends_[kClass] = PutNumber(ends_[kClass], class_id);
  ends_[kAddress] = PutNumber(ends_[kAddress], CodeAddress(address, last.address));
  ends_[kSize] = PutNumber(ends_[kSize], Zigzag(int64_t(size - last.size)));
  ends_[kRefcount] = PutNumber(ends_[kRefcount], refcount);
  ends_[kBirth] = PutNumber(ends_[kBirth], Zigzag(int64_t(birth) - int64_t(last.birth)));
  if (state.outline.open) ends_[kEdgeCount] = PutNumber(ends_[kEdgeCount], count - state.outline.fixed);
  last.address = address;
  last.size = size;
  last.birth = birth;
  ++nodes_;
  sizes_ += size;
  edges_ += count;
  if (node >= next_new_) next_new_ = node + 1;
  if (__builtin_expect(count > kInlineEdges, 0)) return AddLargeNodeEdges(node, targets, count);
  block_edges_ += count;
  ends_[kEdges] = CodeEdges(&last, node, targets, count, ends_[kEdges]);
}

void SnapshotWriter::AddLargeNodeEdges(uint32_t node, const uint32_t* targets, size_t count) {
  if (!WriteObjects(count)) return;
  const uint32_t kEdges = uint32_t(SnapshotColumn::kEdges);
  for (size_t done = 0; done < count;) {
    const size_t part = count - done < kInlineEdges ? count - done : size_t{kInlineEdges};
    SnapshotBlock block = {};
    block.kind = uint32_t(SnapshotBlockKind::kEdges);
    block.first = node;
    block.next_new = next_new_;
    block.edges = part;
    block.edges_follow = count - done - part;
    SnapshotPredictor fresh;
    const uint8_t* column = columns_[kEdges].data();
    const size_t size = size_t(CodeEdges(&fresh, node, targets + done, part, columns_[kEdges].data()) - column);
    if (!WriteBlock(block, &column, &size, 1)) return;
    done += part;
  }
  BeginObjects();
}

bool SnapshotWriter::WriteObjects(uint64_t edges_follow) {
  SnapshotBlock block = {};
  block.kind = uint32_t(SnapshotBlockKind::kObjects);
  block.count = nodes_ - block_first_;
  block.first = block_first_;
  block.next_new = block_next_new_;
  block.edges = block_edges_;
  block.edges_follow = edges_follow;
  const uint8_t* columns[kSnapshotColumns];
  size_t sizes[kSnapshotColumns];
  for (uint32_t c = 0; c < kSnapshotColumns; ++c) {
    columns[c] = columns_[c].data();
    sizes[c] = size_t(ends_[c] - columns[c]);
  }
  BeginObjects();
  return !block.count || (WriteDefinitions() && WriteBlock(block, columns, sizes, kSnapshotColumns));
}

// ---- Blocks and bytes

bool SnapshotWriter::PackColumns(const uint8_t* const* columns, const size_t* sizes, uint32_t count,
                                 size_t* payload_size) {
  size_t most = count * sizeof(SnapshotExtent);
  for (uint32_t c = 0; c < count; ++c) most += ZSTD_compressBound(sizes[c]);
  packed_.Clear();
  if (!packed_.Reserve(most)) return Fail(ENOMEM);
  size_t at = count * sizeof(SnapshotExtent);
  for (uint32_t c = 0; c < count; ++c) {
    if (sizes[c] > kMaxRawBytes) return Fail(E2BIG);
    SnapshotExtent extent = {uint32_t(sizes[c]), 0};
    if (sizes[c]) {
      const size_t packed = ZSTD_compress2(zstd_, packed_.data() + at, most - at, columns[c], sizes[c]);
      if (ZSTD_isError(packed)) return Fail(EIO);
      extent.packed_size = uint32_t(packed);
    }
    memcpy(packed_.data() + c * sizeof extent, &extent, sizeof extent);
    at += extent.packed_size;
  }
  *payload_size = at;
  return true;
}

bool SnapshotWriter::WriteBlock(SnapshotBlock block, const uint8_t* const* columns, const size_t* sizes,
                                uint32_t count) {
  size_t payload_size = 0;
  if (failed() || !PackColumns(columns, sizes, count, &payload_size)) return false;
  block.payload_size = uint32_t(payload_size);
  block.header_crc = base::Crc32(&block, offsetof(SnapshotBlock, header_crc));
  return WriteBytes(&block, sizeof block) && WriteBytes(packed_.data(), payload_size);
}

bool SnapshotWriter::WriteBytes(const void* bytes, size_t size) {
  const auto* from = static_cast<const char*>(bytes);
  while (size) {
    const ssize_t n = pwrite(fd_, from, size, off_t(offset_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Fail(n < 0 ? errno : ENOSPC);
    from += n;
    offset_ += uint64_t(n);
    size -= size_t(n);
  }
  return true;
}

bool SnapshotWriter::Flush() { return !failed() && WriteObjects(0) && WriteDefinitions(); }

bool SnapshotWriter::Finish(const SnapshotEnd& given) {
  if (!Flush()) return false;
  SnapshotEnd end = given;
  end.nodes = nodes_;
  end.edges = edges_;
  end.bytes = sizes_;
  end.crc = base::Crc32(&end, offsetof(SnapshotEnd, crc));
  SnapshotBlock block = {};
  block.kind = uint32_t(SnapshotBlockKind::kEnd);
  block.payload_size = sizeof end;
  block.header_crc = base::Crc32(&block, offsetof(SnapshotBlock, header_crc));
  return WriteBytes(&block, sizeof block) && WriteBytes(&end, sizeof end);
}

}  // namespace limpet::capture
