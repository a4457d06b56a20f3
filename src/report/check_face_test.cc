// The result of a check for people, code hosts and CI servers, from findings made by hand.
#include "report/check_face.h"

#include <gtest/gtest.h>

#include <string>

#include "report/junit.h"
#include "report/sarif.h"

namespace limpet::report {
namespace {

diagnose::Location At(std::string file, uint32_t line, std::string function) {
  return {.function = std::move(function), .file = std::move(file), .line = line, .column = 4, .end_column = 9};
}

// One leak in a file of an awkward name, one that is kept, one that is fixed.
struct Shop {
  Report report;
  diagnose::Baseline baseline;
  diagnose::CheckResult result;

  Shop() {
    report.run.directory = "/srv/shop";
    report.run.command = {"python3", "a<b>&\"c\".py"};
    diagnose::Finding leak;
    leak.confidence = 0.9;
    leak.site = {At("/srv/shop/ü b%.py", 40, "open<&>\x1b[31m\n"), At("/opt/lib.py", 7, "call"),
                 At("<string>", 1, "<module>")};
    leak.live = {10, 1000};
    leak.fingerprint = "0123456789abcdef";
    leak.place = "ü b%.py:open";
    leak.processes = {1};
    leak.heap.types = {"app.\"Row\"\xef\xbf\xbf"};
    report.diagnosis.verdict = diagnose::Verdict::kLeak;
    report.diagnosis.findings = {leak};
    report.diagnosis.kept.push_back({leak, "app.py:3", "it is <wanted>", true});
    baseline.known.resize(1);
    baseline.known[0].what = "app.Old & more";
    result = diagnose::Check(report.diagnosis, baseline, {});
  }
};

TEST(CheckFace, TellsFailuresInFullAndTheRestInShort) {
  const Shop shop;
  const std::string text = RenderCheck(shop.report, shop.result, {.columns = 100, .colour = false});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  for (const char* part : {"check failed: 1 new, 1 kept on purpose, 1 gone", "LEAK", "on purpose", "it is <wanted>",
                           "app.Old & more: not found again; remove it from the baseline"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(CheckFace, JunitHoldsNoMarkupOfTheProgram) {
  const Shop shop;
  const std::string xml = JunitOf(shop.report, shop.result);
  EXPECT_NE(xml.find("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("open&lt;&amp;&gt;\\x1b[31m\\n"), std::string::npos) << xml;
  EXPECT_NE(xml.find("app.Old &amp; more"), std::string::npos);
  for (const char* wrong : {"open<", "\x1b", "\xef\xbf\xbf", "app.\"Row"})
    EXPECT_EQ(xml.find(wrong), std::string::npos);
}

TEST(CheckFace, SarifNamesFilesAsUris) {
  const Shop shop;
  const nlohmann::json log = SarifOf(shop.report, shop.result, true);
  const nlohmann::json& run = log["runs"][0];
  EXPECT_EQ(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file:///srv/shop/");
  ASSERT_EQ(run["results"].size(), 2u);
  const nlohmann::json& leak = run["results"][0];
  EXPECT_EQ(leak["level"], "error");
  EXPECT_EQ(leak["baselineState"], "new");
  const nlohmann::json& place = leak["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "%C3%BC%20b%25.py");
  EXPECT_EQ(place["region"], (nlohmann::json{{"startLine", 40}, {"startColumn", 5}, {"endColumn", 10}}));
  const nlohmann::json& frames = leak["stacks"][0]["frames"];
  EXPECT_EQ(frames[1]["location"]["physicalLocation"]["artifactLocation"],
            (nlohmann::json{{"uri", "file:///opt/lib.py"}}));
  EXPECT_FALSE(frames[2]["location"].contains("physicalLocation"));
  EXPECT_EQ(run["results"][1]["suppressions"][0]["kind"], "inSource");
}

}  // namespace
}  // namespace limpet::report
