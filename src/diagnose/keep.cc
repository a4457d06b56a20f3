#include "diagnose/keep.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <utility>

namespace limpet::diagnose {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

// * and ? stand for anything; brackets, which the names of holders are full of, for themselves.
bool Matches(std::string_view pattern, std::string_view text) {
  std::string escaped;
  for (const char c : pattern) {
    if (c == '[' || c == ']' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return fnmatch(escaped.c_str(), std::string(text).c_str(), 0) == 0;
}

// Does the pattern match the whole path, or its end from some folder on?
bool MatchesFile(std::string_view pattern, std::string_view file) {
  if (Matches(pattern, file)) return true;
  for (size_t slash = file.find('/'); slash != std::string_view::npos; slash = file.find('/', slash + 1)) {
    if (Matches(pattern, file.substr(slash + 1))) return true;
  }
  return false;
}

std::string_view LastPart(std::string_view name) { return name.substr(name.rfind('.') + 1); }

bool MatchesSite(std::string_view pattern, const Location& where) {
  const size_t colon = pattern.rfind(':');
  if (!MatchesFile(pattern.substr(0, colon), where.file)) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view function = pattern.substr(colon + 1);
  return Matches(function, where.function) || Matches(function, LastPart(where.function));
}

bool MatchesOne(const KeepPattern& one, const Finding& finding) {
  switch (one.what) {
    case KeepPattern::What::kSite:
      return !finding.site.empty() && MatchesSite(one.pattern, finding.site.front());
    case KeepPattern::What::kType: {
      if (finding.heap.types.empty()) return false;
      const std::string& type = finding.heap.types.front();
      return Matches(one.pattern, type) || Matches(one.pattern, LastPart(type));
    }
    case KeepPattern::What::kHeld:
      return !finding.heap.holder_text.empty() && Matches("*" + one.pattern + "*", finding.heap.holder_text);
    case KeepPattern::What::kLeak:
      return one.pattern == finding.fingerprint;
  }
  return false;
}

std::optional<KeepPattern::What> WhatOf(std::string_view word) {
  if (word == "site") return KeepPattern::What::kSite;
  if (word == "type") return KeepPattern::What::kType;
  if (word == "held") return KeepPattern::What::kHeld;
  if (word == "leak") return KeepPattern::What::kLeak;
  return std::nullopt;
}

// The table behind objects that are kept: a block or two, replaced by larger ones, allocated on behalf of a line that is in the stack of
// those objects as well. In the heap it hangs on the same holder; a list that grows has no other trace there.
bool IsStorageOf(const Finding& finding, const Finding& kept) {
  constexpr uint64_t kFewBlocks = 4;
  if (finding.live.blocks > kFewBlocks || finding.live.bytes > kept.live.bytes || finding.site.size() < 2) return false;
  const Location& caller = finding.site[1];
  return std::any_of(kept.site.begin(), kept.site.end(), [&](const Location& frame) {
    return frame.file == caller.file && frame.line == caller.line && frame.function == caller.function;
  });
}

void TakeStorage(Diagnosis& diagnosis) {
  std::vector<Finding> left;
  const size_t marked = diagnosis.kept.size();
  for (Finding& finding : diagnosis.findings) {
    size_t owner = 0;
    while (owner < marked && !IsStorageOf(finding, diagnosis.kept[owner].finding)) owner++;
    if (owner == marked) {
      left.push_back(std::move(finding));
      continue;
    }
    Kept storage = {std::move(finding), diagnosis.kept[owner].by, diagnosis.kept[owner].reason,
                    diagnosis.kept[owner].in_source};
    diagnosis.kept.push_back(std::move(storage));
  }
  diagnosis.findings = std::move(left);
}

}  // namespace

Result<std::vector<KeepPattern>> ParseKeepPatterns(std::string_view text, const std::string& name) {
  std::vector<KeepPattern> patterns;
  uint32_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    number++;
    KeepPattern one;
    one.origin = fmt::format("{}:{}", name, number);
    const size_t hash = line.starts_with('#') ? 0 : std::min(line.find(" #"), line.find("\t#"));
    if (hash != std::string_view::npos) {
      one.reason = Trim(line.substr(std::min(line.find('#', hash) + 1, line.size())));
      line = line.substr(0, hash);
    }
    line = Trim(line);
    if (line.empty()) continue;
    const size_t blank = std::min(line.find_first_of(kBlanks), line.size());
    const std::optional<KeepPattern::What> what = WhatOf(line.substr(0, blank));
    one.pattern = Trim(line.substr(blank));
    if (!what || one.pattern.empty())
      return Error(
          fmt::format("{}: expected 'site', 'type', 'held' or 'leak' and a pattern, not '{}'", one.origin, line));
    one.what = *what;
    patterns.push_back(std::move(one));
  }
  return patterns;
}

const KeepPattern* MatchPattern(const std::vector<KeepPattern>& patterns, const Finding& finding) {
  const auto found =
      std::find_if(patterns.begin(), patterns.end(), [&](const KeepPattern& one) { return MatchesOne(one, finding); });
  return found == patterns.end() ? nullptr : &*found;
}

void TakeKept(const capture::Recording& recording, const KeepRules& rules, const SourceReader& read,
              Diagnosis& diagnosis) {
  std::vector<Finding> left;
  for (Finding& finding : diagnosis.findings) {
    if (const KeepPattern* pattern = MatchPattern(rules.patterns, finding)) {
      diagnosis.kept.push_back({std::move(finding), pattern->origin, pattern->reason, false});
    } else if (std::optional<SourceMark> mark = FindMark(recording, read, finding, diagnosis.notes)) {
      diagnosis.kept.push_back({std::move(finding), std::move(mark->by), std::move(mark->reason), true});
    } else {
      left.push_back(std::move(finding));
    }
  }
  diagnosis.findings = std::move(left);
  TakeStorage(diagnosis);
}

}  // namespace limpet::diagnose
