#include "cli/keep_choice.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "base/file.h"
#include "cli/output.h"

namespace limpet::cli {

std::optional<diagnose::KeepRules> ReadKeepRules(const std::optional<std::string>& file) {
  const std::string path = file.value_or(kKeepFile);
  if (!file && access(path.c_str(), F_OK) != 0) return diagnose::KeepRules{};
  const Result<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    Complain(text.message());
    return std::nullopt;
  }
  Result<std::vector<diagnose::KeepPattern>> patterns = diagnose::ParseKeepPatterns(*text, path);
  if (!patterns.ok()) {
    Complain(patterns.message());
    return std::nullopt;
  }
  return diagnose::KeepRules{std::move(patterns.value())};
}

}  // namespace limpet::cli
