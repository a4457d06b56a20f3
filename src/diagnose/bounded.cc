#include "diagnose/bounded.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

namespace limpet::diagnose {
namespace {

constexpr double kSoonFull = 0.01;              // share of the entries that are there
constexpr double kNotMuch = 256.0 * (1 << 20);  // bytes

}  // namespace

bool IsTableOf(const heap::Graph& graph, heap::NodeId cache, heap::NodeId dict) {
  bool found = false;
  graph.ForEachRun(cache, [&](const heap::Run& run, heap::EdgeIndex first, heap::EdgeIndex last) {
    if (!heap::HasName(run.kind) || graph.name(run.label) != "cache") return;
    for (heap::EdgeIndex e = first; e < last; ++e) found |= graph.edge(e).target() == dict;
  });
  return found;
}

heap::NodeId OwnerOfContainer(const heap::Graph& graph, const heap::Referrers& referrers, heap::NodeId container) {
  if (container == heap::kNoNode) return container;
  const auto holders = referrers.of(container);
  const auto owner = std::find_if(holders.begin(), holders.end(), [&](heap::NodeId holder) {
    return graph.type(graph.type_of(holder)).name == kLruCache && IsTableOf(graph, holder, container);
  });
  return owner == holders.end() ? container : *owner;
}

std::optional<Bound> BoundOf(const heap::Graph& graph, heap::NodeId container) {
  if (container == heap::kNoNode) return std::nullopt;
  const std::string_view text = graph.text(container);
  const size_t equals = text.find('=');
  const bool told = text.starts_with("maxlen=") || text.starts_with("maxsize=");
  if (!told) return std::nullopt;
  Bound bound;
  const char* const last = text.data() + text.size();
  const char* const first = text.data() + equals + 1;
  const auto [end, error] = std::from_chars(first, last, bound.most);
  if (error != std::errc() || end != last) return std::nullopt;
  graph.ForEachRun(container, [&](const heap::Run& run, heap::EdgeIndex begin, heap::EdgeIndex end) {
    if (run.kind == heap::RefKind::kItem) bound.entries += end - begin;
  });
  const std::string& type = graph.type(graph.type_of(container)).name;
  bound.what = fmt::format("{} of {} {}", type == kLruCache ? std::string("an lru_cache") : "a " + type,
                           text.substr(0, equals), bound.most);
  return bound;
}

bool WillHold(const Bound& bound, uint64_t bytes) {
  if (bound.entries == 0) return true;
  const double share = static_cast<double>(bound.entries) / static_cast<double>(std::max<uint64_t>(bound.most, 1));
  return share >= kSoonFull || static_cast<double>(bytes) / share <= kNotMuch;
}

}  // namespace limpet::diagnose
