// `limpet heap`: a heap snapshot as text for a person, and as JSON.
#ifndef LIMPET_REPORT_HEAP_SCREEN_H_
#define LIMPET_REPORT_HEAP_SCREEN_H_

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/heap_source.h"
#include "report/heap_view.h"
#include "report/terminal.h"

namespace limpet::report {

inline constexpr char kHeapSchema[] = "limpet.heap/1";

// Whose heap, which snapshot, when, why, and what is wrong with it: the first lines of `limpet heap` and `limpet why`.
std::string RenderSnapshotTitle(const HeapSource& source, const TerminalStyle& style);
std::string RenderSnapshotWarnings(const HeapSource& source, const TerminalStyle& style);
nlohmann::json SnapshotJson(const HeapSource& source);

std::string RenderHeap(const HeapView& view, const HeapSource& source, const TerminalStyle& style);
nlohmann::json HeapJson(const HeapView& view, const HeapSource& source);

// One line for each snapshot of a process. `sources` have a header each; their graphs may be empty.
std::string RenderSnapshotList(const std::vector<HeapSource>& sources, const TerminalStyle& style);
nlohmann::json SnapshotListJson(const std::vector<HeapSource>& sources);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_HEAP_SCREEN_H_
