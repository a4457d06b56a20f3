#include "report/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "report/check_face.h"
#include "report/phrases.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using diagnose::Checked;
using diagnose::Finding;
using diagnose::Standing;

// Text that SafeText made (no control characters) as XML takes it, in attributes as well.
std::string Escaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    switch (text[i]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default: {
        const std::string_view three = text.substr(i, 3);
        const bool noncharacter = three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf";
        if (noncharacter) i += 2;  // U+FFFE and U+FFFF: not in XML
        out += noncharacter ? "?" : std::string(1, text[i]);
      }
    }
  }
  return out;
}

struct Test {
  std::string group, name;
  std::string outcome;  // "failure", "skipped", "error"; empty: passed
  std::string message;
  std::string text;  // lines
};

std::string NameOf(const Finding& f) {
  const std::string what = f.heap.types.empty() ? std::string(diagnose::KindName(f.kind)) : f.heap.types.front();
  return fmt::format("{} keeps {}", SafeText(f.site.front().function), SafeText(what));
}

// "shop/app.py" as CI servers group tests: "shop.app".
std::string GroupOf(const std::string& place) {
  std::string group = place.substr(0, place.find(':'));
  if (group.ends_with(".py")) group.resize(group.size() - 3);
  std::replace(group.begin(), group.end(), '/', '.');
  return SafeText(group);
}

std::string Details(const Report& report, const Finding& f) {
  std::string text = RenderFinding(report, f, {.columns = 110, .colour = false});
  for (const std::string& line : StackInLines(f.site, report.run.directory)) text += "    " + line + "\n";
  return text;
}

Test TestOf(const Report& report, const Checked& one) {
  Test test{GroupOf(one.finding->place), NameOf(*one.finding), "", StandingInWords(one), Details(report, *one.finding)};
  if (one.fails()) {
    test.outcome = "failure";
  } else if (one.standing != Standing::kWithinLimit) {
    test.outcome = "skipped";
  }
  return test;
}

std::vector<Test> TestsOf(const Report& report, const diagnose::CheckResult& result) {
  std::vector<Test> tests;
  if (result.gate == diagnose::Gate::kPass)
    tests.push_back({"limpet", "memory does not leak", "", result.explanation, ""});
  if (result.gate == diagnose::Gate::kInconclusive)
    tests.push_back({"limpet", "memory does not leak", "error", result.explanation, ""});
  for (const Checked& one : result.checked) tests.push_back(TestOf(report, one));
  for (const diagnose::Kept& one : report.diagnosis.kept) {
    tests.push_back({GroupOf(one.finding.place), NameOf(one.finding), "skipped",
                     fmt::format("kept on purpose: {} ({})", one.reason, one.by), Details(report, one.finding)});
  }
  for (const diagnose::Gone& one : result.gone)
    tests.push_back({GroupOf(one.entry->place), one.entry->what, "", one.how + "; remove it from the baseline", ""});
  return tests;
}

std::string TestXml(const Test& test) {
  const std::string head = fmt::format("    <testcase classname=\"{}\" name=\"{}\"", Escaped(SafeText(test.group)),
                                       Escaped(SafeText(test.name)));
  const std::string message = Escaped(SafeText(test.message));
  if (test.outcome.empty())
    return fmt::format("{}>\n      <system-out>{}</system-out>\n    </testcase>\n", head, message);
  const std::string_view type = test.outcome == "skipped" ? "" : " type=\"leak\"";
  return fmt::format("{0}>\n      <{1} message=\"{2}\"{3}>{4}</{1}>\n    </testcase>\n", head, test.outcome, message,
                     type, Escaped(test.text));
}

}  // namespace

std::string JunitOf(const Report& report, const diagnose::CheckResult& result) {
  const std::vector<Test> tests = TestsOf(report, result);
  std::string body;
  for (const Test& test : tests) body += TestXml(test);
  const auto count = [&](std::string_view outcome) {
    return std::count_if(tests.begin(), tests.end(), [&](const Test& test) { return test.outcome == outcome; });
  };
  uint64_t duration = 0;
  for (const ProcessSummary& p : report.processes) duration = std::max(duration, p.duration_ns);
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", tests.size(),
                  count("failure"), count("error"), count("skipped"), static_cast<double>(duration) / 1e9);
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"limpet\" {0}>\n"
      "  <testsuite name=\"limpet check {1}\" {0}>\n{2}  </testsuite>\n</testsuites>\n",
      counts, Escaped(ProgramName(report)), body);
}

}  // namespace limpet::report
