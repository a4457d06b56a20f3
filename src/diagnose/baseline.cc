#include "diagnose/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text.h"
#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kSchema[] = "limpet.baseline/1";

std::string Text(const std::string& text) { return base::ReplaceInvalidUtf8(text); }

// Two significant digits: more change with every run.
Json Rounded(double value) {
  constexpr double kWhole = 10, kMostWhole = 1e15;
  const double rounded = std::strtod(fmt::format("{:.2g}", value).c_str(), nullptr);
  return rounded >= kWhole && rounded < kMostWhole ? Json(static_cast<uint64_t>(rounded)) : Json(rounded);
}

Json EntryJson(const BaselineEntry& e) {
  Json out = {{"fingerprint", Text(e.fingerprint)}, {"what", Text(e.what)}, {"place", Text(e.place)}};
  if (!e.other_places.empty()) {
    out["other_places"] = Json::array();
    for (const std::string& place : e.other_places) out["other_places"].push_back(Text(place));
  }
  out["kind"] = Text(e.kind);
  out["since"] = Text(e.since);
  const auto put = [&](const char* name, double value) {
    if (value > 0) out[name] = Rounded(value);
  };
  put("bytes_per_second", e.pace.bytes_per_second);
  put("objects_per_second", e.pace.objects_per_second);
  put("bytes_per_iteration", e.pace.bytes_per_iteration.value_or(0));
  put("objects_per_iteration", e.pace.objects_per_iteration.value_or(0));
  put("bytes_per_allocated_byte", e.pace.bytes_per_volume);
  out["reason"] = Text(e.reason);
  return out;
}

Json ListJson(std::vector<BaselineEntry> entries) {
  std::sort(entries.begin(), entries.end(), [](const BaselineEntry& a, const BaselineEntry& b) {
    return a.place != b.place ? a.place < b.place : a.fingerprint < b.fingerprint;
  });
  Json out = Json::array();
  for (const BaselineEntry& entry : entries) out.push_back(EntryJson(entry));
  return out;
}

std::string TextField(const Json& object, const char* name) {
  const auto field = object.find(name);
  return field != object.end() && field->is_string() ? field->get<std::string>() : "";
}

std::optional<double> NumberField(const Json& object, const char* name) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_number()) return std::nullopt;
  const double value = field->get<double>();
  return std::isfinite(value) && value >= 0 ? std::optional(value) : std::nullopt;
}

BaselineEntry ParseEntry(const Json& object) {
  BaselineEntry e;
  e.fingerprint = TextField(object, "fingerprint");
  e.what = TextField(object, "what");
  e.place = TextField(object, "place");
  e.kind = TextField(object, "kind");
  e.since = TextField(object, "since");
  e.reason = TextField(object, "reason");
  if (const auto places = object.find("other_places"); places != object.end() && places->is_array()) {
    for (const Json& place : *places)
      if (place.is_string()) e.other_places.push_back(place.get<std::string>());
  }
  e.pace.bytes_per_second = NumberField(object, "bytes_per_second").value_or(0);
  e.pace.objects_per_second = NumberField(object, "objects_per_second").value_or(0);
  e.pace.bytes_per_iteration = NumberField(object, "bytes_per_iteration");
  e.pace.objects_per_iteration = NumberField(object, "objects_per_iteration");
  e.pace.bytes_per_volume = NumberField(object, "bytes_per_allocated_byte").value_or(0);
  return e;
}

Status ParseList(const Json& root, const char* list, const std::string& name, std::vector<BaselineEntry>& entries) {
  const auto found = root.find(list);
  if (found == root.end()) return Status::Ok();
  if (!found->is_array()) return Error(fmt::format("{}: \"{}\" is not a list", name, list));
  for (size_t i = 0; i < found->size(); i++) {
    const Json& item = (*found)[i];
    if (!item.is_object() || TextField(item, "fingerprint").empty())
      return Error(fmt::format("{}: entry {} of \"{}\" has no \"fingerprint\"", name, i + 1, list));
    entries.push_back(ParseEntry(item));
  }
  return Status::Ok();
}

BaselineEntry EntryOf(const Finding& f, const std::string& today) {
  return {.fingerprint = f.fingerprint,
          .what = InWords(f),
          .place = f.place,
          .other_places = f.other_places,
          .kind = std::string(KindName(f.kind)),
          .since = today,
          .reason = "",
          .pace = PaceOf(f)};
}

// What was known of it stays, unless its pace changed notably: a file that changes with every run is not reviewed.
BaselineEntry Updated(const BaselineEntry& old, BaselineEntry now) {
  const std::optional<Ratio> ratio = Compare(old.pace, now.pace);
  const bool steady = ratio && ratio->value < kNotably && ratio->value > 1 / kNotably;
  const bool same_iterations = old.pace.bytes_per_iteration.has_value() == now.pace.bytes_per_iteration.has_value();
  if (old.fingerprint == now.fingerprint && steady && same_iterations) return old;
  now.since = old.since;
  now.reason = old.reason;
  return now;
}

// `least`: findings that are less sure than this are no news. `complete`: the run can tell that the others are gone.
std::vector<BaselineEntry> UpdatedList(const std::vector<BaselineEntry>& old,
                                       const std::vector<const Finding*>& findings, double least, bool complete,
                                       const std::string& today) {
  std::vector<Identity> wanted, known;
  for (const Finding* f : findings) wanted.push_back(IdentityOf(*f));
  for (const BaselineEntry& entry : old) known.push_back(IdentityOf(entry));
  const std::vector<size_t> partner = MatchByIdentity(wanted, known);
  std::vector<BaselineEntry> out;
  std::vector<bool> found(old.size(), false);
  for (size_t i = 0; i < findings.size(); i++) {
    const bool is_new = partner[i] == kNoMatch;
    if (!is_new) found[partner[i]] = true;
    if (!is_new && findings[i]->confidence < least) out.push_back(old[partner[i]]);  // still there, it seems
    if (findings[i]->confidence < least) continue;
    const BaselineEntry entry = EntryOf(*findings[i], today);
    out.push_back(is_new ? entry : Updated(old[partner[i]], entry));
  }
  for (size_t i = 0; i < old.size() && !complete; i++)
    if (!found[i]) out.push_back(old[i]);
  return out;
}

}  // namespace

Result<Baseline> ParseBaseline(std::string_view text, const std::string& name) {
  const Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return Error(name + " is no baseline: it is not a JSON object (was a merge left undone?)");
  if (TextField(root, "schema") != kSchema) {
    return Error(fmt::format("{} is of schema \"{}\"; this limpet reads \"{}\"", name,
                             base::ReplaceInvalidUtf8(TextField(root, "schema")), kSchema));
  }
  Baseline baseline;
  LIMPET_RETURN_IF_ERROR(ParseList(root, "known", name, baseline.known));
  LIMPET_RETURN_IF_ERROR(ParseList(root, "kept", name, baseline.kept));
  return baseline;
}

std::string FormatBaseline(const Baseline& baseline) {
  const Json root = {{"schema", kSchema}, {"known", ListJson(baseline.known)}, {"kept", ListJson(baseline.kept)}};
  return root.dump(2) + "\n";
}

std::string InWords(const Finding& f) {
  std::string text = f.heap.types.empty() ? fmt::format("{} memory", KindName(f.kind)) : f.heap.types.front();
  text += fmt::format(", allocated in {}", f.place);
  if (!f.heap.holder_text.empty()) text += fmt::format(", held by {}", f.heap.holder_text);
  if (f.heap.holder_text.empty() && !f.heap.cycle_text.empty()) text += fmt::format(", cycle {}", f.heap.cycle_text);
  return text;
}

Identity IdentityOf(const BaselineEntry& entry) { return {entry.fingerprint, entry.place, entry.other_places}; }

Baseline UpdatedBaseline(const Baseline& old, const Diagnosis& diagnosis, const std::string& today) {
  std::vector<const Finding*> found, kept;
  for (const Finding& f : diagnosis.findings) found.push_back(&f);
  for (const Kept& one : diagnosis.kept) kept.push_back(&one.finding);
  Baseline now;
  now.known = UpdatedList(old.known, found, kSure, diagnosis.decidable, today);
  now.kept = UpdatedList(old.kept, kept, 0, diagnosis.decidable, today);
  for (BaselineEntry& entry : now.kept) {
    for (const Kept& one : diagnosis.kept)
      if (one.finding.fingerprint == entry.fingerprint && !one.reason.empty()) entry.reason = one.reason;
  }
  return now;
}

}  // namespace limpet::diagnose
