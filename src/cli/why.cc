// limpet why: who holds an object, all objects of a type, or what a line allocated, and which reference to cut.
#include "report/why.h"

#include <unistd.h>

#include <algorithm>
#include <memory>

#include "capture/reader.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/snapshot_choice.h"
#include "diagnose/diagnose.h"
#include "diagnose/line_verdict.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] NAME.limpet TARGET";
constexpr char kExamples[] =
    "  limpet why app.limpet app.Session            all objects of a type ('Session' if there is only one so called)\n"
    "  limpet why app.limpet app.py:40              all that this line allocated; whether it leaks, or why not\n"
    "  limpet why app.limpet app.SESSIONS           what Python code finds there\n"
    "  limpet why app.limpet \"app.SESSIONS['u1']\"\n"
    "  limpet why app.limpet 0x7f3c12345670 --all-paths\n"
    "  limpet why app.limpet app.Session --dot | dot -Tsvg > why.svg\n"
    "\nExit status: 0 found; 1 there is no such object; 2 wrong usage, or no snapshot that could be read.";
constexpr int kExitNothing = 1;

struct WhyCommand {
  SnapshotWish wish;
  std::string target;
  bool json = false;
  bool dot = false;
  report::WhyOptions options;
};

void AddOptions(CLI::App* app, WhyCommand* command) {
  app->add_option("recording", command->wish.recording,
                  "with snapshots by 'limpet run' or 'limpet snapshot'; or one snapshot file")
      ->required()
      ->option_text("NAME.limpet");
  app->add_option("target", command->target, "a type, an address, a line (app.py:40), or a path (app.SESSIONS)")
      ->required()
      ->option_text("TARGET");
  app->add_option("--process", command->wish.pid, "of the process with this id (default: the program itself)")
      ->option_text("PID");
  app->add_option("--snapshot", command->wish.snapshot,
                  "number of the snapshot (default: the last; where that has none of these, one before it)")
      ->option_text("N");
  app->add_option("--limit", command->options.limit, "ways that are told (default: 5; 0: all)")->option_text("N");
  app->add_flag("--all-paths", command->options.all_paths,
                "all ways; of one object also a path for each reference to it");
  app->add_flag("--json", command->json, "as JSON");
  app->add_flag("--dot", command->dot, "as a graph for graphviz");
}

// What the report makes of a line. Nothing for anything else, and for what is no recording of `limpet run`.
std::optional<std::string> JudgementOf(const WhyCommand& command, const SnapshotFile& snapshot) {
  const std::optional<diagnose::LineName> line = diagnose::ParseLine(command.target);
  if (!line) return std::nullopt;
  const Result<capture::Recording> recording = capture::ReadRecording(command.wish.recording);
  if (!recording.ok()) return std::nullopt;
  constexpr uint32_t kAll = 100'000;
  const diagnose::Diagnosis diagnosis =
      diagnose::Diagnose(*recording, {.pid = snapshot.pid, .max_findings = kAll, .max_dismissed = kAll});
  std::optional<diagnose::LineVerdict> verdict = diagnose::VerdictOfLine(diagnosis, *line);
  return verdict ? std::optional(std::move(verdict->sentence)) : std::nullopt;
}

// A snapshot, and what the target stands for in it. The parts point to each other: it stays where it is.
struct Look {
  explicit Look(heap::Snapshot loaded) : snapshot(std::move(loaded)) {}
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

  heap::Snapshot snapshot;
  report::HeapSource source;
  std::optional<report::Births> births;
  heap::Target target;
};

// Null if it cannot be read, which has been told then.
std::unique_ptr<Look> LookInto(const ChosenSnapshot& chosen, const SnapshotFile& file, const std::string& target) {
  std::optional<heap::Snapshot> snapshot = chosen.Load(file);
  if (!snapshot) return nullptr;
  auto look = std::make_unique<Look>(*std::move(snapshot));
  look->source = chosen.Source(look->snapshot, file);
  look->births.emplace(look->source);
  look->target = report::FindWhyTarget(look->source, *look->births, target);
  return look;
}

// What a function held may be gone when the program ends, and so in the last snapshot: the latest one before that has it, if any of the
// latest few does.
std::unique_ptr<Look> LookEarlier(const ChosenSnapshot& chosen, const std::string& target) {
  constexpr size_t kMost = 6;
  const std::vector<SnapshotFile>& all = chosen.all();
  for (size_t back = 2; back <= std::min(all.size(), kMost + 1); ++back) {
    std::unique_ptr<Look> look = LookInto(chosen, all[all.size() - back], target);
    if (look && look->target.kind != heap::TargetKind::kNothing) return look;
  }
  return nullptr;
}

int TellNothing(const WhyCommand& command, const heap::Target& target, const std::optional<std::string>& judgement) {
  if (judgement && !command.json && !command.dot)
    return Print(fmt::format("{}: {}\nwho holds it cannot be told: {}\n", Printable(command.target),
                             Printable(*judgement), Printable(target.problem)));
  Complain(Printable(report::TargetProblem(target)));
  return kExitNothing;
}

}  // namespace

int RunWhy(const std::vector<std::string>& arguments) {
  WhyCommand command;
  CLI::App app("Who holds an object, and what to cut to let it go.");
  Prepare(&app, "why", kUsage, kExamples);
  AddOptions(&app, &command);
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  if (command.json && command.dot) {
    Complain("--json and --dot do not go together");
    return kExitUsage;
  }
  if (command.options.all_paths) command.options.limit = 0;
  const std::optional<ChosenSnapshot> chosen = ChosenSnapshot::Choose(command.wish);
  if (!chosen) return kExitUsage;
  std::unique_ptr<Look> look = LookInto(*chosen, chosen->file(), command.target);
  if (!look) return kExitUsage;
  const std::optional<std::string> judgement = JudgementOf(command, chosen->file());
  if (look->target.kind == heap::TargetKind::kNothing) {
    const heap::Target none = look->target;
    look.reset();
    std::unique_ptr<Look> earlier = command.wish.snapshot == "last" ? LookEarlier(*chosen, command.target) : nullptr;
    if (!earlier) return TellNothing(command, none, judgement);
    Complain(fmt::format("the last snapshot has none of these any more; this is what snapshot {} has",
                         earlier->source.number));
    look = std::move(earlier);
  }
  const report::HeapSource& source = look->source;
  heap::Analysis analysis(look->snapshot.graph);
  report::WhyView view =
      report::MakeWhyView(source, *look->births, analysis, command.target, look->target, command.options);
  view.judgement = judgement;
  if (command.json) return Print(report::WhyJson(view, source).dump(2) + "\n");
  if (command.dot) return Print(report::WhyDot(view, source));
  const report::TerminalStyle style = {.columns = uint32_t(Columns(STDOUT_FILENO)),
                                       .colour = WantsColour(STDOUT_FILENO)};
  return Print(report::RenderWhy(view, source, style));
}

}  // namespace limpet::cli
