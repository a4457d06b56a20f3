// Descriptors, threads and children over time: which of them become more and more. They leak as memory does, and often with it.
#ifndef LIMPET_DIAGNOSE_RESOURCES_H_
#define LIMPET_DIAGNOSE_RESOURCES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

struct Growth {
  std::string_view key;   // "sockets"
  std::string_view noun;  // "open sockets"
  uint32_t first = 0;
  uint32_t last = 0;
  double per_second = 0;
  uint64_t begin_ns = 0;      // of the first window
  uint64_t window_ns = 0;     // length of each
  std::vector<double> gains;  // from each window to the next
  bool explained = false;     // a finding grows with it
};

// What the process held when last looked at (before it began to finalise); key, noun and count.
struct Held {
  std::string_view key;
  std::string_view noun;
  uint32_t count = 0;
};
std::vector<Held> HeldAtEnd(const capture::Process& process);

// What grows steadily: of six windows of time each has a larger minimum than the one before, so that bursts and pools that fill up are none.
std::vector<Growth> FindGrowth(const capture::Process& process);

// Lays each growth to the most important finding of the process that grows in the same rhythm, as evidence, and marks it as explained.
void JoinGrowth(const capture::Process& process, std::vector<Growth>& growths, std::vector<Finding>& findings);

// "open sockets grow: 14 -> 412, +12/s"
std::string InWords(const Growth& growth);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_RESOURCES_H_
