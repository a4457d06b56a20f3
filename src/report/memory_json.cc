#include "report/memory_json.h"

#include <cmath>
#include <string>

#include "base/text.h"

namespace limpet::report {
namespace {

using nlohmann::json;

double Seconds(uint64_t ns) { return std::round(static_cast<double>(ns) / 1e6) / 1e3; }

json StackJson(const std::vector<diagnose::Location>& stack) {
  json out = json::array();
  for (const diagnose::Location& frame : stack)
    out.push_back({{"function", base::ReplaceInvalidUtf8(frame.function)},
                   {"file", base::ReplaceInvalidUtf8(frame.file)},
                   {"line", frame.line}});
  return out;
}

json PinsJson(const std::vector<diagnose::PinningSite>& pins) {
  json out = json::array();
  for (const diagnose::PinningSite& pin : pins)
    out.push_back({{"site", StackJson(pin.site)},
                   {"live_objects", pin.blocks},
                   {"live_bytes", pin.bytes},
                   {"pinned_bytes", pin.pinned}});
  return out;
}

json TrimJson(const diagnose::Ledger& ledger) {
  if (!ledger.trim) return nullptr;
  return {{"seconds", Seconds(ledger.trim->time_ns)},
          {"before_bytes", ledger.trim->anon_before},
          {"after_bytes", ledger.trim->anon_after}};
}

template <typename T>
json OrNull(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json LedgerJson(const diagnose::Ledger& ledger) {
  json parts = json::object();
  for (const diagnose::LedgerPart& part : ledger.parts) parts[std::string(part.key)] = part.bytes;
  return {{"seconds", Seconds(ledger.time_ns)},
          {"frozen", ledger.frozen},
          {"own_bytes", ledger.own},
          {"parts", std::move(parts)},
          {"rest_bytes", ledger.rest},
          {"file_bytes", ledger.file},
          {"shared_bytes", ledger.shared},
          {"swap_bytes", ledger.swap},
          {"untouched_bytes", ledger.untouched},
          {"recording_bytes", ledger.recording},
          {"arenas", ledger.arenas},
          {"sparse_arenas", ledger.sparse_arenas},
          {"pinned_bytes", ledger.pinned},
          {"arena_pins", PinsJson(ledger.arena_pins)},
          {"malloc_heaps", ledger.malloc_heaps},
          {"malloc_pins", PinsJson(ledger.malloc_pins)},
          {"thread_stacks", ledger.thread_stacks},
          {"cgroup_bytes", OrNull(ledger.cgroup_bytes)},
          {"page_cache_bytes", OrNull(ledger.cgroup_file)},
          {"trim", TrimJson(ledger)}};
}

json GrowthJson(const diagnose::Growth& growth) {
  return {{"first", growth.first},
          {"last", growth.last},
          {"per_second", std::round(growth.per_second * 1000) / 1000},
          {"explained", growth.explained}};
}

json ResourcesJson(const ProcessSummary& process) {
  json out = json::object();
  for (const diagnose::Held& held : process.held)
    out[std::string(held.key)] = {{"held", held.count}, {"growth", nullptr}};
  for (const diagnose::Growth& growth : process.growths) out[std::string(growth.key)]["growth"] = GrowthJson(growth);
  return out;
}

}  // namespace

void AddMemoryJson(const ProcessSummary& process, json* memory) {
  const diagnose::MemoryAccount& account = process.memory;
  json notes = json::array();
  for (const diagnose::MemoryNote& note : account.notes)
    notes.push_back(
        {{"reason", note.reason}, {"bytes", note.finding.live.bytes}, {"text", base::ReplaceInvalidUtf8(note.text)}});
  (*memory)["ledger"] = account.ledger ? LedgerJson(*account.ledger) : json(nullptr);
  (*memory)["notes"] = std::move(notes);
  (*memory)["resources"] = ResourcesJson(process);
}

}  // namespace limpet::report
