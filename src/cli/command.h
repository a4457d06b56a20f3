// The commands: `limpet NAME ...` calls the function with what follows NAME, and exits with what it returns.
#ifndef LIMPET_CLI_COMMAND_H_
#define LIMPET_CLI_COMMAND_H_

#include <string>
#include <string_view>
#include <vector>

namespace limpet::cli {

inline constexpr char kVersion[] = LIMPET_VERSION;

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const std::vector<std::string>& arguments);
};

int RunProgram(const std::vector<std::string>& arguments);   // run.cc
int RunReport(const std::vector<std::string>& arguments);    // report.cc
int RunStats(const std::vector<std::string>& arguments);     // stats.cc
int RunSnapshot(const std::vector<std::string>& arguments);  // snapshot.cc
int RunHeap(const std::vector<std::string>& arguments);      // heap.cc
int RunWhy(const std::vector<std::string>& arguments);       // why.cc
int RunCheck(const std::vector<std::string>& arguments);     // check.cc
int RunDiff(const std::vector<std::string>& arguments);      // diff.cc
int RunExport(const std::vector<std::string>& arguments);    // export.cc
int RunServe(const std::vector<std::string>& arguments);     // serve.cc
int RunDoctor(const std::vector<std::string>& arguments);    // doctor.cc

}  // namespace limpet::cli

#endif  // LIMPET_CLI_COMMAND_H_
