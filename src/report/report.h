// A report: the diagnosis of a recording together with what a reader wants to know about the run. Every face (terminal, JSON, and
// later ones) is made from this and needs the recording no more.
#ifndef LIMPET_REPORT_REPORT_H_
#define LIMPET_REPORT_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/recording.h"
#include "diagnose/diagnose.h"
#include "diagnose/endpoints.h"
#include "diagnose/ledger.h"
#include "diagnose/resources.h"

namespace limpet::report {

// One traced process, in figures.
struct ProcessSummary {
  int32_t pid = 0;
  int32_t parent_pid = 0;
  std::string folder;
  std::vector<std::string> command;
  std::string executable;
  std::string python;  // "3.12.1", or empty: not Python or not known
  std::string state;   // "finished", "recording", "exited", "killed", "stopped", "execed", "refused"
  std::string reason;  // of stopped and refused
  uint64_t duration_ns = 0;
  capture::Amount births;  // what was allocated
  capture::Amount deaths;
  capture::Amount live;  // at the moment looked at: finalisation or the end
  uint64_t peak_bytes = 0;
  uint64_t peak_time_ns = 0;
  std::optional<uint64_t> rss_first;
  std::optional<uint64_t> rss_last;
  std::optional<uint64_t> rss_max;
  uint32_t iterations = 0;
  uint32_t groups = 0;
  uint64_t agent_bytes = 0;
  uint64_t sites = 0;
  uint64_t lost_blocks = 0;
  capture::Amount unrecorded;
  std::vector<std::string> limits;  // sentences
  diagnose::MemoryAccount memory;
  std::vector<diagnose::Held> held;
  std::vector<diagnose::Growth> growths;
};

struct Report {
  capture::RunInfo run;
  std::string path;
  std::vector<ProcessSummary> processes;
  diagnose::Diagnosis diagnosis;
  diagnose::Endpoints endpoints;  // where the program counts its requests
  std::vector<std::string> problems;
};

Report BuildReport(const capture::Recording& recording, const diagnose::Options& options);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_REPORT_H_
