// What retains what, as a tree that can be drawn: the dominator tree of a heap with its objects taken together by type.
//
//     everything 61 MB
//       module __main__ 57 MB
//         .SESSIONS  dict 57 MB
//           1 412 x Session 57 MB         all that this one dict dominates, of one type
//             1 412 x bytearray 57 MB     what these dominate
//
// An object that has a name of its own (a module, a class, a function, a thread), or is heavy by itself, has a row of its own.
#ifndef LIMPET_VIEWER_TREEMAP_H_
#define LIMPET_VIEWER_TREEMAP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "heap/analysis.h"

namespace limpet::viewer {

struct TreemapRow {
  uint32_t parent = 0;  // row; stands before its children. Row 0 is everything, and its own parent
  std::string label;    // "module app", "Session"; of a single object that has no name, how it is held: ".SESSIONS"
  std::string type;
  uint64_t groups = 0;   // objects that the row is of
  uint64_t objects = 0;  // with what they retain
  uint64_t bytes =
      0;  // the same; children need not add up to it: the objects themselves and what is small are the rest
};

struct TreemapOptions {
  uint32_t rows = 1200;      // at most
  uint32_t children = 24;    // of a row, at most
  double least = 1.0 / 500;  // share of all bytes that a row must have
};

// The heaviest rows first, level by level.
std::vector<TreemapRow> MakeTreemap(heap::Analysis& analysis, const TreemapOptions& options);

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_TREEMAP_H_
