// Runs a short helper program and keeps what it says: how doctor asks an interpreter about itself, and how it tries the agent.
#ifndef LIMPET_CLI_PROBE_H_
#define LIMPET_CLI_PROBE_H_

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace limpet::cli {

struct Probe {
  std::optional<int> exit_status;
  std::optional<int> signal;
  std::string output;  // standard output
  std::string errors;  // standard error
  double seconds = 0;
};

// Runs `argv` (argv[0] is a path) without input. What does not end within `timeout_ms` is killed and is an error.
Result<Probe> RunProbe(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                       int timeout_ms);

// Our own environment, as RunProbe takes it.
std::vector<std::string> OwnEnvironment();

}  // namespace limpet::cli

#endif  // LIMPET_CLI_PROBE_H_
