#include "report/memory_text.h"

#include <fmt/format.h>

#include "base/text.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using base::FormatBytes;
using diagnose::Ledger;
using diagnose::LedgerPart;
using diagnose::PinningSite;

constexpr uint64_t kWorthALine = 100'000;  // bytes; the smaller parts are one line
constexpr uint32_t kFigure = 10;           // columns
constexpr size_t kShownPins = 4;

std::string Amount(const std::string& figure, std::string_view text, const TerminalStyle& style,
                   Ink ink = Ink::kPlain) {
  return Line(style).Add(fmt::format("{:>{}}  ", figure, kFigure)).Add(text, ink).Finish();
}

void AddPins(const Report& report, const std::vector<PinningSite>& pins, const TerminalStyle& style,
             std::vector<std::string>& out) {
  for (size_t i = 0; i < std::min(pins.size(), kShownPins); i++) {
    const PinningSite& pin = pins[i];
    if (pin.pinned < kWorthALine) break;
    const std::string place =
        pin.site.empty() ? "C code without a Python frame" : ShowPlace(pin.site.front(), report.run.directory);
    out.push_back(Line(style)
                      .Add(std::string(kFigure + 4, ' '))
                      .Add(fmt::format("{} pinned by {} ({})  {}", FormatBytes(pin.pinned),
                                       base::Plural(pin.blocks, "block"), FormatBytes(pin.bytes), place),
                           Ink::kFaint)
                      .Finish());
  }
}

std::string LabelOf(const LedgerPart& part, const Ledger& ledger) {
  std::string label(part.label);
  if (part.key == "arena_free")
    label += fmt::format(": {} of {} less than half full", base::FormatCount(ledger.sparse_arenas),
                         base::Plural(ledger.arenas, "arena"));
  if (part.key == "malloc_free_pages") label += fmt::format(" ({})", base::Plural(ledger.malloc_heaps, "heap"));
  return label;
}

void AddOutside(const Ledger& ledger, const TerminalStyle& style, std::vector<std::string>& out) {
  out.push_back(
      Amount(FormatBytes(ledger.file), "beside that: pages of files, which the kernel can drop", style, Ink::kFaint));
  if (ledger.shared) out.push_back(Amount(FormatBytes(ledger.shared), "shared memory", style, Ink::kFaint));
  if (ledger.swap) out.push_back(Amount(FormatBytes(ledger.swap), "in swap", style, Ink::kFaint));
  if (ledger.cgroup_bytes && ledger.cgroup_file)
    out.push_back(
        Amount(FormatBytes(*ledger.cgroup_bytes),
               fmt::format("is what its cgroup counts, {} of it page cache", FormatBytes(*ledger.cgroup_file)), style,
               Ink::kFaint));
}

void AddWrapped(const std::string& text, Ink ink, const TerminalStyle& style, std::vector<std::string>& out) {
  for (const std::string& line : Wrap(SafeText(text), style.columns - 4))
    out.push_back(Line(style).Add("    ").Add(line, ink).Finish());
}

void AddNote(const diagnose::MemoryNote& note, const TerminalStyle& style, std::vector<std::string>& out) {
  out.push_back(Line(style).Add("  ").Add(note.reason, Ink::kWarn).Finish());
  for (const std::string& sentence : note.finding.evidence) AddWrapped(sentence, Ink::kPlain, style, out);
  AddWrapped(note.finding.heap.fix, Ink::kFaint, style, out);
}

void AddLedger(const Report& report, const ProcessSummary& process, const TerminalStyle& style,
               std::vector<std::string>& out) {
  const Ledger& ledger = *process.memory.ledger;
  const std::string of = report.processes.size() > 1 ? fmt::format(" of process {}", process.pid) : "";
  out.push_back("\n");
  out.push_back(Line(style)
                    .Add(fmt::format("Memory{} of its own after {}: {}", of, base::FormatDuration(ledger.time_ns),
                                     FormatBytes(ledger.own)),
                         Ink::kStrong)
                    .Finish());
  uint64_t small = 0;
  for (const LedgerPart& part : ledger.parts) {
    if (part.bytes < kWorthALine) {
      small += part.bytes;
      continue;
    }
    out.push_back(Amount(FormatBytes(part.bytes), LabelOf(part, ledger), style));
    if (part.key == "arena_free") AddPins(report, ledger.arena_pins, style, out);
    if (part.key == "malloc_free_parts") AddPins(report, ledger.malloc_pins, style, out);
  }
  if (small) out.push_back(Amount(FormatBytes(small), "in smaller parts", style));
  if (ledger.rest < 0) {
    out.push_back(Amount(FormatBytes(uint64_t(-ledger.rest)),
                         "of these the kernel does not count: pages of zeros that were only read", style));
  } else {
    out.push_back(Amount(FormatBytes(uint64_t(ledger.rest)), "not explained", style));
  }
  AddOutside(ledger, style, out);
  for (const diagnose::MemoryNote& note : process.memory.notes) AddNote(note, style, out);
}

void AddHeld(const ProcessSummary& process, const TerminalStyle& style, std::vector<std::string>& out) {
  std::string text;
  for (const diagnose::Held& held : process.held)
    if (held.count && held.key != "descriptors")
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", held.noun, base::FormatCount(held.count));
  if (!text.empty()) out.push_back(Line(style).Add("  held: ", Ink::kFaint).Add(text, Ink::kFaint).Finish());
  for (const diagnose::Growth& growth : process.growths)
    out.push_back(Line(style).Add("  ").Add(InWords(growth), growth.explained ? Ink::kPlain : Ink::kWarn).Finish());
}

}  // namespace

std::vector<std::string> MemoryLines(const Report& report, const TerminalStyle& style) {
  std::vector<std::string> out;
  for (const ProcessSummary& process : report.processes) {
    if (!process.memory.ledger) continue;
    AddLedger(report, process, style, out);
    AddHeld(process, style, out);
  }
  return out;
}

std::vector<std::string> MemoryRemarks(const Report& report) {
  std::vector<std::string> out;
  for (const ProcessSummary& process : report.processes) {
    const std::string of = report.processes.size() > 1 ? fmt::format("process {}: ", process.pid) : "";
    if (!process.memory.unexplained_rise.empty()) out.push_back(SafeText(of + process.memory.unexplained_rise));
    for (const diagnose::Growth& growth : process.growths)
      if (!growth.explained)
        out.push_back(of + InWords(growth) + "; no finding grows with them: are they closed, joined, waited for?");
  }
  return out;
}

}  // namespace limpet::report
