#include "diagnose/endpoints.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "diagnose/suspects.h"
#include "diagnose/unit.h"

namespace limpet::diagnose {
namespace {

using capture::Amount;
using capture::Answerer;
using capture::Process;
using capture::RequestKind;

constexpr uint32_t kNobody = 0xffffffff;
constexpr double kLeastMeasured = 8;  // requests
constexpr double kMostDoubt = 1.0 / 3;
constexpr std::string_view kInside = ".<locals>.";

// The counting side cuts names off where its records end.
std::string_view CutTo(std::string_view text, size_t room) { return text.substr(0, room); }

// Which answerer's code a frame is.
class CodeTable {
 public:
  explicit CodeTable(const std::vector<Answerer>& answerers) : answerers_(answerers) {
    for (uint32_t i = 0; i < answerers.size(); ++i) {
      const Answerer& a = answerers[i];
      exact_.emplace(std::tuple<std::string_view, std::string_view, uint32_t>{a.file, a.function, a.first_line}, i);
      const auto [at, fresh] = by_name_.emplace(std::pair<std::string_view, std::string_view>{a.file, a.function}, i);
      if (!fresh) at->second = kNobody;  // two functions of one name: what is defined in them is neither's
    }
  }

  uint32_t Find(const capture::Frame& frame) const {
    const std::string_view file = CutTo(frame.file, sizeof capture::RequestRecord::file);
    const std::string_view function = CutTo(frame.function, sizeof capture::RequestRecord::function);
    const auto found = exact_.find({file, function, frame.first_line});
    if (found != exact_.end()) return found->second;
    for (size_t at = function.find(kInside); at != std::string_view::npos; at = function.find(kInside, at + 1)) {
      const auto around = by_name_.find({file, function.substr(0, at)});
      if (around != by_name_.end() && around->second != kNobody &&
          answerers_[around->second].kind == RequestKind::kFunction)
        return around->second;
    }
    return kNobody;
  }

 private:
  const std::vector<Answerer>& answerers_;
  std::map<std::tuple<std::string_view, std::string_view, uint32_t>, uint32_t> exact_;
  std::map<std::pair<std::string_view, std::string_view>, uint32_t> by_name_;
};

// For each stack whose it is.
std::vector<uint32_t> OwnersOfNodes(const Process& process) {
  const CodeTable table(process.requests.answerers);
  std::vector<uint32_t> of_frame(process.frames.size());
  for (size_t i = 0; i < of_frame.size(); ++i) of_frame[i] = table.Find(process.frames[i]);
  std::vector<uint32_t> owner(process.nodes.size(), kNobody);
  const auto is_function = [&](uint32_t who) {
    return who != kNobody && process.requests.answerers[who].kind == RequestKind::kFunction;
  };
  for (size_t i = 1; i < owner.size(); ++i) {  // a parent has the smaller number
    const uint32_t around = owner[process.nodes[i].parent.value];
    const uint32_t own = of_frame[process.nodes[i].frame.value];
    owner[i] = is_function(around) || own == kNobody ? around : own;
  }
  return owner;
}

// The groups of epochs whose births are measured, and how many requests ended meanwhile.
struct Window {
  size_t begin = 0;
  size_t end = 0;
  double requests = 0;
};

// How many ended between the two samples around a moment: by so many, CountAt may be wrong.
double Doubt(const Answerer& who, uint64_t time_ns) {
  uint64_t before = 0;
  for (const capture::RequestSample& sample : who.samples) {
    if (sample.time_ns > time_ns) return double(sample.count - before);
    before = sample.count;
  }
  return 0;
}

std::optional<Window> WindowOf(const Process& process, const Answerer& who) {
  if (who.samples.empty()) return std::nullopt;
  const double all = double(who.count);
  const size_t groups = TimeOf(process, ReferenceOf(process)).groups;
  Window window;
  for (; window.begin < groups; ++window.begin)
    if (who.CountAt(process.groups[window.begin].start_ns) >= all / 4) break;
  for (window.end = window.begin; window.end < groups; ++window.end) {
    const uint64_t until = process.groups[window.end].end_ns;
    if (until > who.samples.back().time_ns || who.CountAt(until) > all * 7 / 8) break;
  }
  if (window.begin == window.end) return std::nullopt;
  const uint64_t from = process.groups[window.begin].start_ns, until = process.groups[window.end - 1].end_ns;
  window.requests = who.CountAt(until) - who.CountAt(from);
  if (window.requests < kLeastMeasured) return std::nullopt;
  if (Doubt(who, from) + Doubt(who, until) > window.requests * kMostDoubt) return std::nullopt;
  return window;
}

// What was measured of an endpoint, in one process or several.
struct Tally {
  double requests = 0;
  Amount stayed;
  std::map<std::tuple<std::string, std::string, uint32_t>, EndpointLine> lines;
};

struct Row {
  Endpoint endpoint;
  Tally settled, whole;  // of the processes with a window, and of those with too few requests for one
};

// Adds what one site keeps to the row of whom it belongs to.
void AddSite(const Process& process, const UnitTable& table, const capture::Site& site,
             const std::optional<Window>& window, Row& row) {
  const AsOf as_of = ReferenceOf(process);
  Tally& tally = window ? row.settled : row.whole;
  Amount measured;
  for (const capture::Cohort& cohort : site.cohorts) {
    if (cohort.group.value == 0 && process.forked_from) continue;  // mostly the parent's
    const Amount live = LiveAt(cohort, as_of);
    row.endpoint.live += live;
    if (!window || (cohort.group.value >= window->begin && cohort.group.value < window->end)) measured += live;
  }
  tally.stayed += measured;
  const capture::NodeId node = table.user_node[site.node.value];
  if (measured.bytes == 0 || node.value == 0) return;
  Location where = LocationOf(process, process.nodes[node.value].frame);
  EndpointLine& line = tally.lines[{where.file, where.function, where.line}];
  line.where = std::move(where);
  line.live += measured;
}

void TakeTally(Tally& tally, Endpoint& out) {
  out.measured = uint64_t(tally.requests + 0.5);
  out.stayed = tally.stayed;
  for (auto& [place, line] : tally.lines) {
    line.bytes_per_request = out.measured ? double(line.live.bytes) / double(out.measured) : 0;
    out.lines.push_back(std::move(line));
  }
  std::stable_sort(out.lines.begin(), out.lines.end(),
                   [](const EndpointLine& a, const EndpointLine& b) { return a.live.bytes > b.live.bytes; });
  if (out.lines.size() > kEndpointLines) out.lines.resize(kEndpointLines);
}

// A path that was asked for before it was known which function answers is part of the rest.
std::vector<uint32_t> WhereItCounts(const std::vector<Answerer>& answerers) {
  std::vector<uint32_t> out(answerers.size());
  uint32_t rest = kNobody;
  for (uint32_t i = 0; i < out.size(); ++i)
    if (answerers[i].kind == RequestKind::kRest) rest = i;
  for (uint32_t i = 0; i < out.size(); ++i) {
    const bool never = answerers[i].kind == RequestKind::kPath && answerers[i].count == 0;
    out[i] = never && rest != kNobody ? rest : i;
  }
  return out;
}

// One row for each function, path or rest of all processes.
class Rows {
 public:
  void Add(const Process& process) {
    const std::vector<Answerer>& answerers = process.requests.answerers;
    const std::vector<uint32_t> owners = OwnersOfNodes(process), counts_as = WhereItCounts(answerers);
    const UnitTable table = GroupByLine(process);
    std::vector<std::optional<Window>> windows(answerers.size());
    std::vector<Row*> rows(answerers.size());
    for (size_t i = 0; i < answerers.size(); ++i) {
      windows[i] = WindowOf(process, answerers[i]);
      rows[i] = &RowOf(answerers[i]);
      rows[i]->endpoint.requests += answerers[i].count;
      if (windows[i]) rows[i]->settled.requests += windows[i]->requests;
      else rows[i]->whole.requests += double(answerers[i].count);
    }
    for (const capture::Site& site : process.sites) {
      if (owners[site.node.value] == kNobody) continue;
      const uint32_t who = counts_as[owners[site.node.value]];
      AddSite(process, table, site, windows[who], *rows[who]);
    }
  }

  std::vector<Endpoint> Take() {
    std::vector<Endpoint> out;
    for (auto& [key, row] : rows_) {
      Endpoint& e = row.endpoint;
      if (e.requests == 0) continue;
      e.settled = row.settled.requests > 0;
      TakeTally(e.settled ? row.settled : row.whole, e);
      out.push_back(std::move(e));
    }
    const auto weight = [](const Endpoint& e) { return e.BytesPerRequest() * double(e.requests); };
    std::stable_sort(out.begin(), out.end(), [&](const Endpoint& a, const Endpoint& b) {
      const bool rest_a = a.kind == RequestKind::kRest, rest_b = b.kind == RequestKind::kRest;
      return rest_a != rest_b ? rest_b : weight(a) > weight(b);
    });
    return out;
  }

 private:
  Row& RowOf(const Answerer& who) {
    Row& row = rows_[{who.file, who.function, who.first_line}];
    if (row.endpoint.name.empty()) {
      row.endpoint.kind = who.kind;
      row.endpoint.name = who.name;
      if (who.kind == RequestKind::kFunction)
        row.endpoint.function = {who.function, who.file, who.first_line, std::nullopt, std::nullopt};
    }
    return row;
  }

  std::map<std::tuple<std::string, std::string, uint32_t>, Row> rows_;
};

}  // namespace

Endpoints FindEndpoints(const std::vector<const Process*>& processes) {
  Endpoints out;
  Rows rows;
  for (const Process* process : processes) {
    if (process->requests.ended == 0) continue;
    rows.Add(*process);
    out.requests += process->requests.ended;
    out.under_way += process->requests.UnderWay();
  }
  out.rows = rows.Take();
  return out;
}

}  // namespace limpet::diagnose
