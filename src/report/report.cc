#include "report/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "report/known_leaks.h"

namespace limpet::report {
namespace {

using capture::Process;
using capture::State;

std::string PythonVersion(uint32_t hex) {
  if (hex == 0) return "";
  std::string version = fmt::format("{}.{}.{}", hex >> 24, hex >> 16 & 0xff, hex >> 8 & 0xff);
  switch (hex >> 4 & 0xf) {  // PY_VERSION_HEX: 0xA alpha, 0xB beta, 0xC release candidate, 0xF final
    case 0xa:
      return version + fmt::format("a{}", hex & 0xf);
    case 0xb:
      return version + fmt::format("b{}", hex & 0xf);
    case 0xc:
      return version + fmt::format("rc{}", hex & 0xf);
    default:
      return version;
  }
}

// kRecording stays when a process dies by a signal; whether it is still running only the run itself knows.
std::string StateName(const Process& process, const capture::RunInfo& run) {
  switch (process.state) {
    case State::kStarting:
      return "starting";
    case State::kRecording:
      return run.ended_ns || run.signal ? "killed" : "recording";
    case State::kFinished:
      return "finished";
    case State::kExited:
      return "exited";
    case State::kStopped:
      return "stopped";
    case State::kExeced:
      return "execed";
    case State::kRefused:
      return "refused";
  }
  return "unknown";
}

std::vector<std::string> Limits(const Process& process) {
  std::vector<std::string> out;
  if (process.limits & capture::kLimitBlocks)
    out.push_back("the recording reached its size limit: later stacks are missing");
  if (process.limits & capture::kLimitDisk) out.push_back("the disk was full: the recording stops at that moment");
  if (process.limits & capture::kLimitMemory)
    out.push_back("the agent got no memory for its tables: some blocks are missing");
  if (process.limits & capture::kLimitHooksLost)
    out.push_back("something replaced Python's allocators: blocks may have come and gone unseen");
  if (process.limits & capture::kLimitNoNative) out.push_back("native stacks need glibc 2.35 or later: there are none");
  if (process.limits & capture::kLimitFolded)
    out.push_back(
        "more than 200 000 different stacks: recursion was folded from then on, lines are exact all the same");
  if (process.unrecorded.blocks)
    out.push_back(fmt::format("{} ({}) could not be recorded", base::Plural(process.unrecorded.blocks, "block"),
                              base::FormatBytes(process.unrecorded.bytes)));
  return out;
}

ProcessSummary Summarise(const Process& process, const capture::RunInfo& run) {
  ProcessSummary s;
  s.pid = process.pid;
  s.parent_pid = process.parent_pid;
  s.folder = process.folder;
  s.command = process.command;
  s.executable = process.executable;
  if (process.program == capture::Program::kPython) s.python = PythonVersion(process.python_version);
  s.state = StateName(process, run);
  s.reason = process.reason;
  s.duration_ns = process.duration_ns;
  s.births = process.births;
  s.deaths = process.deaths;
  s.live = diagnose::LiveAtReference(process);
  s.peak_bytes = std::max(process.peak_bytes, process.peak.valid ? process.peak.live.bytes : 0);
  s.peak_time_ns = process.peak_time_ns;
  for (const capture::SampleRecord& sample : process.samples) {
    if (sample.rss_bytes == 0) continue;
    if (!s.rss_first) s.rss_first = sample.rss_bytes;
    s.rss_last = sample.rss_bytes;
    s.rss_max = std::max(s.rss_max.value_or(0), sample.rss_bytes);
  }
  s.iterations = process.iterations;
  s.groups = static_cast<uint32_t>(process.groups.size());
  s.agent_bytes = process.agent_bytes;
  s.sites = process.sites.size();
  s.lost_blocks = process.lost_blocks;
  s.unrecorded = process.unrecorded;
  s.limits = Limits(process);
  return s;
}

// Where its memory is and what it holds; adds to the findings what grows with them.
void Account(const Process& process, diagnose::Diagnosis& diagnosis, ProcessSummary& summary) {
  summary.memory = diagnose::AccountMemory(process, diagnosis.findings);
  summary.held = diagnose::HeldAtEnd(process);
  summary.growths = diagnose::FindGrowth(process);
  diagnose::JoinGrowth(process, summary.growths, diagnosis.findings);
}

}  // namespace

Report BuildReport(const capture::Recording& recording, const diagnose::Options& options) {
  Report report;
  report.run = recording.run;
  report.path = recording.path;
  report.problems = recording.problems;
  for (const Process& process : recording.processes) {
    if (options.pid && process.pid != *options.pid) continue;
    report.processes.push_back(Summarise(process, recording.run));
    for (const std::string& problem : process.problems) report.problems.push_back(process.folder + ": " + problem);
  }
  report.diagnosis = diagnose::Diagnose(recording, options);
  AnnotateKnown(recording, report.diagnosis);
  size_t next = 0;
  std::vector<const Process*> processes;
  for (const Process& process : recording.processes) {
    if (options.pid && process.pid != *options.pid) continue;
    processes.push_back(&process);
    Account(process, report.diagnosis, report.processes[next++]);
  }
  report.endpoints = diagnose::FindEndpoints(processes);
  return report;
}

}  // namespace limpet::report
