// The formats of limpet export that tell what is in a heap snapshot.
#include "cli/export_command.h"
#include "cli/output.h"
#include "cli/snapshot_choice.h"
#include "fmt/format.h"
#include "interchange/heap_snapshot.h"
#include "interchange/hprof.h"
#include "report/why.h"

namespace limpet::cli {
namespace {

using interchange::Packing;
using interchange::Sink;

std::optional<ChosenSnapshot> Choose(const ExportCommand& command) {
  if (command.process == "all") {
    Complain(fmt::format("{} is of one process: '--process PID' names it", command.format));
    return std::nullopt;
  }
  return ChosenSnapshot::Choose({.recording = command.recording, .pid = command.pid, .snapshot = command.snapshot});
}

// What a snapshot lacks is left out: say so, in one line.
void TellGaps(const heap::Snapshot& snapshot) {
  if (!snapshot.problems.empty())
    Complain(fmt::format("not all of the snapshot is there, and what is there is exported: {}", snapshot.problems[0]));
}

}  // namespace

int ExportHeap(const ExportCommand& command) {
  const std::optional<ChosenSnapshot> chosen = Choose(command);
  if (!chosen) return kExitUsage;
  const std::optional<heap::Snapshot> snapshot = chosen->Load(chosen->file());
  if (!snapshot) return kExitUsage;
  TellGaps(*snapshot);
  return WriteExport(command, Packing::kNone, [&](Sink* sink) {
    if (command.format == "hprof") interchange::WriteHprof(snapshot->graph, snapshot->header.realtime_ns, sink);
    else interchange::WriteHeapSnapshot(snapshot->graph, sink);
  });
}

int ExportDot(const ExportCommand& command) {
  if (command.target.empty()) {
    Complain("dot draws who holds something: '--target TARGET' names it as for 'limpet why' (app.Session, app.py:40)");
    return kExitUsage;
  }
  const std::optional<ChosenSnapshot> chosen = Choose(command);
  if (!chosen) return kExitUsage;
  const std::optional<heap::Snapshot> snapshot = chosen->Load(chosen->file());
  if (!snapshot) return kExitUsage;
  const report::HeapSource source = chosen->Source(*snapshot, chosen->file());
  const report::Births births(source);
  const heap::Target target = report::FindWhyTarget(source, births, command.target);
  if (target.kind == heap::TargetKind::kNothing) {
    Complain(report::TargetProblem(target));
    return kExitUsage;
  }
  heap::Analysis analysis(snapshot->graph);
  const report::WhyView view = report::MakeWhyView(source, births, analysis, command.target, target, {});
  return WriteExport(command, Packing::kNone, [&](Sink* sink) { sink->Write(report::WhyDot(view, source)); });
}

}  // namespace limpet::cli
