// Whole screens and the contract of the JSON, from a report made by hand.
#include "report/terminal.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "report/json.h"
#include "report/safe_text.h"

namespace limpet::report {
namespace {

using diagnose::Finding;
using diagnose::Location;

Location At(std::string file, uint32_t line, std::string function) {
  return {.function = std::move(function), .file = std::move(file), .line = line, .column = {}, .end_column = {}};
}

Finding SessionLeak() {
  Finding f;
  f.confidence = 0.98;
  f.site = {At("/srv/shop/app.py", 40, "open_session"), At("/usr/lib/python3.12/socketserver.py", 755, "handle"),
            At("/srv/shop/app.py", 88, "handle"), At("/srv/shop/server.py", 120, "serve")};
  f.stacks = 1;
  f.live = {1412, 58'000'000};
  f.births = {1412, 58'000'000};
  f.bytes_per_second = 320'000;
  f.old_survival = 1;
  f.old_age_ns = 30'000'000'000;
  f.evidence = {"1 412 blocks (58 MB) born here are live; of those older than 30 s, none was freed"};
  f.fingerprint = "0123456789abcdef";
  f.processes = {7};
  return f;
}

Report ShopReport() {
  Report report;
  report.run.command = {"/usr/bin/python3.12", "-X", "dev", "/srv/shop/server.py", "--port", "80"};
  report.run.directory = "/srv/shop";
  ProcessSummary p;
  p.pid = 7;
  p.state = "finished";
  p.duration_ns = 60'000'000'000;
  p.births = {1'200'000, 310'000'000};
  p.live = {1412, 58'000'000};
  p.peak_bytes = 60'000'000;
  p.rss_first = 21'000'000;
  p.rss_last = 92'000'000;
  p.agent_bytes = 3'000'000;
  report.processes = {p};
  Finding slow = SessionLeak();
  slow.site = {At("/srv/shop/audit.py", 5, "note")};
  slow.bytes_per_second = 2000;
  slow.live = {9, 120'000};
  report.diagnosis.verdict = diagnose::Verdict::kLeak;
  report.diagnosis.explanation = "2 places keep memory that is never freed while new comes: 322 KB/s together";
  report.diagnosis.findings = {SessionLeak(), slow};
  diagnose::Dismissed ring;
  ring.finding = SessionLeak();
  ring.finding.live = {300, 2'000'000};
  ring.finding.site = {At("/srv/shop/ring.py", 3, "push")};
  ring.finding.evidence = {"2.0 MB in 300 blocks live; the older a block, the less likely it is to be live still"};
  report.diagnosis.dismissed = {ring};
  return report;
}

TEST(RenderScreen, ShowsProgramFindingsAndWhatWasDismissed) {
  EXPECT_EQ(
      RenderScreen(ShopReport(), {.columns = 110, .colour = false}),
      "server.py --port 80  1 min, 1.2 M allocations (310 MB), live 58 MB, peak 60 MB, RSS 21 MB -> 92 MB\n"
      "LEAK  +320 KB/s  1 412 blocks live (58 MB), none older than 30 s freed                         confidence 0.98\n"
      "  allocated at   app.py:40 in open_session  <-  app.py:88 in handle  <-  server.py:120 in serve\n"
      "LEAK  +2.0 KB/s  9 blocks live (120 KB), none older than 30 s freed                            confidence 0.98\n"
      "  allocated at   audit.py:5 in note\n"
      "not leaking      2.0 MB bounded (ring.py:3)\n");
}

TEST(RenderScreen, LeavesOutWholeFiguresWhereTheLineIsShort) {
  const std::string screen = RenderScreen(ShopReport(), {.columns = 60, .colour = false});
  EXPECT_EQ(screen.substr(0, screen.find('\n')), "server.py --port 80  1 min, 1.2 M allocations (310 MB)");
}

TEST(RenderScreen, KeepsWithinColumnsAndLines) {
  Report report = ShopReport();
  for (int i = 0; i < 40; i++) report.diagnosis.findings.push_back(SessionLeak());
  for (uint32_t columns : {40u, 60u, 110u, 200u}) {
    std::istringstream lines(RenderScreen(report, {.columns = columns, .colour = false}));
    size_t count = 0;
    for (std::string line; std::getline(lines, line); count++) EXPECT_LE(DisplayWidth(line), columns) << line;
    EXPECT_LE(count, 25u);
  }
}

TEST(RenderFull, WrapsEvidenceAndCutsNoPath) {
  Report report = ShopReport();
  report.diagnosis.findings[0].site[0].file = "/srv/shop/" + std::string(120, 'x') + "/app.py";
  const std::string full = RenderFull(report, {.columns = 80, .colour = false}, {.verbose = true});
  EXPECT_NE(full.find(std::string(120, 'x') + "/app.py:40 in open_session\n"), std::string::npos);
  EXPECT_NE(full.find("evidence       - 1 412 blocks (58 MB) born here are live; of those older than\n"
                      "                   30 s, none was freed\n"),
            std::string::npos);
  EXPECT_EQ(full.find("\u2026"), std::string::npos);
}

TEST(RenderFull, EscapesWhatWouldSteerTheTerminal) {
  Report report = ShopReport();
  report.diagnosis.findings[0].site[0].function = "evil\x1b[2J\n\u202e";
  report.run.command.back() = "\xff\x07";
  const std::string full = RenderFull(report, {.columns = 110, .colour = false}, {.verbose = true});
  EXPECT_EQ(full.find('\x1b'), std::string::npos);
  EXPECT_EQ(full.find('\x07'), std::string::npos);
  EXPECT_NE(full.find("evil\\x1b[2J\\n\\u202e"), std::string::npos);
}

TEST(WithShortPaths, ShortensTheFilesOfFramesAndNothingElse) {
  EXPECT_EQ(WithShortPaths("local x of serve (/srv/shop/app.py:88) in thread 12 -> list[…]", "/srv/shop"),
            "local x of serve (app.py:88) in thread 12 -> list[…]");
  EXPECT_EQ(WithShortPaths("a (/srv/shop/a.py:1) of b (/usr/lib/python3.12/json/b.py:2)", "/srv/shop"),
            "a (a.py:1) of b (json/b.py:2)");
  for (const char* text :
       {"", "(/", "dict['(/srv/shop/a.py)']", "dict['(/srv/shop/a.py:)']", "x (/srv/shop/a.py:1", ")(/:"})
    EXPECT_EQ(WithShortPaths(text, "/srv/shop"), text);
}

TEST(RenderScreen, NamesFilesOfHoldersTheShortWay) {
  Report report = ShopReport();
  diagnose::HeapView& heap = report.diagnosis.findings[0].heap;
  heap.holder_text = "local jobs of serve (/srv/shop/app.py:88) in thread 7 -> list[…] -> Job";
  heap.fix = "remove what local jobs of serve (/srv/shop/app.py:88) in thread 7 holds";
  const std::string screen = RenderScreen(report, {});
  EXPECT_EQ(screen.find("/srv/shop/app.py"), std::string::npos) << screen;
  EXPECT_NE(screen.find("serve (app.py:88) in thread 7"), std::string::npos) << screen;
}

TEST(FormatRate, UsesTheUnitThatItIsGiven) {
  EXPECT_EQ(FormatRate(320'000, UnitOfRate(320'000, 3'600'000'000'000)), "+320 KB/s");
  EXPECT_EQ(FormatRate(53'000, UnitOfRate(53'000, 120'000'000'000)), "+3.2 MB/min");
  EXPECT_EQ(FormatRate(53'000, UnitOfRate(53'000, 30'000'000'000)), "+53 KB/s");
  EXPECT_EQ(FormatRate(20, UnitOfRate(20, 7'200'000'000'000)), "+72 KB/h");
  EXPECT_EQ(FormatRate(0.2, RateUnit::kSecond), "<1 B/s");
}

TEST(ToJson, HoldsTheContract) {
  const nlohmann::json report = ToJson(ShopReport());
  EXPECT_EQ(report["schema"], "limpet.report/1");
  EXPECT_EQ(report["verdict"], "leak");
  for (const char* key : {"findings", "dismissed", "memory", "process", "recording"})
    EXPECT_TRUE(report.contains(key)) << key;
  for (const char* key : {"kind", "confidence", "types", "bytes_per_iteration", "objects_per_iteration",
                          "bytes_per_second", "live_bytes", "live_objects", "retained_bytes", "site", "holder",
                          "holder_text", "cycle", "weakest_edge", "evidence", "fix", "would_free_bytes", "fingerprint"})
    EXPECT_TRUE(report["findings"][0].contains(key)) << key;
  EXPECT_EQ(report["findings"][0]["site"][0],
            (nlohmann::json{{"function", "open_session"}, {"file", "/srv/shop/app.py"}, {"line", 40}}));
  EXPECT_EQ(report["dismissed"][0]["reason"], "bounded");
}

TEST(ToJson, CanAlwaysBeWritten) {
  Report report = ShopReport();
  report.diagnosis.findings[0].site[0].file = "/srv/\xff\xfe.py";
  report.run.command.push_back("\xc3");
  EXPECT_NO_THROW(ToJson(report).dump());
}

}  // namespace
}  // namespace limpet::report
