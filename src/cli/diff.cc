// limpet diff: did the fix work? Two recordings of one program, leak by leak.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cli/command.h"
#include "cli/keep_choice.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/page.h"
#include "cli/recording_choice.h"
#include "diagnose/compare.h"
#include "report/diff_face.h"
#include "report/report.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] BEFORE.limpet AFTER.limpet";
constexpr char kExamples[] =
    "  limpet diff before.limpet after.limpet            what became of each leak\n"
    "  limpet diff before.limpet after.limpet --json diff.json\n"
    "  limpet diff before.limpet after.limpet --html diff.html    one page for a browser, with both runs in it\n"
    "\nExit status: 0 no leak is left as it was: each is gone or smaller, and none is new; 1 a leak is new, larger or "
    "the\n"
    "same; 2 wrong usage, or a recording that could not be read; 3 cannot tell: the second run was too short, or did "
    "too little.";
constexpr int kExitLeak = 1, kExitCannotTell = 3;
constexpr uint32_t kMostFindings = 1000;

int StatusOf(const diagnose::Comparison& comparison) {
  bool open = comparison.cannot_tell;
  for (const diagnose::Change& change : comparison.changes) {
    const bool left = change.fate == diagnose::Fate::kNew || change.fate == diagnose::Fate::kLarger ||
                      change.fate == diagnose::Fate::kSame;
    if (left) return kExitLeak;
    open |= change.fate == diagnose::Fate::kCannotTell;
  }
  return open ? kExitCannotTell : 0;
}

}  // namespace

int RunDiff(const std::vector<std::string>& arguments) {
  std::string before_path, after_path;
  std::optional<std::string> json, html, keep_file;
  CLI::App app("What became of each leak from one recording to another.");
  Prepare(&app, "diff", kUsage, kExamples);
  app.add_option("before", before_path, "a recording before the change")->required()->option_text("BEFORE.limpet");
  app.add_option("after", after_path, "one after it")->required()->option_text("AFTER.limpet");
  app.add_option("--json", json, "as JSON instead, to FILE ('-': standard output)")->option_text("FILE");
  app.add_option("--html", html, "a page for a browser instead, in one file")->option_text("FILE");
  app.add_option("--keep", keep_file, "patterns of what grows on purpose (default: .limpet-keep, if it is there)")
      ->option_text("FILE");
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;

  const std::optional<diagnose::KeepRules> keep = ReadKeepRules(keep_file);
  if (!keep) return kExitUsage;
  const std::optional<capture::Recording> first = OpenRecording(before_path, std::nullopt);
  const std::optional<capture::Recording> second = first ? OpenRecording(after_path, std::nullopt) : std::nullopt;
  if (!first || !second) return kExitUsage;
  const diagnose::Options options = {
      .pid = {}, .max_findings = kMostFindings, .max_dismissed = kMostFindings, .keep = &*keep};
  const report::Report before = report::BuildReport(*first, options);
  const report::Report after = report::BuildReport(*second, options);
  const diagnose::Work work_before = diagnose::WorkOf(*first), work_after = diagnose::WorkOf(*second);
  const diagnose::Comparison comparison =
      diagnose::CompareRuns(before.diagnosis, work_before, after.diagnosis, work_after);
  const report::ComparedRuns runs = {before, work_before, after, work_after, comparison};
  if (html) {
    const int failed = WritePage(*html, {{&*second, &after}, {&*first, &before}}, {});
    return failed ? failed : StatusOf(comparison);
  }
  const report::TerminalStyle style = {.columns = uint32_t(Columns(STDOUT_FILENO)),
                                       .colour = WantsColour(STDOUT_FILENO)};
  const int failed =
      json ? PrintToFile(*json, report::DiffJson(runs).dump(2) + "\n") : Print(report::RenderDiff(runs, style));
  return failed ? failed : StatusOf(comparison);
}

}  // namespace limpet::cli
