// An array that grows by chunks of memory from the kernel and never moves, so that readers need no lock.
#ifndef LIMPET_AGENT_CHUNKED_H_
#define LIMPET_AGENT_CHUNKED_H_

#include "agent/platform.h"

namespace limpet::agent {

template <class T, uint32_t kPerChunk, uint32_t kChunks>
class Chunked {
 public:
  // REQUIRES: Ensure(index) returned true before.
  T& operator[](uint32_t index) { return chunks_[index / kPerChunk][index % kPerChunk]; }

  // Makes room (zeroed) up to `index`. REQUIRES: the caller holds the agent's lock.
  bool Ensure(uint32_t index) {
    if (index / kPerChunk >= kChunks) return false;
    T*& chunk = chunks_[index / kPerChunk];
    if (LIMPET_UNLIKELY(!chunk)) chunk = static_cast<T*>(MapMemory(sizeof(T) * kPerChunk));
    return chunk != nullptr;
  }

 private:
  T* chunks_[kChunks] = {};
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_CHUNKED_H_
