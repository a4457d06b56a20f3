// `limpet why`: who holds some objects, and what to cut to let them go; as text, as JSON, as a graph for graphviz.
#ifndef LIMPET_REPORT_WHY_H_
#define LIMPET_REPORT_WHY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "heap/analysis.h"
#include "heap/holders.h"
#include "heap/target.h"
#include "report/heap_source.h"
#include "report/heap_view.h"
#include "report/terminal.h"

namespace limpet::report {

inline constexpr char kWhySchema[] = "limpet.why/1";

struct WhyOptions {
  uint32_t limit = 5;      // ways that are told; 0: all
  bool all_paths = false;  // of one object: a path for each reference to it
};

struct WhyView {
  std::string target;  // as asked
  std::string what;    // "1 412 app.Session", "dict at 0x7f…"
  heap::Holders holders;
  std::vector<BirthPlace> born;  // most objects first
  bool births_known = false;
  std::vector<ToldPath> all_paths;
  std::optional<std::string> judgement;  // of a line: whether it leaks, and why, or why not
};

// What "app.py:40", or anything that heap::FindTarget knows, stands for.
heap::Target FindWhyTarget(const HeapSource& source, const Births& births, std::string_view text);

WhyView MakeWhyView(const HeapSource& source, const Births& births, heap::Analysis& analysis, std::string_view text,
                    const heap::Target& target, const WhyOptions& options);

std::string RenderWhy(const WhyView& view, const HeapSource& source, const TerminalStyle& style);
nlohmann::json WhyJson(const WhyView& view, const HeapSource& source);
std::string WhyDot(const WhyView& view, const HeapSource& source);

// "no type or module 'Sesion' in this snapshot; did you mean app.Session?"
std::string TargetProblem(const heap::Target& target);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_WHY_H_
