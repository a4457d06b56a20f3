// The formats of limpet export that tell where memory was allocated, and what leaks.
#include <charconv>
#include <utility>

#include "capture/snapshot_files.h"
#include "cli/command.h"
#include "cli/export_command.h"
#include "cli/keep_choice.h"
#include "cli/output.h"
#include "cli/recording_choice.h"
#include "diagnose/gate.h"
#include "fmt/format.h"
#include "interchange/profiles.h"
#include "interchange/prometheus.h"
#include "interchange/site_types.h"
#include "interchange/types_table.h"
#include "report/report.h"
#include "report/sarif.h"

namespace limpet::cli {
namespace {

using interchange::Packing;
using interchange::Sink;

// What is damaged was left out: say so, in one line.
void TellDamage(const capture::Recording& recording) {
  std::string first;
  size_t count = recording.problems.size();
  if (count) first = recording.problems.front();
  for (const capture::Process& process : recording.processes) {
    if (first.empty() && !process.problems.empty()) first = process.problems.front();
    count += process.problems.size();
  }
  if (count == 0) return;
  Complain(fmt::format("not all of the recording makes sense, and what does is exported: {}{}", first,
                       count > 1 ? fmt::format(" (and {} more)", count - 1) : ""));
}

// The last snapshot of a process; "" where it has none.
std::string LastSnapshot(const capture::Recording& recording, const capture::Process& process) {
  const auto files = capture::ListSnapshotFiles(recording.path + "/" + process.folder);
  return files.empty() ? "" : files.back().path;
}

std::string TitleOf(const capture::Recording& recording) {
  std::string title;
  for (const std::string& word : recording.run.command) title += (title.empty() ? "" : " ") + word;
  return title.empty() ? recording.path : title;
}

interchange::ProfileOptions OptionsOf(const ExportCommand& command, const capture::Recording& recording, bool types) {
  interchange::ProfileOptions options;
  options.title = TitleOf(recording);
  options.version = kVersion;
  options.what = command.measure;
  options.unit = command.unit == "bytes" ? interchange::Unit::kBytes : interchange::Unit::kObjects;
  for (const capture::Process* process : interchange::Chosen(recording, command.pid)) {
    interchange::ProfileSource source = {.process = process, .site_types = {}};
    const std::string snapshot = types ? LastSnapshot(recording, *process) : "";
    if (!snapshot.empty()) {
      Result<std::vector<std::string>> found = interchange::TypesOfSites(*process, snapshot);
      if (found.ok()) source.site_types = *std::move(found);
    }
    options.sources.push_back(std::move(source));
  }
  return options;
}

int ExportTypes(const ExportCommand& command, const capture::Recording& recording) {
  std::vector<interchange::TypesSource> sources;
  for (const capture::Process* process : interchange::Chosen(recording, command.pid)) {
    const std::string snapshot = LastSnapshot(recording, *process);
    if (snapshot.empty()) continue;
    Result<std::vector<interchange::TypeCount>> rows = interchange::CountTypes(snapshot);
    if (rows.ok()) sources.push_back({process->pid, *std::move(rows)});
    else Complain(rows.message());
  }
  if (sources.empty()) {
    Complain(
        fmt::format("no heap snapshot of {} is in {}, and types come from these: 'limpet run' takes them unless "
                    "it is told --snapshots off, and 'limpet snapshot PID' takes one of a running process",
                    command.pid ? fmt::format("process {}", *command.pid) : "any process", recording.path));
    return kExitUsage;
  }
  return WriteExport(command, Packing::kNone, [&](Sink* sink) {
    if (command.format == "csv") interchange::WriteTypesCsv(sources, sink);
    else if (command.format == "json") interchange::WriteTypesJson(sources, sink);
    else interchange::WriteTypesParquet(sources, kVersion, sink);
  });
}

}  // namespace

std::optional<int32_t> ParsePid(const std::string& text) {
  int32_t pid = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || rest != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

int WriteExport(const ExportCommand& command, Packing packing, const std::function<void(Sink*)>& write) {
  Result<Sink> sink = Sink::Open(command.output, packing);
  if (sink.ok()) write(&*sink);
  const Status done = sink.ok() ? sink->Finish() : sink.status();
  if (done.ok()) return 0;
  Complain(done.message());
  return kExitUsage;
}

int ExportProfile(const ExportCommand& command) {
  const std::optional<capture::Recording> recording = OpenRecording(command.recording, command.pid);
  if (!recording) return kExitUsage;
  TellDamage(*recording);
  const bool pprof = command.format == "pprof";
  const interchange::ProfileOptions options = OptionsOf(command, *recording, pprof);
  return WriteExport(command, pprof ? Packing::kGzip : Packing::kNone, [&](Sink* sink) {
    if (pprof) interchange::WritePprof(options, sink);
    else if (command.format == "speedscope") interchange::WriteSpeedscope(options, sink);
    else interchange::WriteCollapsed(options, sink);
  });
}

int ExportTable(const ExportCommand& command) {
  const std::optional<capture::Recording> recording = OpenRecording(command.recording, command.pid);
  if (!recording) return kExitUsage;
  TellDamage(*recording);
  if (command.of == "types") return ExportTypes(command, *recording);
  const interchange::ProfileOptions options = OptionsOf(command, *recording, true);
  return WriteExport(command, Packing::kNone, [&](Sink* sink) {
    if (command.format == "csv") interchange::WriteSitesCsv(options, sink);
    else if (command.format == "json") interchange::WriteSitesJson(options, sink);
    else interchange::WriteSitesParquet(options, sink);
  });
}

int ExportPrometheus(const ExportCommand& command) {
  const std::optional<capture::Recording> recording = OpenRecording(command.recording, command.pid);
  if (!recording) return kExitUsage;
  TellDamage(*recording);
  return WriteExport(command, Packing::kNone, [&](Sink* sink) {
    interchange::WritePrometheus(*recording, interchange::Chosen(*recording, command.pid), command.lines, sink);
  });
}

int ExportSarif(const ExportCommand& command) {
  const std::optional<diagnose::KeepRules> keep = ReadKeepRules(std::nullopt);
  if (!keep) return kExitUsage;
  const std::optional<capture::Recording> recording = OpenRecording(command.recording, command.pid);
  if (!recording) return kExitUsage;
  TellDamage(*recording);
  constexpr uint32_t kMostFindings = 1000;
  const report::Report report = report::BuildReport(
      *recording, {.pid = command.pid, .max_findings = kMostFindings, .max_dismissed = kMostFindings, .keep = &*keep});
  const diagnose::CheckResult result = diagnose::Check(report.diagnosis, {}, {});
  const std::string text = report::SarifOf(report, result, false).dump(2) + "\n";
  return WriteExport(command, Packing::kNone, [&](Sink* sink) { sink->Write(text); });
}

}  // namespace limpet::cli
