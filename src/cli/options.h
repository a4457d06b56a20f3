// The command line of one command, by CLI11, with limpet's habits: errors are one line and a way out on stderr and exit
// status 2, help is text on stdout and 0, the last of a repeated option counts.
#ifndef LIMPET_CLI_OPTIONS_H_
#define LIMPET_CLI_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::cli {

// `name` is the command, `usage` what follows "limpet NAME", `examples` whole lines shown at the end of the help.
void Prepare(CLI::App* app, std::string_view name, std::string_view usage, std::string_view examples);

// Reads `arguments`. Returns the exit status when the command ends here (help shown, or an error told).
std::optional<int> Parse(CLI::App* app, const std::vector<std::string>& arguments);

// The one of `known` that `word` is most likely a misspelling of; empty if none is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

// "30s", "500ms", "5m", "1h" in milliseconds; nothing for anything else, or less than a millisecond.
std::optional<uint64_t> ParseDuration(std::string_view text);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_OPTIONS_H_
