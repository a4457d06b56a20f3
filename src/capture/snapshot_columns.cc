#include "capture/snapshot_columns.h"

#include <zstd.h>

#include <cstring>
#include <memory>

#include "fmt/format.h"

namespace limpet::capture {
namespace {

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// One a thread: it takes 160 KB and some time to make.
ZSTD_DCtx* Decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  return context.get();
}

}  // namespace

Status UnpackColumns(const ByteSource& source, uint64_t offset, uint32_t payload_size, std::span<const uint64_t> most,
                     std::vector<uint8_t>* columns) {
  std::vector<SnapshotExtent> extents(most.size());
  const size_t extents_size = extents.size() * sizeof(SnapshotExtent);
  if (payload_size < extents_size || source.Read(offset, extents.data(), extents_size) != extents_size) {
    return Error("it is too short for its columns");
  }
  uint64_t packed_size = extents_size;
  uint64_t largest = 0;
  for (size_t c = 0; c < extents.size(); ++c) {
    packed_size += extents[c].packed_size;
    largest += ZSTD_compressBound(size_t(most[c]));
    if (extents[c].raw_size > most[c]) {
      return Error(fmt::format("column {} claims {} bytes, {} at most make sense", c, extents[c].raw_size, most[c]));
    }
  }
  if (packed_size != payload_size || packed_size > largest + extents_size) {
    return Error("the sizes of its columns contradict its own");
  }
  std::vector<uint8_t> packed(payload_size - extents_size);
  if (source.Read(offset + extents_size, packed.data(), packed.size()) != packed.size())
    return Error("it is cut short");
  const uint8_t* at = packed.data();
  for (size_t c = 0; c < extents.size(); ++c) {
    columns[c].resize(extents[c].raw_size);
    if (extents[c].raw_size || extents[c].packed_size) {
      const size_t size =
          ZSTD_decompressDCtx(Decompressor(), columns[c].data(), columns[c].size(), at, extents[c].packed_size);
      if (ZSTD_isError(size))
        return Error(fmt::format("column {} cannot be unpacked ({})", c, ZSTD_getErrorName(size)));
      if (size != columns[c].size()) return Error(fmt::format("column {} is shorter than it claims", c));
    }
    at += extents[c].packed_size;
  }
  return Status::Ok();
}

}  // namespace limpet::capture
