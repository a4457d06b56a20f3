#include "report/requests_face.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "report/canvas.h"
#include "report/heap_json.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using capture::RequestKind;
using diagnose::Endpoint;
using diagnose::EndpointLine;
using nlohmann::json;

constexpr size_t kShown = 12;       // rows; all are in the JSON
constexpr double kWorthLines = 64;  // bytes a request

double Rounded(double value) { return std::round(value * 10) / 10; }

std::string Each(double bytes) { return base::FormatBytes(uint64_t(std::max(0.0, bytes) + 0.5)); }

std::string_view KindName(RequestKind kind) {
  return kind == RequestKind::kFunction ? "function" : kind == RequestKind::kPath ? "path" : "rest";
}

std::string RowLine(const Report& report, const Endpoint& e, const TerminalStyle& style) {
  Line line(style);
  line.Add(fmt::format("{:>10}{} {:>10} {:>10}  ", Each(e.BytesPerRequest()), e.settled ? " " : "*",
                       base::FormatCount(e.requests), base::FormatBytes(e.live.bytes)));
  line.Add(ShortenEnd(SafeText(e.name), std::max<size_t>(16, line.left() / 2)));
  if (e.kind == RequestKind::kFunction && line.left() > 20)
    line.Add("  ").Add(ShortenMiddle(ShowPlace(e.function, report.run.directory), line.left()), Ink::kFaint);
  return line.Finish();
}

// Where the most of it was allocated.
void AddLines(const Report& report, const Endpoint& e, const TerminalStyle& style, std::vector<std::string>& out) {
  if (e.BytesPerRequest() < kWorthLines || e.lines.empty()) return;
  out.push_back(
      Line(style).Add(fmt::format("  of these, a request of {}:", ShortenEnd(SafeText(e.name), 60))).Finish());
  for (const EndpointLine& one : e.lines) {
    if (one.bytes_per_request < 1) break;
    Line line(style);
    line.Add(fmt::format("{:>10}  ", Each(one.bytes_per_request)));
    out.push_back(line.Add(ShortenMiddle(ShowPlace(one.where, report.run.directory), line.left())).Finish());
  }
}

}  // namespace

std::vector<std::string> RequestLines(const Report& report, const TerminalStyle& style) {
  const diagnose::Endpoints& all = report.endpoints;
  std::vector<std::string> out;
  if (all.rows.empty()) return out;
  out.push_back("\n");
  std::string title = base::Plural(all.requests, "request");
  if (all.under_way) title += fmt::format(", {} under way", base::FormatCount(all.under_way));
  out.push_back(
      Line(style).Add(title + ":", Ink::kStrong).Add(" what they allocated and is still there", Ink::kFaint).Finish());
  out.push_back(Line(style).Add("    each one    requests   all live  answered by", Ink::kFaint).Finish());
  bool rough = false;
  for (size_t i = 0; i < all.rows.size() && i < kShown; i++) {
    rough |= !all.rows[i].settled;
    out.push_back(RowLine(report, all.rows[i], style));
  }
  if (all.rows.size() > kShown)
    out.push_back(Line(style).Add(fmt::format("            {} more in the JSON", all.rows.size() - kShown)).Finish());
  if (rough)
    out.push_back(
        Line(style).Add("  * with what is made once: too few requests to leave that out", Ink::kFaint).Finish());
  AddLines(report, all.rows.front(), style, out);
  return out;
}

json RequestsJson(const diagnose::Endpoints& endpoints) {
  json rows = json::array();
  for (const Endpoint& e : endpoints.rows) {
    json lines = json::array();
    for (const EndpointLine& line : e.lines) {
      json one = LocationJson(line.where);
      one["live_bytes"] = line.live.bytes;
      one["live_objects"] = line.live.blocks;
      one["bytes_per_request"] = Rounded(line.bytes_per_request);
      lines.push_back(std::move(one));
    }
    rows.push_back({{"kind", KindName(e.kind)},
                    {"name", base::ReplaceInvalidUtf8(e.name)},
                    {"function", e.kind == RequestKind::kFunction ? LocationJson(e.function) : json(nullptr)},
                    {"requests", e.requests},
                    {"live_bytes", e.live.bytes},
                    {"live_objects", e.live.blocks},
                    {"settled", e.settled},
                    {"measured_requests", e.measured},
                    {"bytes_per_request", Rounded(e.BytesPerRequest())},
                    {"objects_per_request", Rounded(e.BlocksPerRequest())},
                    {"lines", std::move(lines)}});
  }
  return {{"requests", endpoints.requests}, {"under_way", endpoints.under_way}, {"answered_by", std::move(rows)}};
}

}  // namespace limpet::report
