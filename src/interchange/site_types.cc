#include "interchange/site_types.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <tsl/robin_map.h>

#include "base/mixed_hash.h"
#include "capture/snapshot_reader.h"

namespace limpet::interchange {
namespace {

using capture::SnapshotNodes;
using capture::SnapshotPart;
using capture::SnapshotReader;

// visit(index of a node in `nodes`, type) for all nodes up to the first damage.
template <class Visit>
void ForEachNode(const SnapshotReader& reader, SnapshotNodes* nodes, Visit visit) {
  for (const SnapshotPart& part : reader.parts()) {
    if (part.nodes == 0) continue;
    if (!reader.ReadPart(part, nodes).ok()) return;
    for (uint32_t i = 0; i < part.nodes; ++i) visit(i, reader.classes()[nodes->class_ids[i]].type);
  }
}

}  // namespace

Result<std::vector<std::string>> TypesOfSites(const capture::Process& process, const std::string& snapshot_path) {
  LIMPET_ASSIGN_OR_RETURN(const SnapshotReader reader, SnapshotReader::Open(snapshot_path));
  tsl::robin_map<uint64_t, uint64_t, base::MixedHash> bytes_of;  // by site << 32 | type
  SnapshotNodes nodes;
  ForEachNode(reader, &nodes, [&](uint32_t i, uint32_t type) {
    const uint32_t birth = nodes.births[i];
    if (birth == 0 || birth > reader.births().size()) return;
    const uint32_t record = reader.births()[birth - 1].site;
    if (record >= process.site_of_record.size() || !process.site_of_record[record]) return;
    bytes_of[uint64_t{process.site_of_record[record]->value} << 32 | type] += nodes.sizes[i];
  });
  struct Best {
    uint64_t bytes = 0;
    uint32_t type = 0xffffffff;
  };
  std::vector<Best> best(process.sites.size());
  for (const auto& [key, bytes] : bytes_of) {
    Best& so_far = best[key >> 32];
    const uint32_t type = uint32_t(key);
    if (bytes > so_far.bytes || (bytes == so_far.bytes && type < so_far.type)) so_far = {bytes, type};
  }
  std::vector<std::string> names;
  for (const Best& one : best)
    names.push_back(one.type < reader.types().size() ? std::string(reader.type_name(one.type)) : "");
  return names;
}

Result<std::vector<TypeCount>> CountTypes(const std::string& snapshot_path) {
  LIMPET_ASSIGN_OR_RETURN(const SnapshotReader reader, SnapshotReader::Open(snapshot_path));
  std::vector<TypeCount> by_type(reader.types().size());
  SnapshotNodes nodes;
  ForEachNode(reader, &nodes, [&](uint32_t i, uint32_t type) {
    by_type[type].objects++;
    by_type[type].bytes += nodes.sizes[i];
  });
  std::map<std::string, TypeCount> by_name;  // two types may share one name
  for (uint32_t type = 0; type < by_type.size(); ++type) {
    if (by_type[type].objects == 0 || (reader.types()[type].flags & capture::kTypeSynthetic)) continue;
    TypeCount& row = by_name[std::string(reader.type_name(type))];
    row.objects += by_type[type].objects;
    row.bytes += by_type[type].bytes;
  }
  std::vector<TypeCount> rows;
  for (auto& [name, row] : by_name) rows.push_back({name, row.objects, row.bytes});
  std::stable_sort(rows.begin(), rows.end(), [](const TypeCount& a, const TypeCount& b) { return a.bytes > b.bytes; });
  return rows;
}

}  // namespace limpet::interchange
