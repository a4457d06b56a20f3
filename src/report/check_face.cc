#include "report/check_face.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/text.h"
#include "report/canvas.h"
#include "report/json.h"
#include "report/phrases.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using diagnose::Checked;
using diagnose::Finding;
using diagnose::Gate;
using diagnose::Standing;
using nlohmann::json;

constexpr uint32_t kLabel = 14;

std::string Utf8(const std::string& text) { return base::ReplaceInvalidUtf8(text); }

std::string_view MeasureName(diagnose::Measure measure) {
  switch (measure) {
    case diagnose::Measure::kIteration:
      return "iteration";
    case diagnose::Measure::kVolume:
      return "allocated byte";
    case diagnose::Measure::kSecond:
      return "second";
  }
  return "second";
}

// What grows, in few words: "Session (58 MB) at shop/app.py:40 in open_session".
std::string Brief(const Report& report, const Finding& f) {
  const std::string what =
      f.heap.types.empty() ? std::string(diagnose::KindName(f.kind)) : SafeText(f.heap.types.front());
  return fmt::format("{} ({}) at {}", what, base::FormatBytes(f.live.bytes),
                     ShowPlace(f.site.front(), report.run.directory));
}

std::string Row(std::string_view label, std::string_view text, const TerminalStyle& style) {
  Line line(style);
  line.Add("  ").Add(label, Ink::kFaint).To(kLabel);
  return line.Add(ShortenMiddle(text, line.left())).Finish();
}

std::string HeadOf(const diagnose::CheckResult& result, const TerminalStyle& style) {
  Line line(style);
  if (result.gate == Gate::kPass) line.Add("check passed", Ink::kGood);
  if (result.gate == Gate::kLeak) line.Add("check failed", Ink::kAlarm);
  if (result.gate == Gate::kInconclusive) line.Add("check cannot tell", Ink::kWarn);
  return line.Add(": ").Add(SafeText(result.explanation)).Finish();
}

json Notes(const Report& report) {
  json out = json::array();
  for (const std::string& note : report.diagnosis.notes) out.push_back(Utf8(note));
  return out;
}

json EntryJson(const Checked& one) {
  json entry = FindingJson(*one.finding);
  entry["status"] = diagnose::StandingName(one.standing);
  entry["fails"] = one.fails();
  entry["why"] = Utf8(one.why);
  if (one.entry)
    entry["baseline"] = {{"fingerprint", Utf8(one.entry->fingerprint)},
                         {"since", Utf8(one.entry->since)},
                         {"reason", Utf8(one.entry->reason)}};
  if (one.ratio)
    entry["pace_ratio"] = {{"value", std::round(one.ratio->value * 1000) / 1000},
                           {"per", MeasureName(one.ratio->measure)}};
  return entry;
}

}  // namespace

std::string RatioInWords(const diagnose::Ratio& ratio) {
  if (ratio.value >= 0.95 && ratio.value <= 1.05) return fmt::format("as fast per {}", MeasureName(ratio.measure));
  if (ratio.value >= 10) return fmt::format("{:.0f} times as fast per {}", ratio.value, MeasureName(ratio.measure));
  return fmt::format("{:.2g} times as fast per {}", ratio.value, MeasureName(ratio.measure));
}

std::string StandingInWords(const Checked& one) {
  std::string text;
  switch (one.standing) {
    case Standing::kNew:
      text = "new";
      break;
    case Standing::kFaster:
      text = "faster than in the baseline";
      break;
    case Standing::kKnown:
      text = "known";
      break;
    case Standing::kWithinLimit:
      text = "within the limit";
      break;
    case Standing::kNotJudged:
      text = "not judged";
      break;
    case Standing::kUnsure:
      text = "perhaps a leak";
      break;
  }
  if (one.entry && !one.entry->since.empty()) text += " since " + SafeText(one.entry->since);
  if (one.entry && !one.entry->reason.empty()) text += fmt::format(" ({})", SafeText(one.entry->reason));
  if (one.ratio) text += ", " + RatioInWords(*one.ratio);
  if (!one.why.empty()) text += ", " + SafeText(one.why);
  return text;
}

std::string RenderCheck(const Report& report, const diagnose::CheckResult& result, const TerminalStyle& style) {
  std::string out = HeadOf(result, style);
  for (const std::string& warning : Warnings(report))
    out += Line(style).Add("note", Ink::kWarn).To(6).Add(ShortenMiddle(warning, style.columns - 6)).Finish();
  for (const Checked& one : result.checked) {
    if (!one.fails()) continue;
    out += "\n" + Line(style).Add(StandingInWords(one), Ink::kStrong).Finish();
    out += RenderFinding(report, *one.finding, style);
  }
  std::string rest;
  for (const Checked& one : result.checked) {
    if (one.fails()) continue;
    rest += Row(diagnose::StandingName(one.standing), Brief(report, *one.finding), style);
    rest += Row("", StandingInWords(one), style);
  }
  for (const diagnose::Kept& one : report.diagnosis.kept) {
    rest += Row("on purpose", Brief(report, one.finding), style);
    rest +=
        Row("", fmt::format("{}{}({})", SafeText(one.reason), one.reason.empty() ? "" : " ", SafeText(one.by)), style);
  }
  for (const diagnose::Gone& one : result.gone)
    rest += Row("fixed", fmt::format("{}: {}; remove it from the baseline", SafeText(one.entry->what), one.how), style);
  return rest.empty() ? out : out + "\n" + rest;
}

json CheckJson(const Report& report, const diagnose::CheckResult& result) {
  json findings = json::array(), gone = json::array();
  for (const Checked& one : result.checked) findings.push_back(EntryJson(one));
  for (const diagnose::Gone& one : result.gone) {
    gone.push_back({{"fingerprint", Utf8(one.entry->fingerprint)},
                    {"what", Utf8(one.entry->what)},
                    {"since", Utf8(one.entry->since)},
                    {"how", Utf8(one.how)}});
  }
  return {{"schema", kCheckSchema},
          {"result", diagnose::GateName(result.gate)},
          {"verdict", diagnose::VerdictName(report.diagnosis.verdict)},
          {"explanation", Utf8(result.explanation)},
          {"findings", std::move(findings)},
          {"fixed", std::move(gone)},
          {"kept", KeptJson(report.diagnosis)},
          {"notes", Notes(report)},
          {"recording", Utf8(report.path)}};
}

}  // namespace limpet::report
