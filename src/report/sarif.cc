#include "report/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "report/check_face.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using diagnose::Checked;
using diagnose::Finding;
using diagnose::Kind;
using diagnose::Location;
using diagnose::Standing;
using nlohmann::json;

constexpr char kSchemaUri[] =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr char kRoot[] = "SRCROOT";
constexpr size_t kMostFrames = 100;  // of one stack: a deep recursion makes no better result

struct Rule {
  Kind kind;
  const char* summary;
  const char* help;
};

constexpr std::array<Rule, 5> kRules = {{
    {Kind::kPythonObject, "Python objects pile up", "Objects that are held for ever while new ones come."},
    {Kind::kRawBlock, "Blocks of C code pile up",
     "Memory that C code takes from Python's allocators and never gives back."},
    {Kind::kNative, "Native memory piles up", "Memory that a library takes from malloc or mmap and never gives back."},
    {Kind::kCycle, "Cycles pile up", "Objects that only refer to one another, and that the collector does not free."},
    {Kind::kRefcount, "References are never given back", "C code holds a reference to each of these objects."},
}};

size_t RuleIndex(Kind kind) {
  for (size_t i = 0; i < kRules.size(); i++)
    if (kRules[i].kind == kind) return i;
  return 0;
}

json RulesJson() {
  json rules = json::array();
  for (const Rule& rule : kRules) {
    rules.push_back({{"id", diagnose::KindName(rule.kind)},
                     {"shortDescription", {{"text", rule.summary}}},
                     {"fullDescription", {{"text", rule.help}}},
                     {"help", {{"text", rule.help}}},
                     {"defaultConfiguration", {{"level", "error"}}},
                     {"properties", {{"tags", {"memory", "leak", "python"}}}}});
  }
  return rules;
}

// RFC 3986: what is not unreserved is written in percent.
std::string UriPath(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) || std::string_view("-._~/").find(c) != std::string_view::npos);
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

std::string FolderUri(const std::string& directory) {
  return "file://" + UriPath(directory) + (directory.ends_with('/') ? "" : "/");
}

class Writer {
 public:
  explicit Writer(const Report& report) : directory_(report.run.directory) {}

  json Place(const Location& where) const {
    json out = {{"logicalLocations", {{{"fullyQualifiedName", SafeText(where.function)}, {"kind", "function"}}}}};
    if (where.file.empty() || where.file.front() == '<') return out;
    out["physicalLocation"] = {{"artifactLocation", Artifact(where.file)}};
    if (where.line == 0) return out;
    json region = {{"startLine", where.line}};
    if (where.column) {
      region["startColumn"] = *where.column + 1;
      if (where.end_column && *where.end_column > *where.column) region["endColumn"] = *where.end_column + 1;
    }
    out["physicalLocation"]["region"] = std::move(region);
    return out;
  }

  // Innermost first, from the allocation on.
  json Stack(const Finding& f) const {
    json frames = json::array();
    for (const std::vector<Location>* part : {&f.below, &f.site}) {
      for (const Location& where : *part) {
        if (frames.size() == kMostFrames) break;
        frames.push_back({{"location", Place(where)}});
      }
    }
    return {{"message", {{"text", "the stack that allocates most of it"}}}, {"frames", std::move(frames)}};
  }

  // The way to the line: outermost first.
  json Flow(const Finding& f) const {
    json steps = json::array();
    const size_t frames = std::min(f.site.size(), kMostFrames);
    for (size_t i = frames; i-- > 0;) {
      json location = Place(f.site[i]);
      location["message"] = {{"text", i == 0 ? "allocates here" : "calls"}};
      steps.push_back({{"location", std::move(location)}, {"importance", i == 0 ? "essential" : "important"}});
    }
    return {{"threadFlows", {{{"locations", std::move(steps)}}}}};
  }

  json Result(const Finding& f) const {
    json result = {{"ruleId", diagnose::KindName(f.kind)},
                   {"ruleIndex", RuleIndex(f.kind)},
                   {"message", {{"text", MessageOf(f)}}},
                   {"locations", {Place(f.site.front())}},
                   {"partialFingerprints",
                    {{"limpetFingerprint/v1", f.fingerprint}, {"primaryLocationLineHash", f.fingerprint + ":1"}}},
                   {"stacks", {Stack(f)}},
                   {"codeFlows", {Flow(f)}},
                   {"properties",
                    {{"confidence", f.confidence},
                     {"bytesPerSecond", f.bytes_per_second},
                     {"liveBytes", f.live.bytes},
                     {"liveObjects", f.live.blocks},
                     {"processes", f.processes.size()}}}};
    if (f.parts.empty()) return result;
    result["relatedLocations"] = json::array();
    for (size_t i = 0; i < f.parts.size() && i < kMostFrames; i++) {
      json location = Place(f.parts[i].where);
      location["id"] = i;
      location["message"] = {{"text", fmt::format("grows with it: {}", base::FormatBytes(f.parts[i].live.bytes))}};
      result["relatedLocations"].push_back(std::move(location));
    }
    return result;
  }

 private:
  static std::string MessageOf(const Finding& f) {
    const std::string what = f.heap.types.empty() ? "memory" : SafeText(f.heap.types.front());
    std::string text = fmt::format("{} piles up here: {} ({}) live, +{}/s, confidence {:.2f}.", what,
                                   base::Plural(f.live.blocks, "block"), base::FormatBytes(f.live.bytes),
                                   base::FormatBytes(static_cast<uint64_t>(f.bytes_per_second)), f.confidence);
    if (!f.heap.holder_text.empty()) text += fmt::format(" Held by {}.", SafeText(f.heap.holder_text));
    if (!f.heap.cycle_text.empty()) text += fmt::format(" Cycle: {}.", SafeText(f.heap.cycle_text));
    if (!f.heap.fix.empty()) text += fmt::format(" To let go: {}.", SafeText(f.heap.fix));
    return text;
  }

  json Artifact(const std::string& file) const {
    if (!directory_.empty() && directory_ != "/" && file.size() > directory_.size() + 1 &&
        file.starts_with(directory_) && file[directory_.size()] == '/')
      return {{"uri", UriPath(std::string_view(file).substr(directory_.size() + 1))}, {"uriBaseId", kRoot}};
    return {{"uri", file.starts_with('/') ? "file://" + UriPath(file) : UriPath(file)}};
  }

  std::string directory_;
};

const char* LevelOf(const Checked& one) {
  if (one.fails()) return "error";
  return one.standing == Standing::kUnsure || one.standing == Standing::kNotJudged ? "warning" : "note";
}

const char* StateOf(const Checked& one) {
  if (!one.entry) return "new";
  return one.standing == Standing::kFaster ? "updated" : "unchanged";
}

json Invocation(const Report& report, const diagnose::CheckResult& result) {
  json invocation = {{"executionSuccessful", true}};
  if (!report.run.directory.empty()) invocation["workingDirectory"] = {{"uri", FolderUri(report.run.directory)}};
  json notes = json::array();
  if (result.gate == diagnose::Gate::kInconclusive)
    notes.push_back({{"level", "warning"}, {"message", {{"text", SafeText(result.explanation)}}}});
  for (const std::string& note : report.diagnosis.notes)
    notes.push_back({{"level", "note"}, {"message", {{"text", SafeText(note)}}}});
  if (!notes.empty()) invocation["toolExecutionNotifications"] = std::move(notes);
  return invocation;
}

}  // namespace

json SarifOf(const Report& report, const diagnose::CheckResult& result, bool with_baseline) {
  const Writer writer(report);
  json results = json::array();
  for (const Checked& one : result.checked) {
    json entry = writer.Result(*one.finding);
    entry["level"] = LevelOf(one);
    if (with_baseline) entry["baselineState"] = StateOf(one);
    entry["properties"]["standing"] = StandingInWords(one);
    results.push_back(std::move(entry));
  }
  for (const diagnose::Kept& one : report.diagnosis.kept) {
    json entry = writer.Result(one.finding);
    entry["level"] = "note";
    entry["suppressions"] = {{{"kind", one.in_source ? "inSource" : "external"},
                              {"justification", SafeText(one.reason.empty() ? one.by : one.reason)}}};
    results.push_back(std::move(entry));
  }
  const std::string version = SafeText(report.run.limpet_version);
  json driver = {{"name", "limpet"}, {"rules", RulesJson()}};
  if (!version.empty()) driver["version"] = version;
  json run = {{"tool", {{"driver", std::move(driver)}}},
              {"columnKind", "unicodeCodePoints"},
              {"invocations", {Invocation(report, result)}},
              {"results", std::move(results)}};
  if (!report.run.directory.empty()) run["originalUriBaseIds"] = {{kRoot, {{"uri", FolderUri(report.run.directory)}}}};
  return {{"$schema", kSchemaUri}, {"version", "2.1.0"}, {"runs", {std::move(run)}}};
}

}  // namespace limpet::report
