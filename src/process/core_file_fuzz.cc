// A core file's headers, and ELF files' symbol tables, from arbitrary bytes: whatever they say, the result keeps its order and bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "process/core_file.h"
#include "process/symbols.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckCore(std::string_view bytes) {
  const auto layout = limpet::process::ParseCore(bytes, bytes.size());
  if (!layout.ok()) return;
  Require(!layout->mappings.empty() && layout->mappings.size() == layout->segments.size());
  uint64_t end = 0;
  for (size_t i = 0; i < layout->mappings.size(); ++i) {
    const auto& mapping = layout->mappings[i];
    const auto& segment = layout->segments[i];
    Require(mapping.begin >= end && mapping.begin < mapping.end && mapping.begin % 4096 == 0 &&
            mapping.end % 4096 == 0);
    Require(segment.begin == mapping.begin && segment.end == mapping.end);
    Require(segment.file_size <= mapping.size());
    if (segment.file_size) Require(segment.file_offset + segment.file_size <= bytes.size());
    end = mapping.end;
  }
  for (const auto& module : limpet::process::FindModules(limpet::process::MemoryMap(layout->mappings))) {
    for (const auto& range : module.data) Require(range.begin < range.end);
  }
}

void CheckSymbols(std::string_view bytes) {
  (void)limpet::process::BuildId(bytes);
  const auto symbols = limpet::process::ElfSymbols::FromBytes(bytes);
  if (!symbols.ok()) return;
  for (const auto& symbol : symbols->symbols()) {
    Require(!symbol.name.empty());
    const auto found = symbols->ObjectAt(symbol.address);
    Require(!found || found->address <= symbol.address);
  }
  if (!symbols->symbols().empty()) Require(symbols->Find(symbols->symbols().back().name).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckCore(bytes);
  CheckSymbols(bytes);
  return 0;
}
