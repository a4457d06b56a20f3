#include "report/known_leaks.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "report/installed.h"

namespace limpet::report {

// known_leaks.json, put into a source file by CMake.
extern const char* const kKnownLeaksText;

namespace {

using base::Error;
using base::Result;
using base::Status;
using capture::Process;
using diagnose::Finding;
using nlohmann::json;

Status ReadText(const json& entry, const char* name, std::string& into) {
  auto at = entry.find(name);
  if (at == entry.end()) return Status::Ok();
  if (!at->is_string()) return Error(fmt::format("\"{}\" is no text", name));
  into = at->get<std::string>();
  return Status::Ok();
}

Status ReadTexts(const json& entry, const char* name, std::vector<std::string>& into) {
  auto at = entry.find(name);
  if (at == entry.end()) return Status::Ok();
  if (!at->is_array()) return Error(fmt::format("\"{}\" is no list", name));
  for (const json& one : *at) {
    if (!one.is_string()) return Error(fmt::format("\"{}\" has something other than texts", name));
    into.push_back(one.get<std::string>());
  }
  return Status::Ok();
}

bool IsKind(std::string_view name) {
  using diagnose::Kind;
  for (Kind kind : {Kind::kPythonObject, Kind::kRawBlock, Kind::kNative, Kind::kCycle, Kind::kRefcount})
    if (diagnose::KindName(kind) == name) return true;
  return false;
}

constexpr const char* kFields[] = {"package", "modules", "introduced", "fixed", "python", "kinds",
                                   "types",   "holder",  "frame",      "what",  "link"};

Status Validate(const json& entry, const KnownLeak& leak) {
  for (const auto& [name, value] : entry.items())
    if (std::find(std::begin(kFields), std::end(kFields), name) == std::end(kFields))
      return Error(fmt::format("there is no field \"{}\"", name));
  if (leak.package.empty() || leak.what.empty() || leak.link.empty()) return Error("package, what and link are needed");
  if (leak.introduced.empty() && leak.fixed.empty()) return Error("neither introduced nor fixed: which versions leak?");
  for (const std::string& kind : leak.kinds)
    if (!IsKind(kind)) return Error(fmt::format("there is no kind \"{}\"", kind));
  if (leak.holder.empty() && leak.frame.empty() && leak.kinds.empty())
    return Error("holder, frame or kinds: what does a finding of it look like?");
  return Status::Ok();
}

Result<KnownLeak> ParseEntry(const json& entry) {
  if (!entry.is_object()) return Error("not an object");
  KnownLeak leak;
  const std::pair<const char*, std::string*> texts[] = {
      {"package", &leak.package}, {"introduced", &leak.introduced}, {"fixed", &leak.fixed}, {"python", &leak.python},
      {"holder", &leak.holder},   {"frame", &leak.frame},           {"what", &leak.what},   {"link", &leak.link}};
  for (const auto& [name, into] : texts)
    if (Status status = ReadText(entry, name, *into); !status.ok()) return status;
  const std::pair<const char*, std::vector<std::string>*> lists[] = {
      {"modules", &leak.modules}, {"kinds", &leak.kinds}, {"types", &leak.types}};
  for (const auto& [name, into] : lists)
    if (Status status = ReadTexts(entry, name, *into); !status.ok()) return status;
  if (Status status = Validate(entry, leak); !status.ok()) return status;
  if (leak.modules.empty()) leak.modules.push_back(NormalizedName(leak.package));
  return leak;
}

// A release in numbers; what comes before a release (a, b, rc, dev) counts as less than nothing there.
std::vector<int64_t> Numbers(std::string_view version) {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < version.size();) {
    if (std::isdigit(static_cast<unsigned char>(version[i])) != 0) {
      int64_t number = 0;
      for (; i < version.size() && std::isdigit(static_cast<unsigned char>(version[i])) != 0; i++)
        number = std::min<int64_t>(number * 10 + (version[i] - '0'), 1'000'000'000);
      numbers.push_back(number);
    } else {
      const std::string_view rest = version.substr(i);
      if (rest.starts_with("post")) {
        i += 4;
      } else if (rest.starts_with("a") || rest.starts_with("b") || rest.starts_with("rc") || rest.starts_with("dev")) {
        numbers.push_back(rest.starts_with("dev") ? -4 : rest.starts_with("a") ? -3 : rest.starts_with("b") ? -2 : -1);
        while (i < version.size() && std::isalpha(static_cast<unsigned char>(version[i])) != 0) i++;
      } else {
        i++;
      }
    }
  }
  return numbers;
}

std::string MinorVersion(std::string_view version) {
  const size_t first = version.find('.');
  const size_t second = first == std::string_view::npos ? first : version.find('.', first + 1);
  return std::string(version.substr(0, second));
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

bool AnyFrame(const Finding& finding, const std::string& part) {
  const auto in = [&part](const diagnose::Location& frame) {
    const std::optional<PackageFile> file = SplitPackageFile(frame.file);
    return file && file->rest.find(part) != std::string_view::npos;
  };
  return std::any_of(finding.site.begin(), finding.site.end(), in) ||
         std::any_of(finding.below.begin(), finding.below.end(), in);
}

bool OneOf(const std::vector<std::string>& all, std::string_view one) {
  return all.empty() || std::find(all.begin(), all.end(), one) != all.end();
}

bool LooksLike(const KnownLeak& leak, const Finding& finding) {
  if (!OneOf(leak.kinds, diagnose::KindName(finding.kind))) return false;
  if (!leak.types.empty() && (finding.heap.types.empty() || !OneOf(leak.types, finding.heap.types.front())))
    return false;
  if (!leak.holder.empty() && finding.heap.holder_text.find(leak.holder) == std::string::npos) return false;
  return leak.frame.empty() || AnyFrame(finding, leak.frame);
}

// The release after the one in use: of several fixes the one for this minor version, else the last.
std::string FixFor(const KnownLeak& leak, const std::string& version) {
  const std::vector<std::string> fixes = SplitList(leak.fixed);
  for (const std::string& fix : fixes)
    if (leak.package == "python" && MinorVersion(fix) == MinorVersion(version)) return fix;
  return fixes.empty() ? "" : fixes.back();
}

void Tell(const KnownLeak& leak, const std::string& version, Finding& finding) {
  diagnose::Known known{.package = leak.package,
                        .version = version,
                        .fixed = FixFor(leak, version),
                        .what = leak.what,
                        .link = leak.link,
                        .certain = !leak.holder.empty() || !leak.frame.empty()};
  const std::string name = leak.package == "python" ? "Python" : leak.package;
  const std::string fixed = known.fixed.empty() ? "not fixed yet" : "fixed in " + known.fixed;
  finding.evidence.push_back(fmt::format("{}: {} {}: {}; {} ({})", known.certain ? "known" : "probably known", name,
                                         version, leak.what, fixed, leak.link));
  if (!known.fixed.empty()) {
    const bool useless = finding.kind == diagnose::Kind::kRefcount || finding.heap.fix.empty();
    const std::string until = useless ? "" : "; until then: " + finding.heap.fix;
    finding.heap.fix =
        fmt::format("{}upgrade to {} {} or later: in {} {} ({}){}", known.certain ? "" : "probably: ", name,
                    known.fixed, version, leak.what, leak.link, until);
  }
  finding.known = std::move(known);
}

}  // namespace

Result<std::vector<KnownLeak>> ParseKnownLeaks(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_array()) return Error("known leaks: not a JSON list");
  std::vector<KnownLeak> leaks;
  for (size_t i = 0; i < all.size(); i++) {
    Result<KnownLeak> leak = ParseEntry(all[i]);
    if (!leak.ok()) return leak.status().WithContext(fmt::format("known leaks: entry {}", i + 1));
    leaks.push_back(*std::move(leak));
  }
  return leaks;
}

const std::vector<KnownLeak>& KnownLeaks() {
  static const std::vector<KnownLeak> leaks = *ParseKnownLeaks(kKnownLeaksText);
  return leaks;
}

int CompareVersions(std::string_view a, std::string_view b) {
  const std::vector<int64_t> left = Numbers(a);
  const std::vector<int64_t> right = Numbers(b);
  for (size_t i = 0; i < std::max(left.size(), right.size()); i++) {
    const int64_t l = i < left.size() ? left[i] : 0;
    const int64_t r = i < right.size() ? right[i] : 0;
    if (l != r) return l < r ? -1 : 1;
  }
  return 0;
}

bool Leaks(const KnownLeak& leak, std::string_view version) {
  if (!leak.introduced.empty() && CompareVersions(version, leak.introduced) < 0) return false;
  const std::vector<std::string> fixes = SplitList(leak.fixed);
  if (fixes.empty()) return true;
  if (leak.package == "python")
    for (const std::string& fix : fixes)
      if (MinorVersion(fix) == MinorVersion(version)) return CompareVersions(version, fix) < 0;
  return CompareVersions(version, fixes.back()) < 0;
}

void AnnotateKnown(const capture::Recording& recording, const std::vector<KnownLeak>& leaks,
                   diagnose::Diagnosis& diagnosis) {
  for (Finding& finding : diagnosis.findings) {
    const Process* process = nullptr;
    for (const Process& one : recording.processes)
      if (!finding.processes.empty() && one.pid == finding.processes.front()) process = &one;
    if (process == nullptr) continue;
    std::optional<Installed> installed;  // made only where something looks like a known leak: it reads folders
    for (const KnownLeak& leak : leaks) {
      if (finding.known || !LooksLike(leak, finding)) continue;
      if (!installed) installed.emplace(*process);
      if (!leak.python.empty() && MinorVersion(installed->python()) != leak.python) continue;
      const std::optional<std::string> version =
          leak.package == "python" ? installed->python() : installed->Version(leak.package, leak.modules, finding);
      if (version && !version->empty() && Leaks(leak, *version)) Tell(leak, *version, finding);
    }
  }
}

void AnnotateKnown(const capture::Recording& recording, diagnose::Diagnosis& diagnosis) {
  AnnotateKnown(recording, KnownLeaks(), diagnosis);
}

}  // namespace limpet::report
