// limpet heap: what is in a heap snapshot, what keeps it alive, and what grew since an earlier one.
#include "report/heap_screen.h"

#include <unistd.h>

#include <filesystem>
#include <map>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/snapshot_choice.h"
#include "fmt/format.h"
#include "report/heap_view.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] NAME.limpet";
constexpr char kExamples[] =
    "  limpet heap app.limpet                      the last snapshot, and what grew since the first\n"
    "  limpet heap app.limpet --snapshot list      which ones there are\n"
    "  limpet heap app.limpet --snapshot 3 --against 2\n"
    "  limpet heap app.limpet --group site --by own --limit 20\n"
    "\nExit status: 0; 2 wrong usage, or no snapshot that could be read.";

const std::map<std::string, report::HeapSort> kSorts = {
    {"retained", report::HeapSort::kRetained}, {"own", report::HeapSort::kOwn}, {"count", report::HeapSort::kCount}};
const std::map<std::string, report::HeapGroup> kGroups = {
    {"type", report::HeapGroup::kType}, {"module", report::HeapGroup::kModule}, {"site", report::HeapGroup::kSite}};

struct HeapCommand {
  SnapshotWish wish;
  std::optional<uint32_t> against;
  std::string by = "retained";
  std::string group = "type";
  bool json = false;
  report::HeapOptions options;
};

void AddOptions(CLI::App* app, HeapCommand* command) {
  app->add_option("recording", command->wish.recording,
                  "with snapshots by 'limpet run' or 'limpet snapshot'; or one snapshot file")
      ->required()
      ->option_text("NAME.limpet");
  app->add_option("--process", command->wish.pid, "of the process with this id (default: the program itself)")
      ->option_text("PID");
  app->add_option("--snapshot", command->wish.snapshot,
                  "which one: a number, last, or list to show them all (default: last)")
      ->option_text("N");
  app->add_option("--against", command->against, "what grew since this one; 0: do not compare (default: the first)")
      ->option_text("N");
  app->add_option("--by", command->by, "sort by: retained, own, count (default: retained)")->option_text("WHAT");
  app->add_option("--group", command->group, "one row for each: type, module, site (default: type)")
      ->option_text("WHAT");
  app->add_option("--limit", command->options.limit, "rows of each table (default: 10; 0: all)")->option_text("N");
  app->add_flag("--json", command->json, "as JSON");
}

template <typename T>
bool Choose(const char* option, const std::string& word, const std::map<std::string, T>& choices, T* chosen) {
  if (const auto found = choices.find(word); found != choices.end()) {
    *chosen = found->second;
    return true;
  }
  std::string known;
  for (const auto& [name, value] : choices) known += (known.empty() ? "" : ", ") + name;
  Complain(fmt::format("{} knows no '{}': it is one of {}", option, Printable(word), known));
  return false;
}

report::TerminalStyle Style() {
  return {.columns = uint32_t(Columns(STDOUT_FILENO)), .colour = WantsColour(STDOUT_FILENO)};
}

// Heads and ends of all snapshots: their graphs are not needed.
int ShowList(const HeapCommand& command) {
  const std::vector<SnapshotFile> files = ListSnapshots(command.wish.recording);
  std::vector<heap::Snapshot> snapshots;
  std::vector<report::HeapSource> sources;
  snapshots.reserve(files.size());
  for (const SnapshotFile& file : files) {
    if (command.wish.pid && file.pid != *command.wish.pid) continue;
    Result<capture::SnapshotReader> reader = capture::SnapshotReader::Open(file.path);
    if (!reader.ok()) {
      Complain(reader.message());
      continue;
    }
    snapshots.emplace_back();
    snapshots.back().header = reader->header();
    snapshots.back().end = reader->end();
    snapshots.back().problems = reader->problems();
    sources.emplace_back();
    sources.back().snapshot = &snapshots.back();
    sources.back().number = file.number;
  }
  if (sources.empty()) {
    if (files.empty()) ChosenSnapshot::Choose(command.wish);  // says why
    return kExitUsage;
  }
  if (command.json) return Print(report::SnapshotListJson(sources).dump(2) + "\n");
  return Print(report::RenderSnapshotList(sources, Style()));
}

// The earlier snapshot to compare with: the one that was asked for, else the first if it is another one.
std::optional<SnapshotFile> Earlier(const HeapCommand& command, const ChosenSnapshot& chosen) {
  if (!command.against) {
    const SnapshotFile& first = chosen.all().front();
    if (first.number < chosen.file().number) return first;
    return std::nullopt;
  }
  if (const SnapshotFile* file = chosen.Find(*command.against)) return *file;
  return std::nullopt;
}

// One from the middle between the two, where there is one, and none of them is so large that a third would take too much memory.
std::optional<SnapshotFile> Between(const HeapCommand& command, const ChosenSnapshot& chosen,
                                    const SnapshotFile& earlier) {
  constexpr uintmax_t kLarge = 200 << 20;
  if (command.against) return std::nullopt;
  std::vector<SnapshotFile> between;
  for (const SnapshotFile& file : chosen.all()) {
    if (file.number > earlier.number && file.number < chosen.file().number) between.push_back(file);
  }
  std::error_code error;
  if (between.empty() || std::filesystem::file_size(chosen.file().path, error) > kLarge || error) return std::nullopt;
  return between[between.size() / 2];
}

}  // namespace

int RunHeap(const std::vector<std::string>& arguments) {
  HeapCommand command;
  CLI::App app("What is in a heap snapshot.");
  Prepare(&app, "heap", kUsage, kExamples);
  AddOptions(&app, &command);
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  if (!Choose("--by", command.by, kSorts, &command.options.by)) return kExitUsage;
  if (!Choose("--group", command.group, kGroups, &command.options.group)) return kExitUsage;
  if (command.wish.snapshot == "list") return ShowList(command);
  const std::optional<ChosenSnapshot> chosen = ChosenSnapshot::Choose(command.wish);
  if (!chosen) return kExitUsage;
  const std::optional<SnapshotFile> earlier = Earlier(command, *chosen);
  if (command.against.value_or(0) != 0 && !earlier) {
    Complain(fmt::format("there is no snapshot {} to compare with: '--snapshot list' shows them", *command.against));
    return kExitUsage;
  }
  const std::optional<heap::Snapshot> snapshot = chosen->Load(chosen->file());
  if (!snapshot) return kExitUsage;
  std::optional<heap::Snapshot> before;
  if (earlier) {
    before = chosen->Load(*earlier);
    if (!before) return kExitUsage;
  }
  const std::optional<SnapshotFile> middle = earlier ? Between(command, *chosen, *earlier) : std::nullopt;
  const std::optional<heap::Snapshot> between = middle ? chosen->Load(*middle) : std::nullopt;
  const report::HeapSource source = chosen->Source(*snapshot, chosen->file());
  const report::HeapSource source_before = before ? chosen->Source(*before, *earlier) : report::HeapSource();
  const report::HeapSource source_between = between ? chosen->Source(*between, *middle) : report::HeapSource();
  const report::HeapView view = report::MakeHeapView(source, before ? &source_before : nullptr,
                                                     between ? &source_between : nullptr, command.options);
  if (command.json) return Print(report::HeapJson(view, source).dump(2) + "\n");
  return Print(report::RenderHeap(view, source, Style()));
}

}  // namespace limpet::cli
