// The screen of `limpet heap`.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/canvas.h"
#include "report/heap_screen.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using base::FormatBytes;
using base::FormatCount;
using base::FormatSignedBytes;
using base::Plural;

// "dict, 1 412 entries"
std::string TypeWithEntries(const std::string& type, uint64_t entries) {
  return SafeText(type) +
         (entries ? fmt::format(", {} {}", FormatCount(entries), entries == 1 ? "entry" : "entries") : "");
}

class Screen {
 public:
  Screen(const HeapView& view, const HeapSource& source, const TerminalStyle& style)
      : view_(view), source_(source), style_(style) {
    style_.columns = std::max<uint32_t>(style_.columns, 60);
  }

  std::string Render() {
    out_ = RenderSnapshotTitle(source_, style_);
    Totals();
    out_ += RenderSnapshotWarnings(source_, style_);
    if (view_.group == HeapGroup::kModule) Modules(view_.rows, view_.more_rows);
    else Table();
    Biggest();
    if (view_.group != HeapGroup::kModule) Modules(view_.modules, view_.more_modules);
    Cycles();
    Growth();
    Surplus();
    return std::move(out_);
  }

 private:
  void Heading(std::string_view text) { out_ += "\n" + Line(style_).Add(text, Ink::kStrong).Finish(); }

  void Totals() {
    const HeapTotals& totals = view_.totals;
    std::string text = fmt::format("{}, {}", Plural(totals.objects, "object"), FormatBytes(totals.bytes));
    if (totals.garbage_objects)
      text += fmt::format("; garbage that waits for the collector: {}, {}", Plural(totals.garbage_objects, "object"),
                          FormatBytes(totals.garbage_bytes));
    out_ += Line(style_).Add(text).Finish();
    if (totals.native_blocks)
      out_ += Line(style_)
                  .Add(fmt::format("memory of C code that hangs on them: {}, {}", FormatBytes(totals.native_bytes),
                                   Plural(totals.native_blocks, "block")))
                  .Finish();
    if (totals.entry_objects)
      out_ += Line(style_)
                  .Add(fmt::format("held by C code alone: {}, {}", Plural(totals.entry_objects, "object"),
                                   FormatBytes(totals.entry_bytes)))
                  .Finish();
  }

  std::string Place(const diagnose::Location& where) const { return ShowPlace(where, source_.directory); }

  void Table() {
    constexpr std::array<std::string_view, 3> kSorts = {"what they retain", "their own size", "number"};
    const bool types = view_.group == HeapGroup::kType;
    Heading(fmt::format("by {}, most in {} first", types ? "type" : "line that allocated", kSorts[size_t(view_.by)]));
    if (!types && !view_.sites_known) {
      out_ += Line(style_)
                  .Add("not known: the snapshot was taken of a program that limpet did not run", Ink::kFaint)
                  .Finish();
      return;
    }
    std::vector<std::array<std::string, 3>> cells = {{"objects", "own", "retained"}};
    size_t name_width = 4;
    for (const HeapRow& row : view_.rows) {
      cells.push_back({FormatCount(row.objects), FormatBytes(row.own_bytes), FormatBytes(row.retained_bytes)});
      name_width = std::max(name_width, DisplayWidth(SafeText(row.name)));
    }
    name_width = std::min<size_t>(name_width, style_.columns / 3);
    std::array<size_t, 3> widths{};
    for (const auto& row : cells) {
      for (size_t c = 0; c < widths.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      Line line(style_);
      const Ink ink = i == 0 ? Ink::kFaint : Ink::kPlain;
      for (size_t c = 0; c < widths.size(); ++c) line.Add(PadLeft(cells[i][c], widths[c]), ink).Add("  ");
      if (i == 0) {
        if (types && view_.sites_known) line.Add(PadRight("type", name_width), ink).Add("  born at", ink);
        else line.Add(types ? "type" : "line", ink);
      } else {
        AddName(view_.rows[i - 1], name_width, &line);
      }
      out_ += line.Finish();
    }
    if (view_.more_rows) More(view_.more_rows, types ? "type" : "line");
  }

  void AddName(const HeapRow& row, size_t width, Line* line) const {
    if (row.where) {
      line->Add(ShortenMiddle(Place(*row.where), line->left()));
      return;
    }
    const std::string name = ShortenMiddle(SafeText(row.name), width);
    line->Add(row.born ? PadRight(name, width) : name, row.born ? Ink::kStrong : Ink::kPlain);
    if (!row.born) return;
    const std::string share =
        row.born_there * 10 < row.objects * 9 ? fmt::format(" ({} of them)", FormatCount(row.born_there)) : "";
    line->Add("  ").Add(ShortenMiddle(Place(*row.born) + share, line->left()), Ink::kFaint);
  }

  void More(uint64_t count, std::string_view what) {
    out_ += Line(style_).Add(fmt::format("and {} more", Plural(count, what)), Ink::kFaint).Finish();
  }

  // A figure in front, right-aligned, then the text.
  void Row(std::string_view figure, const std::string& text, std::string_view after = "") {
    Line line(style_);
    line.Add(PadLeft(figure, kFigure)).Add("  ");
    const size_t room = line.left() > after.size() + 2 ? line.left() - DisplayWidth(after) - 2 : line.left();
    line.Add(ShortenMiddle(text, room));
    if (!after.empty()) line.Add("  ").Add(after, Ink::kFaint);
    out_ += line.Finish();
  }
  static constexpr size_t kFigure = 9;

  void Biggest() {
    if (view_.biggest.empty()) return;
    Heading("objects that keep most alive");
    for (const BigObject& big : view_.biggest) {
      Row(FormatBytes(big.retained_bytes), SafeText(WithoutType(big.path)), TypeWithEntries(big.type, big.entries));
      if (!big.accumulation) continue;
      Line line(style_);
      line.To(0).Add(std::string(kFigure + 2, ' ')).Add("piles up at ", Ink::kFaint);
      line.Add(
          ShortenMiddle(SafeText(WithoutType(*big.accumulation)), line.left() > 30 ? line.left() - 28 : line.left()));
      out_ +=
          line.Add("  ").Add(TypeWithEntries(big.accumulation_type, big.accumulation_entries), Ink::kFaint).Finish();
    }
  }

  // The type stands behind the path by itself.
  static std::string WithoutType(const ToldPath& path) {
    const size_t arrow = path.line.rfind(" -> ");
    const bool attribute = path.parts.back().join != heap::PathPart::Join::kIndex;
    return arrow == std::string::npos || !attribute ? path.line : path.line.substr(0, arrow);
  }

  void Modules(const std::vector<HeapRow>& rows, uint64_t more) {
    if (rows.empty()) return;
    Heading("modules, and what their names alone keep alive");
    for (const HeapRow& row : rows)
      Row(FormatBytes(row.retained_bytes), SafeText(row.name), Plural(row.objects, "object"));
    if (more) More(more, "module");
  }

  void Cycles() {
    if (view_.cycles.empty()) return;
    const bool off = (source_.snapshot->header.gc_flags & 3) == 2;
    Heading(off ? "cycles that nobody holds: the collector is switched off" : "cycles that wait for the collector");
    for (const CycleRow& row : view_.cycles)
      Row(FormatBytes(row.bytes), SafeText(row.line),
          fmt::format("{}, {}", Plural(row.cycles, "cycle"), Plural(row.objects, "object")));
    if (view_.more_cycles) More(view_.more_cycles, "kind");
  }

  void Growth() {
    if (!view_.against) return;
    const uint64_t now = source_.snapshot->header.time_ns;
    const uint64_t apart = now > view_.against_ns ? now - view_.against_ns : 0;
    const int64_t objects = view_.more_objects;
    Heading(fmt::format("since snapshot {}, {} before: {}, {}{} objects", view_.against, base::FormatDuration(apart),
                        FormatSignedBytes(view_.more_bytes), objects < 0 ? "-" : "+",
                        FormatCount(uint64_t(objects < 0 ? -objects : objects))));
    for (const GrowthRow& row : view_.growth) {
      const std::string after =
          row.entries ? TypeWithEntries(row.type, row.entries)
                      : fmt::format("{} -> {}", FormatCount(row.objects_before), FormatCount(row.objects_after));
      Row(FormatSignedBytes(row.more_bytes), SafeText(row.entries ? WithoutType(row.path) : row.path.line), after);
    }
    if (view_.growth.empty()) out_ += Line(style_).Add("nothing piled up", Ink::kFaint).Finish();
  }

  void Surplus() {
    if (view_.surplus.empty()) return;
    Heading("more and more references that nobody explains: C code takes and does not give back");
    for (const heap::TypeSurplusGrowth& row : view_.surplus)
      Row(fmt::format("+{}", FormatCount(uint64_t(row.references()))), SafeText(row.after.type),
          fmt::format("{} to {}", Plural(row.after.references, "reference"), Plural(row.after.objects, "object")));
  }

  const HeapView& view_;
  const HeapSource& source_;
  TerminalStyle style_;
  std::string out_;
};

}  // namespace

std::string RenderHeap(const HeapView& view, const HeapSource& source, const TerminalStyle& style) {
  return Screen(view, source, style).Render();
}

}  // namespace limpet::report
