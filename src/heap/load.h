// Reads a heap snapshot (p<pid>/heap.<k> of a recording) into a Graph.
#ifndef LIMPET_HEAP_LOAD_H_
#define LIMPET_HEAP_LOAD_H_

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "capture/snapshot_format.h"
#include "capture/snapshot_reader.h"
#include "heap/graph.h"

namespace limpet::heap {

// The type of the one node that stands for all that was referred to, and got no record: the walk ended before.
inline constexpr const char* kNotRecorded = "<not recorded>";

struct Snapshot {
  Graph graph;
  capture::SnapshotHeader header = {};
  std::optional<capture::SnapshotEnd> end;        // none: the writer died; what was whole is here
  std::vector<std::string> problems;              // what is missing or damaged, for people
  std::vector<capture::SnapshotBirth> births;     // of Graph::birth() - 1
  std::vector<capture::SnapshotStorage> storage;  // of objects whose storage was born elsewhere than they
};

// What is damaged in the middle ends the snapshot there, and is told in problems. Fails where there is nothing to show.
Result<Snapshot> LoadSnapshot(const std::string& path);
Result<Snapshot> LoadSnapshot(const capture::SnapshotReader& reader);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_LOAD_H_
