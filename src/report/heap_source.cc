#include "report/heap_source.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "diagnose/unit.h"

namespace limpet::report {

namespace {

// "app.py" is the end of "/srv/shop/app.py", and not of "/srv/myapp.py".
bool IsEndOfPath(std::string_view end, std::string_view path) {
  if (!path.ends_with(end)) return false;
  return path.size() == end.size() || path[path.size() - end.size() - 1] == '/';
}

}  // namespace

Births::Births(const HeapSource& source) : source_(source) {
  const capture::Process* process = source.process;
  const std::vector<capture::SnapshotBirth>& births = source.snapshot->births;
  place_of_.assign(births.size() + 1, kUnknown);
  age_of_.resize(births.size() + 1);
  if (!process || process->groups.empty()) return;
  const diagnose::UnitTable table = diagnose::GroupByLine(*process);
  std::map<std::tuple<std::string_view, std::string_view, uint32_t>, uint32_t> ids;
  const uint64_t now = source.snapshot->header.time_ns;
  for (size_t i = 0; i < births.size(); ++i) {
    const capture::SnapshotBirth& birth = births[i];
    const capture::EpochGroup& group = process->groups[process->GroupOf(birth.epoch).value];
    age_of_[i + 1] = {now > group.start_ns ? now - group.start_ns : 0, now > group.end_ns ? now - group.end_ns : 0};
    if (birth.site >= process->site_of_record.size() || !process->site_of_record[birth.site]) continue;
    const capture::NodeId node = process->sites[process->site_of_record[birth.site]->value].node;
    if (node.value == 0) continue;  // allocated with no Python frame
    const capture::NodeId user = table.user_node[node.value];
    const capture::FrameId frame = process->nodes[(user.value ? user : node).value].frame;
    const capture::Frame& line = process->frames[frame.value];
    const auto [at, added] = ids.try_emplace({line.file, line.function, line.line}, uint32_t(places_.size()));
    if (added) places_.push_back(diagnose::LocationOf(*process, frame));
    place_of_[i + 1] = at->second;
  }
}

std::vector<bool> Births::AtLine(std::string_view file, uint32_t line) const {
  std::vector<bool> wanted(place_of_.size());
  const capture::Process* process = source_.process;
  if (!process) return wanted;
  const auto fits = [&](std::string_view known, uint32_t known_line) {
    return known_line == line && IsEndOfPath(file, known);
  };
  for (size_t i = 0; i + 1 < wanted.size(); ++i) {
    if (place_of_[i + 1] != kUnknown && fits(where(place_of_[i + 1]).file, where(place_of_[i + 1]).line))
      wanted[i + 1] = true;
    const capture::SnapshotBirth& birth = source_.snapshot->births[i];
    if (birth.site >= process->site_of_record.size() || !process->site_of_record[birth.site]) continue;
    const capture::NodeId node = process->sites[process->site_of_record[birth.site]->value].node;
    if (node.value == 0) continue;
    const capture::Frame& innermost = process->frames[process->nodes[node.value].frame.value];
    if (fits(innermost.file, innermost.line)) wanted[i + 1] = true;
  }
  return wanted;
}

std::vector<BirthPlace> Births::Of(const heap::Graph& graph, std::span<const heap::NodeId> group) const {
  std::vector<BirthPlace> rows(places_.size());
  for (const heap::NodeId node : group) {
    const uint32_t birth = graph.birth(node), place = PlaceOf(birth);
    if (place == kUnknown) continue;
    BirthPlace& row = rows[place];
    const Age& age = age_of_[birth];
    row.youngest_ns = row.objects == 0 ? age.youngest_ns : std::min(row.youngest_ns, age.youngest_ns);
    row.oldest_ns = std::max(row.oldest_ns, age.oldest_ns);
    ++row.objects;
    row.bytes += graph.size(node);
  }
  for (size_t place = 0; place < rows.size(); ++place) rows[place].where = places_[place];
  std::erase_if(rows, [](const BirthPlace& row) { return row.objects == 0; });
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.objects > b.objects; });
  return rows;
}

}  // namespace limpet::report
