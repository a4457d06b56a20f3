#include "report/terminal.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "report/canvas.h"
#include "report/memory_text.h"
#include "report/native_text.h"
#include "report/phrases.h"
#include "report/requests_face.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using diagnose::Finding;
using diagnose::Verdict;

constexpr size_t kScreenLines = 24;  // 25 with the line that the command adds
constexpr uint32_t kIndent = 2;
constexpr uint32_t kText = 17;  // column where the text behind a label starts
constexpr uint32_t kLeastColumns = 40;

// For what must be whole even where it is longer than the terminal is wide: a path that is cut cannot be opened.
TerminalStyle Unlimited(TerminalStyle style) {
  style.columns = 1 << 20;
  return style;
}

TerminalStyle Sane(TerminalStyle style) {
  style.columns = std::max(style.columns, kLeastColumns);
  return style;
}

std::string Labelled(std::string_view label, std::string_view text, const TerminalStyle& style, Ink ink = Ink::kFaint) {
  return Line(style).To(0).Add(std::string(kIndent, ' ')).Add(label, ink).To(kText).Add(text).Finish();
}

// Name and figures; whole figures are left out from the end where the line is too short for all.
std::string Header(const Report& report, const TerminalStyle& style) {
  constexpr size_t kLeastName = 16;
  std::string name = ProgramName(report);
  size_t room = style.columns - 2 - std::min(DisplayWidth(name), std::max<size_t>(kLeastName, style.columns / 3));
  std::string figures;
  for (const std::string& figure : RunFigures(report)) {
    std::string longer = figures + (figures.empty() ? "" : ", ") + figure;
    if (DisplayWidth(longer) > room) break;
    figures = std::move(longer);
  }
  name = ShortenEnd(name, style.columns - 2 - DisplayWidth(figures));
  return Line(style).Add(name, Ink::kStrong).Add("  ").Add(figures, Ink::kFaint).Finish();
}

std::string VerdictLines(const Report& report, const TerminalStyle& style) {
  const diagnose::Diagnosis& d = report.diagnosis;
  const std::string explanation = SafeText(d.explanation);
  if (d.verdict == Verdict::kLeak) return Line(style).Add(explanation, Ink::kFaint).Finish();
  const bool good = d.verdict == Verdict::kNoLeak;
  const std::string_view name = good ? "no leak" : "cannot tell";
  const size_t text_at = name.size() + 2;
  const std::vector<std::string> lines = Wrap(explanation, style.columns - text_at);
  std::string out;
  for (size_t i = 0; i < lines.size(); i++)
    out += Line(style).Add(i ? "" : name, good ? Ink::kGood : Ink::kWarn).To(text_at).Add(lines[i]).Finish();
  return out;
}

// What the heap snapshot adds: of which type, who holds it, what to do.
std::vector<std::string> HeldLines(const Finding& f, std::string_view directory, const TerminalStyle& style) {
  std::vector<std::string> out;
  const size_t room = style.columns - kText;
  if (!f.heap.cycle_text.empty()) {
    out.push_back(
        Labelled("cycle", ShortenMiddle(SafeText(WithShortPaths(f.heap.cycle_text, directory)), room), style));
  } else if (!f.heap.holder_text.empty()) {
    out.push_back(
        Labelled("held by", ShortenMiddle(SafeText(WithShortPaths(f.heap.holder_text, directory)), room), style));
  }
  if (!f.heap.fix.empty()) {
    const std::vector<std::string> lines = Wrap(SafeText(WithShortPaths(f.heap.fix, directory)), room);
    for (size_t i = 0; i < lines.size(); i++) out.push_back(Labelled(i ? "" : "to let go", lines[i], style));
  }
  return out;
}

std::vector<std::string> ShortFinding(const Report& report, const Finding& f, const TerminalStyle& style) {
  std::vector<std::string> out = {HeadlineOf(report, f, style)};
  size_t room = style.columns - kText;
  out.push_back(Labelled("allocated at", StackInLine(f.site, report.run.directory, room), style));
  if (!f.native.stack.empty()) out.push_back(Labelled("in native code", NativeInLine(f.native, room), style));
  for (std::string& line : HeldLines(f, report.run.directory, style)) out.push_back(std::move(line));
  if (!f.parts.empty()) out.push_back(Labelled("grows with", PartsInLine(f, report.run.directory, room), style));
  return out;
}

std::string Join(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

// What each worker has of it.
void AddShares(const Finding& f, const TerminalStyle& style, std::vector<std::string>& out) {
  if (f.shares.size() < 2) return;
  for (size_t i = 0; i < f.shares.size(); i++) {
    const diagnose::ProcessShare& share = f.shares[i];
    const std::string figures = fmt::format("{}: {} live, +{}/s", share.pid, base::FormatBytes(share.live.bytes),
                                            base::FormatBytes(static_cast<uint64_t>(share.bytes_per_second)));
    out.push_back(Labelled(i ? "" : "processes", figures, style));
  }
}

// One finding in full: stack, lines that grow along, evidence.
void AddFullFinding(const Report& report, const Finding& f, const TerminalStyle& style, bool verbose,
                    std::vector<std::string>& out) {
  size_t room = style.columns - kText;
  if (!verbose) {
    for (std::string& line : ShortFinding(report, f, style)) out.push_back(std::move(line));
    std::vector<std::string> why = Wrap(SafeText(f.evidence.empty() ? "" : f.evidence.front()), room);
    for (size_t i = 0; i < why.size(); i++) out.push_back(Labelled(i ? "" : "because", why[i], style));
    return;
  }
  out.push_back(HeadlineOf(report, f, style));
  std::vector<diagnose::Location> stack = f.below;
  stack.insert(stack.end(), f.site.begin(), f.site.end());
  std::vector<std::string> frames = StackInLines(stack, std::nullopt);
  for (size_t i = 0; i < frames.size(); i++)
    out.push_back(Labelled(i ? "" : "allocated at", frames[i], Unlimited(style)));
  if (!f.native.stack.empty()) {
    const std::vector<std::string> native = NativeInLines(f.native);
    for (size_t i = 0; i < native.size(); i++)
      out.push_back(Labelled(i ? "" : "in native code", native[i], Unlimited(style)));
  }
  for (std::string& line : HeldLines(f, report.run.directory, style)) out.push_back(std::move(line));
  if (f.stacks > 1)
    out.push_back(Labelled("", fmt::format("and {} other stacks through that line", f.stacks - 1), style));
  for (size_t i = 0; i < f.evidence.size(); i++) {
    std::vector<std::string> lines = Wrap(SafeText(f.evidence[i]), room - 2);
    for (size_t k = 0; k < lines.size(); k++)
      out.push_back(Labelled(i || k ? "" : "evidence", (k ? "  " : "- ") + lines[k], style));
  }
  AddShares(f, style, out);
  out.push_back(Labelled("fingerprint", f.fingerprint, style));
}

void AddDismissed(const Report& report, const TerminalStyle& style, std::vector<std::string>& out) {
  if (report.diagnosis.dismissed.empty()) return;
  out.push_back("\n");
  out.push_back(Line(style).Add("Held, but not leaking:", Ink::kStrong).Finish());
  for (const diagnose::Dismissed& one : report.diagnosis.dismissed) {
    std::string place = ShowPlace(one.finding.site.front(), report.run.directory);
    Line line(style);
    line.Add(std::string(kIndent, ' ')).Add(diagnose::ReasonName(one.reason), Ink::kFaint).To(kText - 5);
    line.Add(ShortenMiddle(place, line.left()));
    std::string text = one.finding.evidence.empty() ? "" : SafeText(one.finding.evidence.front());
    if (DisplayWidth(text) + 2 <= line.left()) {
      out.push_back(line.Add("  ").Add(text, Ink::kFaint).Finish());
      continue;
    }
    out.push_back(line.Finish());
    for (const std::string& part : Wrap(text, style.columns - kText))
      out.push_back(Line(style).To(kText).Add(part, Ink::kFaint).Finish());
  }
}

void AddKept(const Report& report, const TerminalStyle& style, std::vector<std::string>& out) {
  if (report.diagnosis.kept.empty()) return;
  out.push_back("\n");
  out.push_back(Line(style).Add("Kept on purpose:", Ink::kStrong).Finish());
  for (const diagnose::Kept& one : report.diagnosis.kept) {
    const std::string head = fmt::format("{:>7}  ", base::FormatBytes(one.finding.live.bytes));
    const std::string place = ShowPlace(one.finding.site.front(), report.run.directory);
    const std::string reason = one.reason.empty() ? "" : fmt::format("{} ", SafeText(one.reason));
    Line line(style);
    line.Add(std::string(kIndent, ' ')).Add(head).Add(ShortenMiddle(place, line.left()));
    out.push_back(line.Finish());
    for (const std::string& part : Wrap(fmt::format("{}({})", reason, SafeText(one.by)), style.columns - kText))
      out.push_back(Line(style).To(kText).Add(part, Ink::kFaint).Finish());
  }
}

void AddProcesses(const Report& report, const TerminalStyle& style, std::vector<std::string>& out) {
  if (report.processes.size() < 2) return;
  out.push_back("\n");
  out.push_back(Line(style).Add("Processes:", Ink::kStrong).Finish());
  for (const ProcessSummary& p : report.processes) {
    std::string command;
    for (const std::string& word : p.command) command += (command.empty() ? "" : " ") + SafeText(word);
    std::string figures =
        fmt::format("{:>8}  {:9}  {:>9}  live {:>7}  peak {:>7}  ", p.pid, p.state, base::FormatDuration(p.duration_ns),
                    base::FormatBytes(p.live.bytes), base::FormatBytes(p.peak_bytes));
    out.push_back(Line(style).Add(figures).Add(command, Ink::kFaint).Finish());
  }
}

// What else is to be known of the memory: at most two, each as long as it must be.
std::vector<std::string> Remarks(const Report& report, const TerminalStyle& style) {
  constexpr size_t kMost = 2;
  std::vector<std::string> out;
  const std::vector<std::string> remarks = MemoryRemarks(report);
  for (size_t i = 0; i < std::min(remarks.size(), kMost); i++) {
    const std::vector<std::string> lines = Wrap(remarks[i], style.columns - 6);
    for (size_t k = 0; k < lines.size(); k++)
      out.push_back(Line(style).Add(k ? "" : "note", Ink::kWarn).To(6).Add(lines[k]).Finish());
  }
  return out;
}

}  // namespace

std::string RenderFinding(const Report& report, const Finding& finding, const TerminalStyle& wanted) {
  return Join(ShortFinding(report, finding, Sane(wanted)));
}

std::string RenderScreen(const Report& report, const TerminalStyle& wanted) {
  TerminalStyle style = Sane(wanted);
  std::vector<std::string> head = {Header(report, style)}, tail;
  std::vector<std::string> warnings = Warnings(report);
  for (size_t i = 0; i < warnings.size() && i < 4; i++) {
    bool cut = i == 3 && warnings.size() > 4;
    std::string text = cut ? fmt::format("{} more notes: see limpet report", warnings.size() - 3) : warnings[i];
    head.push_back(Line(style).Add("note", Ink::kWarn).To(6).Add(text).Finish());
  }
  for (const std::string& line : Remarks(report, style)) head.push_back(line);
  const std::vector<Finding>& findings = report.diagnosis.findings;
  bool leak = report.diagnosis.verdict == Verdict::kLeak;
  if (!leak) head.push_back(VerdictLines(report, style));
  std::string dismissed = DismissedInLine(report, style.columns - kText);
  if (!dismissed.empty())
    tail.push_back(Line(style).Add("not leaking", Ink::kFaint).To(kText).Add(dismissed, Ink::kFaint).Finish());
  const std::string kept = KeptInLine(report, style.columns - kText);
  if (!kept.empty())
    tail.push_back(Line(style).Add("on purpose", Ink::kFaint).To(kText).Add(kept, Ink::kFaint).Finish());
  size_t room = kScreenLines - head.size() - tail.size() - 1;  // 1: "n more"
  std::vector<std::string> middle;
  size_t shown = 0;
  for (const Finding& f : findings) {
    if (leak && f.confidence < diagnose::kSure) break;  // sure ones come first; doubtful ones are in `limpet report`
    std::vector<std::string> lines = ShortFinding(report, f, style);
    if (middle.size() + lines.size() > room) break;
    middle.insert(middle.end(), lines.begin(), lines.end());
    shown++;
  }
  if (shown < findings.size())
    middle.push_back(Line(style)
                         .Add(fmt::format("      {} more: see limpet report", findings.size() - shown), Ink::kFaint)
                         .Finish());
  return Join(head) + Join(middle) + Join(tail);
}

std::string RenderFull(const Report& report, const TerminalStyle& wanted, const FullOptions& options) {
  TerminalStyle style = Sane(wanted);
  std::vector<std::string> out = {Header(report, style)};
  for (const std::string& warning : Warnings(report))
    for (const std::string& line : Wrap(warning, style.columns - 6))
      out.push_back(Line(style).Add("note", Ink::kWarn).To(6).Add(line).Finish());
  for (const std::string& line : Remarks(report, style)) out.push_back(line);
  out.push_back(VerdictLines(report, style));
  size_t shown = 0;
  for (const Finding& f : report.diagnosis.findings) {
    if (shown == options.limit) break;
    out.push_back("\n");
    AddFullFinding(report, f, style, options.verbose, out);
    shown++;
  }
  if (shown < report.diagnosis.findings.size())
    out.push_back(
        Line(style).Add(fmt::format("{} more: raise --limit", report.diagnosis.findings.size() - shown)).Finish());
  AddKept(report, style, out);
  AddDismissed(report, style, out);
  for (std::string& line : RequestLines(report, style)) out.push_back(std::move(line));
  AddProcesses(report, style, out);
  if (options.verbose)
    for (std::string& line : MemoryLines(report, style)) out.push_back(std::move(line));
  if (!report.problems.empty()) out.push_back("\n");
  for (const std::string& problem : report.problems)
    out.push_back(Line(style).Add("damage", Ink::kWarn).To(8).Add(SafeText(problem)).Finish());
  return Join(out);
}

}  // namespace limpet::report
