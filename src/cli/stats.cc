// limpet stats: tables of where memory was allocated, as tracemalloc's statistics have them, by what is live, grows, churns or was
// live at the peak.
#include "report/stats.h"

#include <unistd.h>

#include <map>

#include "capture/reader.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/recording_choice.h"
#include "fmt/format.h"
#include "report/stats_table.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] NAME.limpet";
constexpr char kExamples[] =
    "  limpet stats app.limpet                          the lines with most memory live\n"
    "  limpet stats app.limpet --by growth --group file\n"
    "  limpet stats app.limpet --include 'src/*' --exclude '*/tests/*'\n"
    "  limpet stats app.limpet --by peak --group stack --limit 3\n"
    "  limpet stats app.limpet --domain malloc --json   what C code took, as JSON\n"
    "\nExit status: 0; 2 wrong usage, or no recording that could be read.";

const std::map<std::string, report::SortBy> kSorts = {{"live", report::SortBy::kLive},
                                                      {"growth", report::SortBy::kGrowth},
                                                      {"churn", report::SortBy::kChurn},
                                                      {"peak", report::SortBy::kPeak}};
const std::map<std::string, report::GroupBy> kGroups = {{"line", report::GroupBy::kLine},
                                                        {"file", report::GroupBy::kFile},
                                                        {"function", report::GroupBy::kFunction},
                                                        {"stack", report::GroupBy::kStack}};
const std::map<std::string, capture::Domain> kDomains = {
    {"raw", capture::Domain::kRaw},       {"mem", capture::Domain::kMem}, {"object", capture::Domain::kObject},
    {"malloc", capture::Domain::kMalloc}, {"map", capture::Domain::kMap}, {"filemap", capture::Domain::kFileMap}};

struct StatsCommand {
  std::string path;
  bool json = false;
  std::string by = "live";
  std::string group = "line";
  std::vector<std::string> domains;
  report::StatsOptions options;
};

void AddOptions(CLI::App* app, StatsCommand* command) {
  report::StatsOptions& options = command->options;
  app->add_option("recording", command->path, "made by 'limpet run'; its program may still be running")
      ->required()
      ->option_text("NAME.limpet");
  app->add_option("--by", command->by, "sort by: live, growth, churn (allocated and freed again), peak (default: live)")
      ->option_text("WHAT");
  app->add_option("--group", command->group, "one row for each: line, file, function, stack (default: line)")
      ->option_text("WHAT");
  app->add_option("--include", options.include, "only files that match this pattern (may be repeated)")
      ->option_text("GLOB")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--exclude", options.exclude, "not the files that match this pattern (may be repeated)")
      ->option_text("GLOB")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_flag("--all-frames", options.all_frames,
                "patterns look at the whole stack, not only at the innermost frame");
  app->add_flag("--user-lines", options.user_line, "count for the innermost line outside of libraries");
  app->add_flag("--cumulative", options.cumulative, "count for every frame of the stack");
  app->add_option("--domain", command->domains,
                  "only memory from: raw, mem, object, malloc, map, filemap (may be repeated)")
      ->option_text("NAME")
      ->expected(1)
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--process", options.pid, "only the process with this id")->option_text("PID");
  app->add_option("--limit", options.limit, "rows (default: 10; 0: all)")->option_text("N");
  app->add_flag("--json", command->json, "as JSON");
}

// The value that `word` names; complains about any other word.
template <typename T>
std::optional<T> Choose(const char* option, const std::string& word, const std::map<std::string, T>& choices) {
  if (const auto found = choices.find(word); found != choices.end()) return found->second;
  std::string known;
  for (const auto& [name, value] : choices) known += (known.empty() ? "" : ", ") + name;
  Complain(fmt::format("{} knows no '{}': it is one of {}", option, word, known));
  return std::nullopt;
}

bool ReadChoices(StatsCommand* command) {
  const auto sort = Choose("--by", command->by, kSorts);
  const auto group = Choose("--group", command->group, kGroups);
  if (!sort || !group) return false;
  command->options.sort_by = *sort;
  command->options.group_by = *group;
  for (const std::string& name : command->domains) {
    const auto domain = Choose("--domain", name, kDomains);
    if (!domain) return false;
    command->options.domains.push_back(*domain);
  }
  if (command->options.cumulative && command->options.group_by == report::GroupBy::kStack) {
    Complain("--cumulative counts for every frame of a stack, so it cannot go with --group stack");
    return false;
  }
  return true;
}

// An empty table says less than why it is empty.
void TellIfNothingMatches(const capture::Recording& recording, const report::StatsOptions& options) {
  const bool filtered = !options.include.empty() || !options.exclude.empty() || !options.domains.empty();
  if (filtered && report::MakeStats(recording, options).rows.empty())
    Complain(
        "no allocation matches: patterns are held against whole paths (--include '*/shop/*'), --all-frames looks at "
        "whole stacks");
}

}  // namespace

int RunStats(const std::vector<std::string>& arguments) {
  StatsCommand command;
  CLI::App app("Tables of where memory was allocated.");
  Prepare(&app, "stats", kUsage, kExamples);
  AddOptions(&app, &command);
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  if (!ReadChoices(&command)) return kExitUsage;
  const std::optional<capture::Recording> recording = OpenRecording(command.path, command.options.pid);
  if (!recording) return kExitUsage;
  if (command.json) return Print(report::StatsJson(*recording, command.options).dump(2) + "\n");
  TellIfNothingMatches(*recording, command.options);
  const report::TerminalStyle style = {.columns = uint32_t(Columns(STDOUT_FILENO)),
                                       .colour = WantsColour(STDOUT_FILENO)};
  return Print(report::RenderStats(*recording, command.options, style));
}

}  // namespace limpet::cli
