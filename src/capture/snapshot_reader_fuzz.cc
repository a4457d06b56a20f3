// The snapshot reader on arbitrary files. A real file is checksums and compressed columns, which no fuzzer would see through, so the
// input is what stands behind them, and the file is made here:
//
//     input:  { SnapshotBlock, { length: u16 little-endian, bytes[length] }* }*     one for each block; as many columns as its kind has
//
// payload_size and checksums are set to what they must be. The input is also read as it is, as a file of its own.
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/crc32.h"
#include "capture/snapshot_reader.h"

namespace {

using namespace limpet::capture;

void Require(bool condition) {
  if (!condition) std::abort();
}

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string_view Take(std::string_view* input, size_t size) {
  const std::string_view taken = input->substr(0, size);
  input->remove_prefix(taken.size());
  return taken;
}

std::string_view TakeColumn(std::string_view* input) {
  const std::string_view length = Take(input, 2);
  return length.size() < 2 ? std::string_view() : Take(input, uint8_t(length[0]) | size_t{uint8_t(length[1])} << 8);
}

std::string Pack(std::string_view column) {
  if (column.empty()) return {};
  std::string frame(ZSTD_compressBound(column.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), column.data(), column.size(), -20));
  return frame;
}

std::string Payload(uint32_t kind, std::string_view* input) {
  if (kind == uint32_t(SnapshotBlockKind::kEnd)) {
    SnapshotEnd end = {};
    const std::string_view bytes = TakeColumn(input).substr(0, sizeof end);
    if (!bytes.empty()) std::memcpy(&end, bytes.data(), bytes.size());
    end.crc = limpet::base::Crc32(&end, offsetof(SnapshotEnd, crc));
    return std::string(BytesOf(end));
  }
  std::string extents, frames;
  for (uint32_t c = 0; c < (kind == uint32_t(SnapshotBlockKind::kObjects) ? kSnapshotColumns : 1); ++c) {
    const std::string_view column = TakeColumn(input);
    const std::string frame = Pack(column);
    extents += BytesOf(SnapshotExtent{uint32_t(column.size()), uint32_t(frame.size())});
    frames += frame;
  }
  return extents + frames;
}

std::string Build(std::string_view input) {
  SnapshotHeader header = {};
  std::memcpy(header.magic, kSnapshotMagic, sizeof header.magic);
  header.version = kSnapshotVersion;
  header.header_size = sizeof header;
  header.header_crc = limpet::base::Crc32(&header, offsetof(SnapshotHeader, header_crc));
  std::string file(BytesOf(header));
  while (input.size() >= sizeof(SnapshotBlock)) {
    SnapshotBlock block;
    std::memcpy(&block, Take(&input, sizeof block).data(), sizeof block);
    const std::string payload = Payload(block.kind, &input);
    block.payload_size = uint32_t(payload.size());
    block.header_crc = limpet::base::Crc32(&block, offsetof(SnapshotBlock, header_crc));
    file += BytesOf(block);
    file += payload;
  }
  return file;
}

void ReadParts(const SnapshotReader& reader) {
  SnapshotNodes nodes;
  uint64_t sum_nodes = 0, sum_edges = 0;
  for (const SnapshotPart& part : reader.parts()) {
    Require(part.first_edge == sum_edges);
    sum_nodes += part.nodes;
    sum_edges += part.edges;
    if (!reader.ReadPart(part, &nodes).ok()) continue;
    Require(nodes.class_ids.size() == part.nodes && nodes.births.size() == part.nodes &&
            nodes.targets.size() == part.edges);
    for (const uint32_t class_id : nodes.class_ids) Require(class_id < reader.classes().size());
    for (const uint32_t target : nodes.targets) Require(target < reader.nodes() || target == kMissingNode);
    uint64_t edges = 0;
    for (const uint64_t count : nodes.edge_counts) edges += count <= kInlineEdges ? count : 0;
    if (part.nodes) Require(edges == part.edges);
  }
  Require(sum_nodes == reader.nodes() && sum_edges == reader.edges());
}

void Read(std::string_view file) {
  const auto reader = SnapshotReader::FromBytes(file);
  if (!reader.ok()) return;
  Require(reader->end() || !reader->problems().empty());
  for (uint32_t i = 0; i < reader->names(); ++i) (void)reader->name(i);
  for (uint32_t i = 0; i < reader->types().size(); ++i) (void)reader->type_name(i);
  for (const SnapshotClass& c : reader->classes()) {
    Require(c.type < reader->types().size());
    for (const SnapshotRun& run : reader->outline(c.outline)) Require(run.kind < 14 && run.strength < 4);
  }
  ReadParts(*reader);
  for (size_t b = 0; b < reader->text_blocks(); ++b) {
    SnapshotTexts texts;
    if (!reader->ReadTexts(b, &texts).ok()) continue;
    for (const SnapshotText& text : texts.texts) Require(text.node < reader->nodes());
  }
  for (size_t b = 0; b < reader->storage_blocks(); ++b) {
    std::vector<SnapshotStorage> storage;
    if (!reader->ReadStorage(b, &storage).ok()) continue;
    for (const SnapshotStorage& of : storage)
      Require(of.node < reader->nodes() && of.birth >= 1 && of.birth <= reader->births().size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Read(Build(input));
  Read(input);
  return 0;
}
