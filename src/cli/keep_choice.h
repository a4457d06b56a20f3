// What is marked as growing on purpose: the pattern file that the user named, else .limpet-keep here. Marks in the source are always looked at.
#ifndef LIMPET_CLI_KEEP_CHOICE_H_
#define LIMPET_CLI_KEEP_CHOICE_H_

#include <optional>
#include <string>

#include "diagnose/keep.h"

namespace limpet::cli {

inline constexpr char kKeepFile[] = ".limpet-keep";

// Complains on stderr and returns nothing when the file cannot be read or understood. Without a name, a file that is not there is no error.
std::optional<diagnose::KeepRules> ReadKeepRules(const std::optional<std::string>& file);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_KEEP_CHOICE_H_
