// Text of /proc/PID/maps from arbitrary bytes: mappings come out in order, and modules lie within them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "process/memory_map.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using limpet::process::MemoryMap;
  const MemoryMap map = MemoryMap::Parse({reinterpret_cast<const char*>(data), size});
  uint64_t end = 0;
  for (const auto& mapping : map.mappings()) {
    Require(mapping.begin >= end && mapping.begin < mapping.end);
    Require(map.Find(mapping.begin) == &mapping && map.Find(mapping.end - 1) == &mapping);
    end = mapping.end;
  }
  for (const auto& module : FindModules(map)) {
    for (const auto& range : module.data)
      Require(map.Find(range.begin) && range.begin < range.end && range.end <= module.end);
  }
  return 0;
}
