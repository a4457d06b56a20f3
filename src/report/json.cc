#include "report/json.h"

#include <cmath>

#include "base/text.h"
#include "diagnose/finding.h"
#include "report/memory_json.h"
#include "report/requests_face.h"

namespace limpet::report {
namespace {

using diagnose::Finding;
using diagnose::Location;
using nlohmann::json;

std::string Text(const std::string& text) { return base::ReplaceInvalidUtf8(text); }

json Texts(const std::vector<std::string>& texts) {
  json out = json::array();
  for (const std::string& text : texts) out.push_back(Text(text));
  return out;
}

template <typename T>
json OrNull(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

double Rounded(double value) { return std::round(value * 1000) / 1000; }

json OrNull(const std::optional<double>& value) { return value ? json(Rounded(*value)) : json(nullptr); }

json FrameJson(const Location& frame) {
  json out = {{"function", Text(frame.function)}, {"file", Text(frame.file)}, {"line", frame.line}};
  if (frame.column) out["column"] = *frame.column;
  if (frame.end_column) out["end_column"] = *frame.end_column;
  return out;
}

json StackJson(const std::vector<Location>& stack) {
  json out = json::array();
  for (const Location& frame : stack) out.push_back(FrameJson(frame));
  return out;
}

json StepsJson(const std::vector<diagnose::HolderStep>& steps) {
  json out = json::array();
  for (const diagnose::HolderStep& step : steps) out.push_back({{"edge", Text(step.edge)}, {"type", Text(step.type)}});
  return out;
}

json KnownJson(const std::optional<diagnose::Known>& known) {
  if (!known) return nullptr;
  return {{"package", known->package},
          {"version", Text(known->version)},
          {"fixed_in", known->fixed.empty() ? json(nullptr) : json(known->fixed)},
          {"what", known->what},
          {"link", known->link},
          {"certain", known->certain}};
}

json NativeJson(const diagnose::NativeView& native) {
  json out = json::array();
  for (const diagnose::NativeFrame& frame : native.stack) {
    out.push_back({{"function", Text(frame.function)},
                   {"file", frame.file.empty() ? json(nullptr) : json(Text(frame.file))},
                   {"line", frame.line},
                   {"module", Text(frame.module)}});
  }
  return out;
}

const char* AsOfName(diagnose::AsOf as_of) {
  return as_of == diagnose::AsOf::kPeak ? "peak" : as_of == diagnose::AsOf::kFinalize ? "finalization" : "end";
}

json SharesJson(const Finding& f) {
  json out = json::array();
  for (const diagnose::ProcessShare& share : f.shares) {
    out.push_back({{"pid", share.pid},
                   {"live_bytes", share.live.bytes},
                   {"live_objects", share.live.blocks},
                   {"bytes_per_second", Rounded(share.bytes_per_second)},
                   {"objects_per_second", Rounded(share.objects_per_second)}});
  }
  return out;
}

}  // namespace

json FindingJson(const Finding& f) {
  json parts = json::array();
  for (const diagnose::Part& part : f.parts) {
    json one = FrameJson(part.where);
    one["live_bytes"] = part.live.bytes;
    one["live_objects"] = part.live.blocks;
    parts.push_back(std::move(one));
  }
  return {{"kind", diagnose::KindName(f.kind)},
          {"confidence", Rounded(f.confidence)},
          {"types", Texts(f.heap.types)},
          {"bytes_per_iteration", OrNull(f.bytes_per_iteration)},
          {"objects_per_iteration", OrNull(f.objects_per_iteration)},
          {"bytes_per_second", Rounded(f.bytes_per_second)},
          {"objects_per_second", Rounded(f.objects_per_second)},
          {"live_bytes", f.live.bytes},
          {"live_objects", f.live.blocks},
          {"born_bytes", f.births.bytes},
          {"born_objects", f.births.blocks},
          {"retained_bytes", OrNull(f.heap.retained_bytes)},
          {"site", StackJson(f.site)},
          {"library_frames", StackJson(f.below)},
          {"stacks", f.stacks},
          {"parts", std::move(parts)},
          {"holder", StepsJson(f.heap.holder)},
          {"holder_text", Text(f.heap.holder_text)},
          {"cycle", StepsJson(f.heap.cycle)},
          {"weakest_edge", OrNull(f.heap.weakest_edge)},
          {"old_survival", Rounded(f.old_survival)},
          {"as_of", AsOfName(f.as_of)},
          {"since_seconds", Rounded(static_cast<double>(f.since_ns) / 1e9)},
          {"evidence", Texts(f.evidence)},
          {"known", KnownJson(f.known)},
          {"fix", f.heap.fix.empty() ? json(nullptr) : json(Text(f.heap.fix))},
          {"would_free_bytes", OrNull(f.heap.would_free_bytes)},
          {"native_stack", NativeJson(f.native)},
          {"native_stacks", f.native.stacks},
          {"fingerprint", f.fingerprint},
          {"place", Text(f.place)},
          {"bytes_per_allocated_byte", std::round(f.bytes_per_volume * 1e9) / 1e9},
          {"processes", f.processes},
          {"per_process", SharesJson(f)}};
}

json KeptJson(const diagnose::Diagnosis& diagnosis) {
  json out = json::array();
  for (const diagnose::Kept& one : diagnosis.kept) {
    json entry = FindingJson(one.finding);
    entry["kept_by"] = Text(one.by);
    entry["reason"] = Text(one.reason);
    out.push_back(std::move(entry));
  }
  return out;
}

namespace {

json ProcessJson(const ProcessSummary& p) {
  return {{"pid", p.pid},
          {"parent_pid", p.parent_pid},
          {"folder", Text(p.folder)},
          {"argv", Texts(p.command)},
          {"executable", Text(p.executable)},
          {"python", p.python.empty() ? json(nullptr) : json(p.python)},
          {"state", p.state},
          {"reason", Text(p.reason)},
          {"seconds", Rounded(static_cast<double>(p.duration_ns) / 1e9)},
          {"iterations", p.iterations},
          {"limits", Texts(p.limits)}};
}

json MemoryJson(const ProcessSummary& p) {
  json out = {{"live_bytes", p.live.bytes},
              {"live_objects", p.live.blocks},
              {"peak_bytes", p.peak_bytes},
              {"peak_seconds", Rounded(static_cast<double>(p.peak_time_ns) / 1e9)},
              {"rss_first_bytes", OrNull(p.rss_first)},
              {"rss_last_bytes", OrNull(p.rss_last)},
              {"rss_max_bytes", OrNull(p.rss_max)},
              {"agent_bytes", p.agent_bytes}};
  AddMemoryJson(p, &out);
  return out;
}

// Memory that is resident though no leak explains it, in the shape of what was dismissed.
json NoteJson(const diagnose::MemoryNote& note, int32_t pid) {
  json entry = FindingJson(note.finding);
  entry["kind"] = "none";
  entry["reason"] = note.reason;
  entry["processes"] = {pid};
  return entry;
}

json CostJson(const ProcessSummary& p) {
  return {{"epochs", p.groups},
          {"events", p.births.blocks + p.deaths.blocks},
          {"born_objects", p.births.blocks},
          {"born_bytes", p.births.bytes},
          {"sites", p.sites},
          {"lost_objects", p.lost_blocks},
          {"unrecorded_objects", p.unrecorded.blocks},
          {"cost", {{"agent_bytes", p.agent_bytes}}}};
}

// The process that the report's single-process fields speak of: the program itself, else the one that allocated most.
const ProcessSummary* MainProcess(const Report& report) {
  const ProcessSummary* best = nullptr;
  for (const ProcessSummary& p : report.processes) {
    if (p.pid == report.run.pid && p.births.blocks) return &p;
    if (!best || p.births.bytes > best->births.bytes) best = &p;
  }
  return best;
}

}  // namespace

json ToJson(const Report& report) {
  const diagnose::Diagnosis& d = report.diagnosis;
  json findings = json::array(), dismissed = json::array(), processes = json::array();
  for (const Finding& f : d.findings) findings.push_back(FindingJson(f));
  for (const diagnose::Dismissed& one : d.dismissed) {
    json entry = FindingJson(one.finding);
    entry["reason"] = diagnose::ReasonName(one.reason);
    dismissed.push_back(std::move(entry));
  }
  for (const ProcessSummary& p : report.processes) {
    for (const diagnose::MemoryNote& note : p.memory.notes) dismissed.push_back(NoteJson(note, p.pid));
    json entry = ProcessJson(p);
    entry["memory"] = MemoryJson(p);
    entry["recording"] = CostJson(p);
    processes.push_back(std::move(entry));
  }
  json run = {{"argv", Texts(report.run.command)},
              {"directory", Text(report.run.directory)},
              {"exit_status", OrNull(report.run.exit_status)},
              {"signal", OrNull(report.run.signal)},
              {"limpet_version", Text(report.run.limpet_version)},
              {"notes", Texts(report.run.notes)}};
  const ProcessSummary* main = MainProcess(report);
  json out = {{"schema", kReportSchema},
              {"verdict", diagnose::VerdictName(d.verdict)},
              {"explanation", Text(d.explanation)},
              {"findings", std::move(findings)},
              {"dismissed", std::move(dismissed)},
              {"kept", KeptJson(d)},
              {"notes", Texts(d.notes)},
              {"memory", main ? MemoryJson(*main) : json::object()},
              {"process", main ? ProcessJson(*main) : json::object()},
              {"recording", main ? CostJson(*main) : json::object()},
              {"processes", std::move(processes)},
              {"run", std::move(run)},
              {"problems", Texts(report.problems)}};
  out["recording"]["path"] = Text(report.path);
  out["requests"] = report.endpoints.requests ? RequestsJson(report.endpoints) : json(nullptr);
  return out;
}

}  // namespace limpet::report
