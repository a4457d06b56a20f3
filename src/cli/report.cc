// limpet report: what grew in a recording, as text or as JSON. The program may still be running.
#include "report/report.h"

#include <unistd.h>

#include <utility>

#include "cli/command.h"
#include "cli/keep_choice.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/page.h"
#include "cli/recording_choice.h"
#include "report/json.h"
#include "report/terminal.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] NAME.limpet";
constexpr char kExamples[] =
    "  limpet report app.limpet                what grew, most certain first\n"
    "  limpet report app.limpet -v             with the evidence, whole stacks and all that was dismissed\n"
    "  limpet report app.limpet --json | jq .verdict\n"
    "  limpet report app.limpet --process 4711 one process of several\n"
    "  limpet report app.limpet --html app.html one page for a browser, to look at, mail or attach\n"
    "\nExit status: 0, whatever was found; 2 wrong usage, or no recording that could be read.";

}  // namespace

int RunReport(const std::vector<std::string>& arguments) {
  std::string path;
  std::optional<std::string> json, html;
  std::optional<int32_t> pid;
  std::optional<std::string> keep_file;
  report::FullOptions full;
  CLI::App app("Says what grew in a recording, where it was allocated, and how sure that is.");
  Prepare(&app, "report", kUsage, kExamples);
  app.add_option("recording", path, "made by 'limpet run'; its program may still be running")
      ->option_text("NAME.limpet");
  app.add_option("--json", json, "the report as JSON instead, to FILE or ('-' or no FILE) to standard output")
      ->expected(0, 1)
      ->option_text("[FILE]");
  app.add_option("--html", html, "a page for a browser instead, in one file: findings, sites, time")
      ->option_text("FILE");
  bool no_source = false;
  app.add_flag("--no-source", no_source, "the page quotes no lines of the program's source");
  app.add_flag("-v,--verbose", full.verbose, "evidence, whole stacks, all that was dismissed");
  app.add_option("--process", pid, "only the process with this id")->option_text("PID");
  app.add_option("--keep", keep_file, "patterns of what grows on purpose (default: .limpet-keep, if it is there)")
      ->option_text("FILE");
  app.add_option("--limit", full.limit, "findings shown (default: 20; 0: all)")->option_text("N");
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  if (path.empty() && json) std::swap(path, *json);  // `report --json NAME.limpet`: no FILE was meant
  if (path.empty()) {
    Complain("no recording to report on: limpet report NAME.limpet");
    return kExitUsage;
  }

  const std::optional<capture::Recording> recording = OpenRecording(path, pid);
  if (!recording) return kExitUsage;
  const std::optional<diagnose::KeepRules> keep = ReadKeepRules(keep_file);
  if (!keep) return kExitUsage;
  diagnose::Options options = {.pid = pid};
  options.keep = &*keep;
  const report::Report report = report::BuildReport(*recording, options);
  if (json) return PrintToFile(json->empty() ? "-" : *json, report::ToJson(report).dump(2) + "\n");
  if (html) return WritePage(*html, {{&*recording, &report}}, {.pid = pid, .sources = !no_source});
  const report::TerminalStyle style = {.columns = uint32_t(Columns(STDOUT_FILENO)),
                                       .colour = WantsColour(STDOUT_FILENO)};
  return Print(report::RenderFull(report, style, full));
}

}  // namespace limpet::cli
