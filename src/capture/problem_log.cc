#include "capture/problem_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace limpet::capture {

bool ProblemLog::Wants(std::string_view kind) {
  auto found = std::find_if(kinds_.begin(), kinds_.end(), [&](const Kind& k) { return k.name == kind; });
  if (found == kinds_.end()) found = kinds_.insert(kinds_.end(), Kind{kind});
  return ++found->count <= kToldInFull;
}

std::vector<std::string> ProblemLog::Take() {
  for (const Kind& kind : kinds_) {
    if (kind.count > kToldInFull) {
      sentences_.push_back(fmt::format("{} more {}", base::FormatCount(kind.count - kToldInFull), kind.name));
    }
  }
  kinds_.clear();
  // A table that is copied twice tells its oddities twice.
  std::set<std::string> told;
  std::erase_if(sentences_, [&](const std::string& sentence) { return !told.insert(sentence).second; });
  return std::move(sentences_);
}

}  // namespace limpet::capture
