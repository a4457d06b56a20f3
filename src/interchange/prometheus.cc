#include "interchange/prometheus.h"

#include <functional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/diagnose.h"
#include "interchange/stacks.h"
#include "report/stats_table.h"

namespace limpet::interchange {
namespace {

using capture::Process;

std::string Label(std::string_view text) {
  std::string out;
  for (const char c : base::ReplaceInvalidUtf8(text)) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

struct Metric {
  std::string_view name, type, help;
  std::function<std::string(const Process&)> value;  // "": not known
};

std::string Number(uint64_t value) { return fmt::format("{}", value); }
std::string Seconds(uint64_t nanoseconds) { return fmt::format("{:.3f}", double(nanoseconds) / 1e9); }

const std::vector<Metric>& ProcessMetrics() {
  static const std::vector<Metric> metrics = {
      {"limpet_live_bytes", "gauge", "Bytes allocated and not freed.",
       [](const Process& p) { return Number(diagnose::LiveAtReference(p).bytes); }},
      {"limpet_live_objects", "gauge", "Blocks of memory allocated and not freed.",
       [](const Process& p) { return Number(diagnose::LiveAtReference(p).blocks); }},
      {"limpet_allocated_bytes_total", "counter", "Bytes allocated since the start.",
       [](const Process& p) { return Number(p.births.bytes); }},
      {"limpet_allocated_objects_total", "counter", "Blocks of memory allocated since the start.",
       [](const Process& p) { return Number(p.births.blocks); }},
      {"limpet_freed_bytes_total", "counter", "Bytes freed since the start.",
       [](const Process& p) { return Number(p.deaths.bytes); }},
      {"limpet_freed_objects_total", "counter", "Blocks of memory freed since the start.",
       [](const Process& p) { return Number(p.deaths.blocks); }},
      {"limpet_peak_bytes", "gauge", "Most bytes live at once.", [](const Process& p) { return Number(p.peak_bytes); }},
      {"limpet_resident_memory_bytes", "gauge", "Resident memory when it was last looked at.",
       [](const Process& p) { return p.samples.empty() ? std::string() : Number(p.samples.back().rss_bytes); }},
      {"limpet_recorded_seconds", "gauge", "Time from the start to the last sign of life.",
       [](const Process& p) { return Seconds(p.duration_ns); }},
      {"limpet_process_start_time_seconds", "gauge", "Start time of the process since the Unix epoch.",
       [](const Process& p) { return Seconds(p.start_realtime_ns); }},
  };
  return metrics;
}

void WriteHead(std::string_view name, std::string_view type, std::string_view help, Sink* sink) {
  sink->Write(fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help));
}

}  // namespace

void WritePrometheus(const capture::Recording& recording, const std::vector<const Process*>& processes, uint32_t lines,
                     Sink* sink) {
  // A pid may be there twice: images that follow each other by exec.
  const auto labels = [](const Process& process) {
    return fmt::format("pid=\"{}\",image=\"{}\",program=\"{}\"", process.pid, process.image,
                       Label(ProcessTitle(process)));
  };
  for (const Metric& metric : ProcessMetrics()) {
    WriteHead(metric.name, metric.type, metric.help, sink);
    for (const Process* process : processes) {
      const std::string value = metric.value(*process);
      if (!value.empty()) sink->Write(fmt::format("{}{{{}}} {}\n", metric.name, labels(*process), value));
    }
  }
  WriteHead("limpet_line_live_bytes", "gauge", "Bytes allocated by a line of source and not freed.", sink);
  std::set<int32_t> told;  // images of one pid are one to `limpet stats`
  for (const Process* process : processes) {
    if (!told.insert(process->pid).second) continue;
    report::StatsOptions options;
    options.pid = process->pid;
    options.limit = lines;
    for (const report::StatsRow& row : report::MakeStats(recording, options).rows) {
      const diagnose::Location& where = row.place.front();
      if (row.live.bytes == 0) continue;
      sink->Write(fmt::format("limpet_line_live_bytes{{pid=\"{}\",function=\"{}\",file=\"{}\",line=\"{}\"}} {}\n",
                              process->pid, Label(where.function), Label(where.file), where.line, row.live.bytes));
    }
  }
}

}  // namespace limpet::interchange
