// What a stack's frames are called: names, lines and columns, read from code objects once per code and instruction.
#ifndef LIMPET_AGENT_SOURCE_H_
#define LIMPET_AGENT_SOURCE_H_

#include "agent/python.h"

namespace limpet::agent {

// A code object as the recording knows it: string ids, and a hash of all that tells it from other codes.
struct CodeSource {
  uint32_t filename;
  uint32_t name;
  uint32_t qualname;
  uint32_t first_line;
  uint64_t identity;  // never 0
};

// False, and the recording stops, when `code` does not look like a code object of this version. REQUIRES: the agent's lock.
template <class L>
bool ReadCode(const char* code, CodeSource* source);

// Fills line and columns for the instruction at `offset` bytes (may be negative: not yet begun).
template <class L>
void ReadPosition(const char* code, int64_t offset, capture::FrameRecord* frame);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_SOURCE_H_
