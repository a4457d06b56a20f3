// Images: what was live in every cell at a moment that the final counts no longer show, because the memory was given back since.
#ifndef LIMPET_AGENT_IMAGES_H_
#define LIMPET_AGENT_IMAGES_H_

#include <stdint.h>

namespace limpet::agent {

// Writes image `which` (0, 1: the peak, in turns; 2: finalisation). REQUIRES: the agent's lock.
void WriteImage(uint32_t which, uint64_t now_ns);

// Keeps an image when more is live than ever before: at the end of an epoch, or in between when it grew much and the last
// image was cheap. REQUIRES: the agent's lock.
void MaybeImagePeak(uint64_t now_ns, uint64_t live_bytes, bool epoch_ends);

// Whether a valid image counts blocks of this pair that have died since: then the pair must keep its epoch.
bool InImage(uint32_t pair);

// Moves the images' counts of a pair that is folded into another of its site and epoch group.
void FoldInImages(uint32_t from, uint32_t to);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_IMAGES_H_
