// The reader on arbitrary files. A real file is blocks of 64 KiB that are mostly padding, which no fuzzer would see through, so
// the input is a packed form of it: what stands in for each block is as long as the input says, the rest of the block is zero.
//
//     input:  { length: u16 little-endian, bytes[length] }*     one for each block; the last may be cut short
//
// The input is also read as it is, as a file of its own.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "capture/format.h"
#include "capture/reader.h"

namespace {

using limpet::capture::kBlockSize;

std::string Unpack(std::string_view packed) {
  constexpr size_t kMostBlocks = 32;
  std::string file;
  for (size_t block = 0; block < kMostBlocks && packed.size() >= 2; ++block) {
    const size_t length = uint8_t(packed[0]) | size_t{uint8_t(packed[1])} << 8;
    packed.remove_prefix(2);
    const std::string_view bytes = packed.substr(0, length);
    packed.remove_prefix(bytes.size());
    file += bytes;
    if (bytes.size() < length) break;
    file.resize((block + 1) * kBlockSize);
  }
  return file;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

void Read(std::string_view file) {
  const auto result = limpet::capture::ParseProcess(file, "fuzz");
  if (!result.ok()) return;
  const limpet::capture::Process& process = *result;
  uint64_t live = 0;
  for (const auto& site : process.sites) {
    Require(site.node.value < process.nodes.size() && !site.cohorts.empty());
    for (const auto& cohort : site.cohorts) {
      Require(cohort.group.value < process.groups.size());
      Require(cohort.deaths.blocks <= cohort.births.blocks && cohort.deaths.bytes <= cohort.births.bytes);
      live += cohort.live().blocks;
    }
    for (const auto frame : process.Stack(site.node)) Require(frame.value < process.frames.size());
  }
  Require(live == process.live().blocks);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Read(Unpack(input));
  Read(input);
  return 0;
}
