// The process over time: memory and collections, sampled at ticks; a fixed number of samples however long it runs.
#ifndef LIMPET_AGENT_SAMPLES_H_
#define LIMPET_AGENT_SAMPLES_H_

#include <stdint.h>

namespace limpet::agent {

// Takes a sample when one is due (or `force`). REQUIRES: the agent's lock.
void TakeSample(uint64_t now_ns, bool force);
void ResetSamples();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_SAMPLES_H_
