// A walk over damaged memory of real objects, in an interpreter made up around them. Checks that it ends, soon, and with little memory; and
// that what it wrote is a snapshot without a flaw, whatever it was of.
//
//     number of patches u8 | patches: place u16, value u64 ... | an image (cpython/memory_image.h)
//
// A patch is a word of the interpreter's own: place / 4096 says of which piece, the rest where in it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>

#include "capture/snapshot_reader.h"
#include "walk/synthetic_interpreter.h"
#include "walk/walk_memory.h"

using namespace limpet;

namespace {

constexpr uint64_t kMostSpans = uint64_t{1} << 22;
constexpr uint64_t kMostBytes = uint64_t{1} << 24;

void Require(bool holds) {
  if (!holds) abort();
}

struct Patch {
  uint16_t place;
  uint64_t value;
};

template <class L>
void Damage(const uint8_t* patches, size_t count, const walk::SyntheticInterpreter<L>& interpreter,
            cpython::MemoryImage* memory) {
  const uint64_t pieces[] = {interpreter.collector(), walk::kSyntheticRuntime + L::kRuntimeInterpreters,
                             walk::kSyntheticInterpreter, walk::kSyntheticThread, walk::kSyntheticCframe};
  for (size_t i = 0; i < count; ++i) {
    Patch patch;
    memcpy(&patch.place, patches + 10 * i, 2);
    memcpy(&patch.value, patches + 10 * i + 2, 8);
    memory->Set(pieces[patch.place / 4096 % std::size(pieces)] + patch.place % 4096 * 8, patch.value);
  }
}

void ReadBack(int fd, uint64_t nodes) {
  const auto size = static_cast<size_t>(lseek(fd, 0, SEEK_END));
  Require(size <= kMostBytes);
  std::string bytes(size, 0);
  Require(pread(fd, bytes.data(), size, 0) == static_cast<ssize_t>(size));
  const Result<capture::SnapshotReader> reader = capture::SnapshotReader::FromBytes(bytes);
  Require(reader.ok() && reader->problems().empty() && reader->nodes() == nodes);
  capture::SnapshotNodes read;
  for (const capture::SnapshotPart& part : reader->parts()) Require(reader->ReadPart(part, &read).ok());
}

template <class L>
void Walk(const uint8_t* patches, size_t count, cpython::MemoryImage& memory) {
  const walk::SyntheticInterpreter<L> interpreter(&memory);
  Damage<L>(patches, count, interpreter, &memory);
  const int fd = memfd_create("snapshot", MFD_CLOEXEC);
  Require(fd >= 0);
  capture::SnapshotWriter writer;
  Require(writer.Open(fd, {}));
  walk::ModuleData module = {0x5000000, 0x5000400, 0x5000000, "/lib/libsynthetic.so"};
  walk::WalkOptions options;
  options.minor = L::kMinor;
  options.runtime = walk::kSyntheticRuntime;
  options.redact = count % 2 != 0;
  options.while_collecting = count % 4 >= 2;
  options.modules = &module;
  options.module_count = 1;
  const walk::WalkStop stop = walk::WalkMemory(memory, options, writer);
  Require(memory.spans() <= kMostSpans);
  if (stop == walk::WalkStop::kComplete) ReadBack(fd, writer.nodes());
  else
    Require(stop == walk::WalkStop::kNoInterpreter || stop == walk::WalkStop::kNoCollector ||
            stop == walk::WalkStop::kCollecting);
  close(fd);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size < 1 + size_t{data[0]} * 10) return 0;
  const size_t count = data[0];
  const uint8_t* patches = data + 1;
  cpython::MemoryImage memory;
  memory.Parse(patches + count * 10, size - 1 - count * 10);
  switch (memory.minor()) {
    case 11:
      Walk<cpython::Layout311>(patches, count, memory);
      break;
    case 12:
      Walk<cpython::Layout312>(patches, count, memory);
      break;
    case 13:
      Walk<cpython::Layout313>(patches, count, memory);
      break;
    case 14:
      Walk<cpython::Layout314>(patches, count, memory);
      break;
    default:
      Walk<cpython::Layout315>(patches, count, memory);
      break;
  }
  return 0;
}
