// limpet check: may this go in? A gate for CI, over a recording, with a baseline of what is known and limits of what is tolerated.
#include <unistd.h>

#include <ctime>
#include <utility>

#include "base/file.h"
#include "cli/command.h"
#include "cli/keep_choice.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/recording_choice.h"
#include "diagnose/baseline.h"
#include "diagnose/gate.h"
#include "fmt/format.h"
#include "report/check_face.h"
#include "report/json.h"
#include "report/junit.h"
#include "report/report.h"
#include "report/sarif.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] NAME.limpet";
constexpr char kExamples[] =
    "  limpet run -q -o ci.limpet -- python -m pytest tests\n"
    "  limpet check ci.limpet                                       fails on any leak\n"
    "  limpet check ci.limpet --max-growth 1MB/h                    tolerates slow ones\n"
    "  limpet check ci.limpet --baseline limpet-baseline.json --update-baseline\n"
    "  limpet check ci.limpet --baseline limpet-baseline.json --sarif limpet.sarif --junit limpet.xml\n"
    "\nExit status: 0 fine; 1 a leak that is new, faster than in the baseline, or above a limit; 2 wrong usage, or a "
    "file that\n"
    "could not be read or written; 3 cannot tell: the program was too short, or not traced well enough.";
constexpr int kExitLeak = 1, kExitCannotTell = 3;
constexpr uint32_t kMostFindings = 1000;

struct CheckCommand {
  std::string path;
  std::optional<std::string> baseline, keep, json, sarif, junit;
  std::vector<std::string> max_growth;
  std::optional<std::string> max_retained;
  bool update = false, quiet = false;
  diagnose::Limits limits;
};

void AddOptions(CLI::App* app, CheckCommand* command) {
  app->add_option("recording", command->path, "made by 'limpet run'")->required()->option_text("NAME.limpet");
  app->add_option("--baseline", command->baseline, "what is known already; leaks in it pass unless they grow faster")
      ->option_text("FILE");
  app->add_flag("--update-baseline", command->update, "writes what is found to the baseline instead of failing");
  app->add_option("--max-growth", command->max_growth, "tolerates growth up to 1MB/h, 10KB/iteration, 500/s (objects)")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1)
      ->option_text("RATE ...");
  app->add_option("--max-retained", command->max_retained, "tolerates a leak that holds up to this much")
      ->option_text("SIZE");
  app->add_option("--keep", command->keep, "patterns of what grows on purpose (default: .limpet-keep, if it is there)")
      ->option_text("FILE");
  app->add_option("--sarif", command->sarif, "the result as SARIF 2.1.0, for code hosts ('-': standard output)")
      ->option_text("FILE");
  app->add_option("--junit", command->junit, "the result as JUnit XML, for CI servers")->option_text("FILE");
  app->add_option("--json", command->json, "the result as JSON")->option_text("FILE");
  app->add_flag("-q,--quiet", command->quiet, "no text");
}

bool ParseLimits(CheckCommand* command) {
  for (const std::string& text : command->max_growth) {
    Result<diagnose::GrowthLimit> limit = diagnose::ParseGrowthLimit(text);
    if (!limit.ok()) {
      Complain(limit.message());
      return false;
    }
    command->limits.growth.push_back(std::move(limit.value()));
  }
  if (!command->max_retained) return true;
  const Result<uint64_t> size = diagnose::ParseSize(*command->max_retained);
  if (!size.ok()) {
    Complain(size.message());
    return false;
  }
  command->limits.retained_bytes = *size;
  return true;
}

// The baseline as it is; an empty one where it is about to be made.
std::optional<diagnose::Baseline> ReadBaseline(const CheckCommand& command) {
  if (!command.baseline) return diagnose::Baseline{};
  if (command.update && access(command.baseline->c_str(), F_OK) != 0) return diagnose::Baseline{};
  const Result<std::string> text = base::ReadFile(*command.baseline);
  if (!text.ok()) {
    Complain(fmt::format("{}; --update-baseline makes it", text.message()));
    return std::nullopt;
  }
  Result<diagnose::Baseline> baseline = diagnose::ParseBaseline(*text, *command.baseline);
  if (!baseline.ok()) {
    Complain(baseline.message());
    return std::nullopt;
  }
  return std::move(baseline.value());
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm day = {};
  gmtime_r(&now, &day);
  return fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

// Writes all that was asked for; the exit status of the worst.
int WriteFiles(const CheckCommand& command, const report::Report& report, const diagnose::CheckResult& result) {
  int worst = 0;
  const auto write = [&](const std::optional<std::string>& path, const auto& text) {
    if (path) worst = std::max(worst, PrintToFile(*path, text()));
  };
  write(command.json, [&] { return report::CheckJson(report, result).dump(2) + "\n"; });
  write(command.sarif, [&] { return report::SarifOf(report, result, command.baseline.has_value()).dump(2) + "\n"; });
  write(command.junit, [&] { return report::JunitOf(report, result); });
  return worst;
}

int UpdateBaseline(const CheckCommand& command, const diagnose::Baseline& old, const diagnose::Diagnosis& diagnosis) {
  if (!diagnosis.decidable) {
    Complain(fmt::format("the baseline stays as it is: {}", diagnosis.explanation));
    return kExitCannotTell;
  }
  const diagnose::Baseline now = diagnose::UpdatedBaseline(old, diagnosis, Today());
  if (const Status written = base::WriteFileAtomically(*command.baseline, diagnose::FormatBaseline(now));
      !written.ok()) {
    Complain(written.message());
    return kExitUsage;
  }
  if (!command.quiet) {
    WriteAll(STDERR_FILENO, fmt::format("limpet: {} now has {} known and {} kept on purpose\n",
                                        Printable(*command.baseline), now.known.size(), now.kept.size()));
  }
  return 0;
}

bool TakesStdout(const CheckCommand& command) {
  return command.json == "-" || command.sarif == "-" || command.junit == "-";
}

int StatusOf(diagnose::Gate gate) {
  return gate == diagnose::Gate::kPass ? 0 : gate == diagnose::Gate::kLeak ? kExitLeak : kExitCannotTell;
}

}  // namespace

int RunCheck(const std::vector<std::string>& arguments) {
  CheckCommand command;
  CLI::App app("Holds a recording against what is known and what is tolerated: a gate for CI.");
  Prepare(&app, "check", kUsage, kExamples);
  AddOptions(&app, &command);
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  if (command.update && !command.baseline) {
    Complain("--update-baseline needs --baseline FILE");
    return kExitUsage;
  }
  if (!ParseLimits(&command)) return kExitUsage;
  const std::optional<diagnose::KeepRules> keep = ReadKeepRules(command.keep);
  const std::optional<diagnose::Baseline> baseline = ReadBaseline(command);
  if (!keep || !baseline) return kExitUsage;
  const std::optional<capture::Recording> recording = OpenRecording(command.path, std::nullopt);
  if (!recording) return kExitUsage;

  const diagnose::Options options = {
      .pid = {}, .max_findings = kMostFindings, .max_dismissed = kMostFindings, .keep = &*keep};
  const report::Report report = report::BuildReport(*recording, options);
  const diagnose::CheckResult result = diagnose::Check(report.diagnosis, *baseline, command.limits);
  if (!command.quiet && !command.update && !TakesStdout(command)) {
    const report::TerminalStyle style = {.columns = uint32_t(Columns(STDOUT_FILENO)),
                                         .colour = WantsColour(STDOUT_FILENO)};
    if (const int failed = Print(report::RenderCheck(report, result, style))) return failed;
  }
  if (const int failed = WriteFiles(command, report, result)) return failed;
  return command.update ? UpdateBaseline(command, *baseline, report.diagnosis) : StatusOf(result.gate);
}

}  // namespace limpet::cli
