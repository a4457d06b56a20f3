// Unwind tables of a hostile module. The input is a piece of memory as it would be loaded:  u16 where .eh_frame_hdr begins in it,
// u16 how many places in the code to ask for, then the memory; code lies at the memory's own addresses.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <memory>

#include "agent/unwind_rule.h"

using limpet::agent::FindRule;
using limpet::agent::FitsRule;
using limpet::agent::PackRule;
using limpet::agent::Readable;
using limpet::agent::UnpackRule;
using limpet::agent::UnwindRule;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  uint16_t header, places;
  memcpy(&header, data, sizeof header);
  memcpy(&places, data + 2, sizeof places);
  size -= 4;
  // Of exactly that size, so that a byte too far is seen.
  const std::unique_ptr<uint8_t[]> memory(new uint8_t[size ? size : 1]);
  memcpy(memory.get(), data + 4, size);
  const Readable tables = {memory.get(), memory.get() + size};
  for (uint32_t i = 0; i < places % 64u + 1; ++i) {
    const uint64_t pc = reinterpret_cast<uint64_t>(memory.get()) + uint64_t(i) * (size / 64 + 1);
    UnwindRule rule;
    rule.own = i & 1;
    const bool found = FindRule(tables, memory.get() + header, pc, &rule);
    if (!found && rule.own != bool(i & 1)) abort();
    if (!FitsRule(rule) || UnpackRule(PackRule(rule)) != rule) abort();
  }
  return 0;
}
