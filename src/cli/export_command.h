// What `limpet export` was asked for, and how each family of formats is written. All of them complain on stderr where they must, and
// return the exit status.
#ifndef LIMPET_CLI_EXPORT_COMMAND_H_
#define LIMPET_CLI_EXPORT_COMMAND_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "interchange/sink.h"
#include "interchange/stacks.h"

namespace limpet::cli {

struct ExportCommand {
  std::string recording;
  std::string format;
  std::string output = "-";
  std::string process;         // as given: "", "all", or an id
  std::optional<int32_t> pid;  // of the one that is meant
  std::string what = "live";
  interchange::Measure measure = interchange::Measure::kLive;
  std::string unit = "bytes";
  std::string of = "sites";
  std::string snapshot = "last";
  std::string target;
  uint32_t lines = 50;
};

std::optional<int32_t> ParsePid(const std::string& text);

int ExportProfile(const ExportCommand& command);     // export_sites.cc
int ExportTable(const ExportCommand& command);       // export_sites.cc
int ExportPrometheus(const ExportCommand& command);  // export_sites.cc
int ExportSarif(const ExportCommand& command);       // export_sites.cc
int ExportHeap(const ExportCommand& command);        // export_heap.cc
int ExportDot(const ExportCommand& command);         // export_heap.cc

// Opens what was asked for, has it written, and sees it to its end.
int WriteExport(const ExportCommand& command, interchange::Packing packing,
                const std::function<void(interchange::Sink*)>& write);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_EXPORT_COMMAND_H_
