#include "capture/run_info.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/file.h"
#include "base/text.h"

namespace limpet::capture {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "limpet.run/1";

std::string PathIn(const std::string& recording_path) { return recording_path + "/run.json"; }

// Takes a field where it is there and of the right type. A number that does not fit counts as of the wrong type.
void Take(const json& object, const char* name, std::string& to) {
  const auto field = object.find(name);
  if (field != object.end() && field->is_string()) to = field->get<std::string>();
}

template <typename Number>
void Take(const json& object, const char* name, Number& to) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_number_integer()) return;
  if constexpr (std::is_unsigned_v<Number>) {
    if (field->is_number_unsigned()) to = field->get<Number>();
  } else {
    const auto value = field->get<int64_t>();
    if (value == int64_t(Number(value))) to = Number(value);
  }
}

void Take(const json& object, const char* name, std::optional<int>& to) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_number_integer()) return;
  int value = 0;
  Take(object, name, value);
  to = value;
}

void Take(const json& object, const char* name, std::vector<std::string>& to) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_array()) return;
  for (const json& item : *field) {
    if (item.is_string()) to.push_back(item.get<std::string>());
  }
}

json OrNull(const std::optional<int>& value) { return value ? json(*value) : json(); }

}  // namespace

Status WriteRunInfo(const std::string& recording_path, const RunInfo& info) {
  const json object = {
      {"schema", kSchema},
      {"limpet_version", info.limpet_version},
      {"command", info.command},
      {"directory", info.directory},
      {"started_ns", info.started_ns},
      {"ended_ns", info.ended_ns},
      {"exit_status", OrNull(info.exit_status)},
      {"signal", OrNull(info.signal)},
      {"pid", info.pid},
      {"notes", info.notes},
  };
  // Arguments and folders may be any bytes: those that are not UTF-8 are replaced.
  return base::WriteFileAtomically(PathIn(recording_path),
                                   object.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Result<RunInfo> ReadRunInfo(const std::string& recording_path) {
  const std::string path = PathIn(recording_path);
  LIMPET_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return Error(path + " is damaged: it is not a JSON object");
  std::string schema;
  Take(object, "schema", schema);
  if (schema != kSchema) {
    return Error(fmt::format("{} is of schema \"{}\"; this limpet reads \"{}\"", path, base::ReplaceInvalidUtf8(schema),
                             kSchema));
  }
  RunInfo info;
  Take(object, "limpet_version", info.limpet_version);
  Take(object, "command", info.command);
  Take(object, "directory", info.directory);
  Take(object, "started_ns", info.started_ns);
  Take(object, "ended_ns", info.ended_ns);
  Take(object, "exit_status", info.exit_status);
  Take(object, "signal", info.signal);
  Take(object, "pid", info.pid);
  Take(object, "notes", info.notes);
  return info;
}

}  // namespace limpet::capture
