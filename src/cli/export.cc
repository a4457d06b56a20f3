// limpet export: recordings and heap snapshots as files that other people's tools open.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>

#include "cli/command.h"
#include "cli/export_command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

constexpr char kUsage[] = "[options] NAME.limpet --to FORMAT";
constexpr char kExamples[] =
    "  limpet export app.limpet --to pprof -o app.pb.gz && go tool pprof -http : app.pb.gz\n"
    "  limpet export app.limpet --to speedscope -o app.json && speedscope app.json\n"
    "  limpet export app.limpet --to collapsed --what grown | flamegraph.pl > grown.svg\n"
    "  limpet export app.limpet --to csv --of types -o types.csv\n"
    "  limpet export app.limpet --to parquet -o app.parquet && duckdb -c \"FROM 'app.parquet'\"\n"
    "\n";
constexpr char kExitStatus[] =
    "\nExit status: 0; 2 wrong usage, or a recording that cannot be read, or a file that cannot be written.";

constexpr unsigned kWhat = 1, kUnit = 2, kOf = 4, kSnapshot = 8, kTarget = 16, kLines = 32, kBinary = 64;

struct Format {
  std::string_view name;
  std::string_view summary;
  unsigned options;  // that mean something to it
  int (*write)(const ExportCommand& command);
};

constexpr std::array kFormats = {
    Format{"pprof", "allocation stacks for go tool pprof, Pyroscope, Parca ...", kWhat | kUnit | kBinary,
           ExportProfile},
    Format{"speedscope", "allocation stacks for speedscope", kWhat | kUnit, ExportProfile},
    Format{"collapsed", "allocation stacks for flamegraph.pl, inferno ...", kWhat | kUnit, ExportProfile},
    Format{"csv", "a table of allocation stacks, or of types", kOf, ExportTable},
    Format{"json", "the same as JSON", kOf, ExportTable},
    Format{"parquet", "the same as a Parquet file, for DuckDB, pandas, Polars, Spark ...", kOf | kBinary, ExportTable},
    Format{"heapsnapshot", "a heap snapshot for Chrome's DevTools and memlab", kSnapshot, ExportHeap},
    Format{"hprof", "a heap snapshot for Eclipse MAT, Shark, VisualVM", kSnapshot | kBinary, ExportHeap},
    Format{"dot", "who holds an object, as a graph for graphviz", kSnapshot | kTarget, ExportDot},
    Format{"sarif", "findings for code hosts, as limpet check --sarif writes them", 0, ExportSarif},
    Format{"prometheus", "totals and the heaviest lines as metrics", kLines, ExportPrometheus},
};

struct OptionMeaning {
  const char* name;
  unsigned bit;
};
constexpr std::array kOptions = {OptionMeaning{"--what", kWhat},     OptionMeaning{"--unit", kUnit},
                                 OptionMeaning{"--of", kOf},         OptionMeaning{"--snapshot", kSnapshot},
                                 OptionMeaning{"--target", kTarget}, OptionMeaning{"--lines", kLines}};

std::string FormatList() {
  std::string text = "formats:\n";
  for (const Format& format : kFormats) text += fmt::format("  {:<13}{}\n", format.name, format.summary);
  return text;
}

void AddOptions(CLI::App* app, ExportCommand* command) {
  app->add_option("recording", command->recording, "made by 'limpet run'; its program may still be running")
      ->required()
      ->option_text("NAME.limpet");
  app->add_option("--to", command->format, "the format: see below")->required()->option_text("FORMAT");
  app->add_option("-o,--output", command->output, "the file to write (default: -, standard output)")
      ->option_text("FILE|-");
  app->add_option("--process", command->process,
                  "of the process with this id, or all (default: all; of what is in a heap, the program itself)")
      ->option_text("PID|all");
  app->add_option(
         "--what", command->what,
         "memory that is: live (at the end), grown (steadily), churned (freed again), peak (live at the peak), "
         "allocated (default: live)")
      ->option_text("WHAT");
  app->add_option("--unit", command->unit, "what is counted, or shown first: bytes, objects (default: bytes)")
      ->option_text("UNIT");
  app->add_option("--of", command->of, "rows for: sites (stacks), types (default: sites)")->option_text("ROWS");
  app->add_option("--snapshot", command->snapshot, "number of the heap snapshot (default: the last)")->option_text("N");
  app->add_option("--target", command->target, "for dot: as limpet why takes it")->option_text("TARGET");
  app->add_option("--lines", command->lines, "for prometheus: lines of source of each process (default: 50; 0: all)")
      ->option_text("N");
}

const Format* FindFormat(const std::string& name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
  if (found != kFormats.end()) return &*found;
  std::string known;
  for (const Format& format : kFormats) known += fmt::format("{}{}", known.empty() ? "" : ", ", format.name);
  Complain(fmt::format("--to knows no '{}': it is one of {}", name, known));
  return nullptr;
}

// Complains of what is wrong with the options, if anything is.
bool AreSound(const CLI::App& app, const Format& format, ExportCommand* command) {
  for (const OptionMeaning& option : kOptions) {
    if (app.count(option.name) == 0 || (format.options & option.bit)) continue;
    Complain(fmt::format("{} means nothing to {}", option.name, format.name));
    return false;
  }
  const auto measure = interchange::MeasureOf(command->what);
  if (!measure) {
    Complain(fmt::format("--what knows no '{}': it is one of live, grown, churned, peak, allocated", command->what));
    return false;
  }
  command->measure = *measure;
  if (command->unit != "bytes" && command->unit != "objects") {
    Complain(fmt::format("--unit knows no '{}': it is one of bytes, objects", command->unit));
    return false;
  }
  if (command->of != "sites" && command->of != "types") {
    Complain(fmt::format("--of knows no '{}': it is one of sites, types", command->of));
    return false;
  }
  if (!command->process.empty() && command->process != "all") {
    command->pid = ParsePid(command->process);
    if (!command->pid) {
      Complain(fmt::format("--process takes the id of a process, or all; '{}' is neither", command->process));
      return false;
    }
  }
  if ((format.options & kBinary) && command->output == "-" && isatty(STDOUT_FILENO)) {
    Complain(fmt::format("{} is nothing for a terminal: '-o FILE' names a file", format.name));
    return false;
  }
  return true;
}

}  // namespace

int RunExport(const std::vector<std::string>& arguments) {
  ExportCommand command;
  CLI::App app("Files for other people's tools.");
  Prepare(&app, "export", kUsage, std::string(kExamples) + FormatList() + kExitStatus);
  AddOptions(&app, &command);
  if (const std::optional<int> done = Parse(&app, arguments)) return *done;
  const Format* const format = FindFormat(command.format);
  if (!format || !AreSound(app, *format, &command)) return kExitUsage;
  return format->write(command);
}

}  // namespace limpet::cli
