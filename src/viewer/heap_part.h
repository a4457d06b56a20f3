// The part of the document that tells of the objects of a process's last heap snapshot: what `limpet heap --json` tells, a tree of what
// retains what, and for the types that retain most what `limpet why --json` tells. Its type is web/src/model/heap.ts.
#ifndef LIMPET_VIEWER_HEAP_PART_H_
#define LIMPET_VIEWER_HEAP_PART_H_

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "capture/recording.h"

namespace limpet::viewer {

struct HeapPartOptions {
  std::vector<std::string> types;  // whose ways are told besides those of the types that retain most
  uint32_t rows = 60;              // of each table
  uint32_t ways = 10;              // types whose ways are told
};

// null where there is no snapshot, or none that can be read. `folder` is the process's in the recording.
nlohmann::json HeapPart(const capture::Recording& recording, const capture::Process& process, const std::string& folder,
                        const HeapPartOptions& options);

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_HEAP_PART_H_
