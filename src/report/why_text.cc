// The screen of `limpet why`.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/canvas.h"
#include "report/heap_screen.h"
#include "report/safe_text.h"
#include "report/why.h"

namespace limpet::report {
namespace {

using base::FormatBytes;
using base::FormatCount;
using base::Plural;
using heap::Graph;
using heap::Holding;
using heap::PathPart;
using heap::Way;

class Screen {
 public:
  Screen(const WhyView& view, const HeapSource& source, const TerminalStyle& style)
      : view_(view), source_(source), graph_(source.snapshot->graph), style_(style) {
    style_.columns = std::max<uint32_t>(style_.columns, 60);
  }

  std::string Render() {
    out_ = RenderSnapshotTitle(source_, style_) + RenderSnapshotWarnings(source_, style_);
    const heap::Holders& holders = view_.holders;
    out_ += "\n";
    Line title(style_);
    title.Add(SafeText(view_.what), Ink::kStrong);
    title.Add(fmt::format(": {}", FormatBytes(holders.bytes)));
    if (holders.retained_bytes > holders.bytes)
      title.Add(fmt::format(", {} with what {} alone keep{} alive", FormatBytes(holders.retained_bytes),
                            One() ? "it" : "they", One() ? "s" : ""));
    out_ += title.Finish();
    Born();
    if (view_.judgement)
      for (const std::string& line : Wrap(SafeText(*view_.judgement), style_.columns)) Faint(line);
    for (const Holding& holding : holders.holdings) Show(holding);
    if (holders.more_holdings)
      Faint(fmt::format("and {} more ways, of {} (--limit 0 shows all)", FormatCount(holders.more_holdings),
                        Plural(holders.more_objects, "object")));
    Garbage();
    Weak();
    AllPaths();
    return std::move(out_);
  }

 private:
  bool One() const { return view_.holders.objects == 1; }
  void Plain(const std::string& text) { out_ += Line(style_).Add(text).Finish(); }
  void Faint(const std::string& text) { out_ += Line(style_).Add(text, Ink::kFaint).Finish(); }

  void Born() {
    constexpr size_t kShown = 3;
    for (size_t i = 0; i < std::min(view_.born.size(), kShown); ++i) {
      const BirthPlace& place = view_.born[i];
      std::string text = "born at " + ShowPlace(place.where, source_.directory);
      if (place.objects < view_.holders.objects) text += fmt::format(" ({} of them)", FormatCount(place.objects));
      if (place.oldest_ns)
        text += fmt::format(", {} {} before", One() ? "at most" : "the oldest at most",
                            base::FormatDuration(place.oldest_ns));
      Faint(text);
    }
    if (view_.born.size() > kShown) Faint(fmt::format("and at {} more", Plural(view_.born.size() - kShown, "place")));
  }

  void Show(const Holding& holding) {
    out_ += "\n";
    if (holding.objects < view_.holders.objects || view_.holders.holdings.size() > 1)
      Plain(fmt::format("{} of them, {}, held by", FormatCount(holding.objects), FormatBytes(holding.retained_bytes)));
    else Plain("held by");
    for (size_t i = 0; i < holding.ways.size(); ++i) {
      if (i > 0) Plain("and by");
      Tree(holding, holding.ways[i], i);
    }
    Advice(holding);
  }

  // One step in each line, each further in than the one before.
  void Tree(const Holding& holding, const Way& way, size_t number) {
    const bool last_of_group = !way.parts.empty();
    size_t width = 0;
    for (size_t i = 0; i < way.parts.size(); ++i)
      width = std::max(width, 2 * Depth(i) + DisplayWidth(EdgeText(way.parts[i])));
    width = std::min<size_t>(width, style_.columns * 3 / 5);
    for (size_t i = 0; i < way.parts.size(); ++i) {
      const PathPart& part = way.parts[i];
      Line line(style_);
      line.Add(std::string(2 + 2 * Depth(i), ' '));
      line.Add(ShortenMiddle(EdgeText(part), width > 2 * Depth(i) ? width - 2 * Depth(i) : 8),
               i == 0 ? Ink::kStrong : Ink::kPlain);
      const bool last = last_of_group && i + 1 == way.parts.size();
      const std::string type = TypeText(holding, way, i, last);
      if (!type.empty()) line.To(uint32_t(width) + 4).Add(type, Ink::kFaint);
      if (way.cut_part == i && !way.cut.empty()) line.Add(number == 0 ? "  <- cut here" : "  <- and here", Ink::kWarn);
      out_ += line.Finish();
    }
  }
  // A long way does not leave the screen.
  static size_t Depth(size_t part) { return std::min<size_t>(part, 12); }

  std::string EdgeText(const PathPart& part) const {
    std::string text = SafeText(WithShortPaths(part.edge, source_.directory));
    if (!text.empty() && text[0] == ' ') text.erase(0, 1);
    return part.times > 1 ? fmt::format("{} ({} times)", text, FormatCount(part.times)) : text;
  }

  // "dict, 1 412 entries"; of the last step the objects that were asked about.
  std::string TypeText(const Holding& holding, const Way& way, size_t i, bool last) const {
    const PathPart& part = way.parts[i];
    std::string name = SafeText(heap::NodeName(graph_, part.node));
    if (last && holding.objects > 1) return fmt::format("{} {}", FormatCount(holding.objects), name);
    if (i == 0 && SafeText(part.edge) == name) return "";
    const uint64_t entries = EntriesOf(graph_, part.node);
    // What stands for many says nothing about the number in each.
    const bool for_many = way.common < part.end;
    if (entries == 0 || for_many) return name;
    return fmt::format("{}, {} {}", name, FormatCount(entries), entries == 1 ? "entry" : "entries");
  }

  void Advice(const Holding& holding) {
    if (holding.starts) {
      Plain(fmt::format("  C code holds {}: reference count {}, {} of them known",
                        holding.starts > 1 ? fmt::format("each of the {}, for example", FormatCount(holding.starts))
                                           : std::string("it"),
                        FormatCount(holding.refcount),
                        FormatCount(holding.refcount - std::min(holding.refcount, holding.surplus))));
    }
    const Way& first = holding.ways.front();
    if (first.cut.empty()) return;
    std::string cut = "cutting it";
    if (holding.ways.size() > 1) {
      Plain(fmt::format("  {} ways lead there: none of the cuts is enough by itself", holding.ways.size()));
      cut = "cutting all of them";
    } else if (Entries(first) > 1) {
      cut = fmt::format("cutting all {} of these", FormatCount(Entries(first)));
    }
    if (holding.freed_group == 0) {
      Plain(fmt::format("  {} frees nothing: something else holds {} as well", cut, One() ? "it" : "them"));
      return;
    }
    const std::string share =
        holding.freed_group < holding.objects ? fmt::format("only {} of them, ", FormatCount(holding.freed_group)) : "";
    out_ += Line(style_)
                .Add(fmt::format("  {} frees {}", cut, share))
                .Add(FormatBytes(holding.freed_bytes), Ink::kGood)
                .Add(fmt::format(" ({})", Plural(holding.freed_objects, "object")))
                .Finish();
  }

  // Entries of a dict are cut with their keys.
  uint64_t Entries(const Way& way) const {
    const bool pairs = graph_.Label(graph_.Source(way.cut.back()), way.cut.back()).key != heap::kNoNode;
    return pairs ? way.cut.size() / 2 : way.cut.size();
  }

  void Garbage() {
    const heap::Holders& holders = view_.holders;
    if (!holders.garbage_objects) return;
    out_ += "\n";
    const bool off = (source_.snapshot->header.gc_flags & 3) == 2;
    const std::string who = One() ? "it"
                            : holders.garbage_objects == holders.objects
                                ? "them"
                                : fmt::format("{} of them", FormatCount(holders.garbage_objects));
    Plain(fmt::format("nobody holds {}: {} for the cyclic collector{}", who, One() ? "it waits" : "they wait",
                      off ? ", which is switched off" : ""));
    if (!holders.cycle) return;
    const ToldPath cycle = TellCycle(graph_, holders.cycle->cycle);
    out_ += Line(style_)
                .Add("  cycle  ", Ink::kFaint)
                .Add(ShortenMiddle(SafeText(cycle.line), style_.columns - 10))
                .Finish();
    Plain(fmt::format("  {} like this, {}", Plural(holders.cycle->components, "cycle"),
                      FormatBytes(holders.cycle->all_bytes())));
  }

  void Weak() {
    if (view_.holders.weak.empty()) return;
    out_ += "\n";
    std::string text;
    for (const heap::WeakHolder& holder : view_.holders.weak)
      text += (text.empty() ? "" : ", ") + fmt::format("{} {}", FormatCount(holder.references), SafeText(holder.type));
    Faint(fmt::format("weak references, which do not hold {}: {}", One() ? "it" : "them", text));
  }

  void AllPaths() {
    if (view_.all_paths.empty()) return;
    out_ += "\n";
    Plain("a path for each reference to it");
    for (const ToldPath& path : view_.all_paths)
      out_ += Line(style_).Add("  ").Add(ShortenMiddle(SafeText(path.line), style_.columns - 2)).Finish();
  }

  const WhyView& view_;
  const HeapSource& source_;
  const Graph& graph_;
  TerminalStyle style_;
  std::string out_;
};

}  // namespace

std::string RenderWhy(const WhyView& view, const HeapSource& source, const TerminalStyle& style) {
  return Screen(view, source, style).Render();
}

}  // namespace limpet::report
