// `limpet heap --json`.

#include <array>

#include "base/text.h"
#include "report/heap_json.h"
#include "report/heap_screen.h"

namespace limpet::report {
namespace {

using nlohmann::json;

std::string Valid(std::string_view text) { return base::ReplaceInvalidUtf8(text); }

json RowJson(const HeapRow& row, std::string_view name) {
  json out = {{"objects", row.objects}, {"own_bytes", row.own_bytes}, {"retained_bytes", row.retained_bytes}};
  if (row.where) out["site"] = LocationJson(*row.where);
  else out[std::string(name)] = Valid(row.name);
  if (row.born) {
    out["born"] = LocationJson(*row.born);
    out["born_there"] = row.born_there;
  }
  return out;
}

template <class Rows>
json RowsJson(const Rows& rows, std::string_view name) {
  json out = json::array();
  for (const HeapRow& row : rows) out.push_back(RowJson(row, name));
  return out;
}

json BigJson(const BigObject& big) {
  json out = {{"holder", HolderJson(big.path)},
              {"holder_text", Valid(big.path.line)},
              {"type", Valid(big.type)},
              {"entries", big.entries},
              {"retained_bytes", big.retained_bytes},
              {"retained_objects", big.retained_objects}};
  if (big.accumulation) {
    out["accumulation"] = {{"holder", HolderJson(*big.accumulation)},
                           {"holder_text", Valid(big.accumulation->line)},
                           {"type", Valid(big.accumulation_type)},
                           {"entries", big.accumulation_entries}};
  }
  return out;
}

json CycleJson(const CycleRow& row) {
  json cycle = json::array();
  for (size_t i = 1; i < row.edges.size(); ++i)
    cycle.push_back({{"edge", Valid(row.edges[i])}, {"type", Valid(row.types[i])}});
  return {{"cycle", std::move(cycle)},
          {"text", Valid(row.line)},
          {"cycles", row.cycles},
          {"objects", row.objects},
          {"bytes", row.bytes}};
}

json GrowthJson(const HeapView& view) {
  json rows = json::array(), surplus = json::array();
  for (const GrowthRow& row : view.growth) {
    rows.push_back({{"holder", HolderJson(row.path)},
                    {"holder_text", Valid(row.path.line)},
                    {"type", Valid(row.type)},
                    {"objects_before", row.objects_before},
                    {"objects_after", row.objects_after},
                    {"more_bytes", row.more_bytes}});
  }
  for (const heap::TypeSurplusGrowth& row : view.surplus) {
    surplus.push_back({{"type", Valid(row.after.type)},
                       {"objects", row.after.objects},
                       {"references", row.after.references},
                       {"more_references", row.references()}});
  }
  return {{"against", view.against},
          {"more_objects", view.more_objects},
          {"more_bytes", view.more_bytes},
          {"paths", std::move(rows)},
          {"surplus", std::move(surplus)}};
}

}  // namespace

json LocationJson(const diagnose::Location& where) {
  return {{"file", Valid(where.file)}, {"function", Valid(where.function)}, {"line", where.line}};
}

json HolderJson(const ToldPath& path) {
  json out = json::array();
  for (size_t i = 0; i < path.parts.size(); ++i) {
    json step = {{"edge", Valid(path.parts[i].edge)}, {"type", Valid(path.types[i])}};
    if (path.parts[i].times > 1) step["times"] = path.parts[i].times;
    out.push_back(std::move(step));
  }
  return out;
}

json HeapJson(const HeapView& view, const HeapSource& source) {
  constexpr std::array<std::string_view, 3> kSorts = {"retained", "own", "count"};
  constexpr std::array<std::string_view, 3> kGroups = {"type", "module", "site"};
  json biggest = json::array(), cycles = json::array();
  for (const BigObject& big : view.biggest) biggest.push_back(BigJson(big));
  for (const CycleRow& row : view.cycles) cycles.push_back(CycleJson(row));
  const HeapTotals& totals = view.totals;
  json out = {{"schema", kHeapSchema},
              {"snapshot", SnapshotJson(source)},
              {"objects", totals.objects},
              {"bytes", totals.bytes},
              {"native_memory", {{"blocks", totals.native_blocks}, {"bytes", totals.native_bytes}}},
              {"garbage", {{"objects", totals.garbage_objects}, {"bytes", totals.garbage_bytes}}},
              {"held_by_c_code", {{"objects", totals.entry_objects}, {"bytes", totals.entry_bytes}}},
              {"group_by", kGroups[size_t(view.group)]},
              {"sort_by", kSorts[size_t(view.by)]},
              {"rows", RowsJson(view.rows, kGroups[size_t(view.group)])},
              {"more_rows", view.more_rows},
              {"biggest", std::move(biggest)},
              {"cycles", std::move(cycles)}};
  if (view.group != HeapGroup::kModule) out["modules"] = RowsJson(view.modules, "module");
  if (view.against) out["growth"] = GrowthJson(view);
  return out;
}

}  // namespace limpet::report
