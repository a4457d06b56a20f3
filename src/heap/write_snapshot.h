// Writes a graph as a snapshot: for tests and measurements of loading.
#ifndef LIMPET_HEAP_WRITE_SNAPSHOT_H_
#define LIMPET_HEAP_WRITE_SNAPSHOT_H_

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "capture/snapshot_writer.h"
#include "heap/graph.h"

namespace limpet::heap {

// References to types are left out where they are the graph's own doing.
inline void WriteSnapshot(const Graph& graph, const std::string& path) {
  const int fd = open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  LIMPET_CHECK(fd >= 0, path);
  capture::SnapshotWriter writer;
  LIMPET_CHECK(writer.Open(fd, {}));
  for (const std::string& name : graph.names()) writer.AddName(name.data(), name.size());
  for (const Type& type : graph.types()) {
    writer.AddType({type.address, type.flags, type.basic_size, 0, 0}, type.name.data(), type.name.size());
  }
  for (const Class& cls : graph.classes()) {
    std::vector<capture::SnapshotRun> runs;
    for (uint32_t r = cls.type_edge; r < cls.run_count; ++r) {
      const Run& run = graph.runs()[cls.first_run + r];
      runs.push_back({uint8_t(run.kind), uint8_t(run.strength), 0, run.label, run.count});
    }
    writer.AddClass(cls.type, writer.AddOutline(runs.data(), runs.size()));
  }
  for (uint32_t birth = 0; birth < 100'000; ++birth) writer.AddBirth({birth, 0});
  std::vector<uint32_t> targets;
  for (NodeId node = 0; node < graph.node_count(); ++node) {
    targets.clear();
    const bool type_edge = graph.classes()[graph.class_of(node)].type_edge;
    for (EdgeIndex e = graph.first_edge(node) + type_edge; e < graph.last_edge(node); ++e)
      targets.push_back(graph.edge(e).target());
    writer.AddNode(graph.class_of(node), graph.address(node), graph.size(node), graph.refcount(node), graph.birth(node),
                   targets.data(), targets.size());
    if (const std::string_view text = graph.text(node); !text.empty()) writer.AddText(node, text.data(), text.size());
  }
  LIMPET_CHECK(writer.Finish({}));
  close(fd);
}

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_WRITE_SNAPSHOT_H_
