// Some of many objects, from everywhere among them, and always the same ones.
//
// One from each stretch of equal length, but not at equal distances: objects are often made in turns (a key, a value, a key ...), and
// steps in time with these would see one sort only.
#ifndef LIMPET_HEAP_SAMPLE_H_
#define LIMPET_HEAP_SAMPLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "heap/graph.h"

namespace limpet::heap {

// At most `most`, in their order; all where there are no more.
inline std::vector<NodeId> SampleOf(std::span<const NodeId> nodes, size_t most) {
  if (nodes.size() <= most) return {nodes.begin(), nodes.end()};
  std::vector<NodeId> sample;
  sample.reserve(most);
  for (size_t i = 0; i < most; ++i) {
    const size_t begin = i * nodes.size() / most, end = (i + 1) * nodes.size() / most;
    const uint64_t scattered = (i + 1) * 0x9e3779b97f4a7c15;  // Fibonacci hashing (Knuth, vol. 3, 6.4)
    sample.push_back(nodes[begin + (scattered >> 33) % (end - begin)]);
  }
  return sample;
}

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_SAMPLE_H_
