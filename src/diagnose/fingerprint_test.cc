#include "diagnose/fingerprint.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace limpet::diagnose {
namespace {

Finding At(std::string file, uint32_t line, std::string function, double confidence = 0.9) {
  Finding f;
  f.confidence = confidence;
  f.site = {{.function = std::move(function), .file = std::move(file), .line = line, .column = {}, .end_column = {}}};
  return f;
}

capture::RunInfo RunOf(std::vector<std::string> command, std::string directory) {
  capture::RunInfo run;
  run.command = std::move(command);
  run.directory = std::move(directory);
  return run;
}

std::string FingerprintOf(const capture::RunInfo& run, Finding finding) {
  std::vector<Finding> all = {std::move(finding)};
  SetFingerprints(run, all);
  return all[0].fingerprint;
}

TEST(Fingerprint, IsSeenFromTheFolderOfTheScriptElseFromTheWorkingFolder) {
  const std::vector<std::string> script =
      SourceRoots(RunOf({"python3", "-X", "dev", "../shop/main.py", "x"}, "/srv/work"));
  EXPECT_EQ(script, (std::vector<std::string>{"/srv/shop", "/srv/work"}));
  EXPECT_EQ(SourceRoots(RunOf({"python3", "-m", "main.py"}, "/srv/work/")), (std::vector<std::string>{"/srv/work"}));
  EXPECT_EQ(StablePath("/srv/shop/models/user.py", script), "models/user.py");
  EXPECT_EQ(StablePath("/srv/work/tests/t.py", script), "tests/t.py");
  EXPECT_EQ(StablePath("/srv/shopping/a/b.py", script), "b.py");
  EXPECT_EQ(StablePath("/v/lib/python3.12/site-packages/orm/row.py", script), "orm/row.py");
  EXPECT_EQ(StablePath("/usr/lib/python3.13/json/decoder.py", script), "json/decoder.py");
  EXPECT_EQ(StablePath("<string>", script), "<string>");
}

TEST(Fingerprint, TakesComprehensionsForTheFunctionAround) {
  EXPECT_EQ(FunctionAround("Session.open.<locals>.<listcomp>"), "Session.open");
  EXPECT_EQ(FunctionAround("f.<locals>.<genexpr>.<dictcomp>"), "f");
  EXPECT_EQ(FunctionAround("<listcomp>"), "<module>");
  EXPECT_EQ(FunctionAround("f.<locals>.<lambda>"), "f.<locals>.<lambda>");
  EXPECT_EQ(FunctionAround("f"), "f");
}

TEST(Fingerprint, IsTheSameInAnotherFolderAndOnAnotherLine) {
  const std::string one = FingerprintOf(RunOf({"python3", "app.py"}, "/a"), At("/a/shop/models.py", 4, "Row.add"));
  EXPECT_EQ(one, FingerprintOf(RunOf({"python3.11", "/b/c/app.py"}, "/"), At("/b/c/shop/models.py", 9, "Row.add")));
  EXPECT_NE(one, FingerprintOf(RunOf({"python3", "app.py"}, "/a"), At("/a/blog/models.py", 4, "Row.add")));
  EXPECT_NE(one, FingerprintOf(RunOf({"python3", "app.py"}, "/a"), At("/a/shop/models.py", 4, "Row.get")));
}

TEST(Fingerprint, CountsLeaksOfOneFunctionByLineAndSureOnesFirst) {
  std::vector<Finding> all = {At("a.py", 30, "f"), At("a.py", 10, "f", 0.4), At("a.py", 20, "f")};
  SetFingerprints({}, all);
  EXPECT_EQ((std::set<std::string>{all[0].fingerprint, all[1].fingerprint, all[2].fingerprint}.size()), 3u);
  std::vector<Finding> without = {At("a.py", 33, "f"), At("a.py", 22, "f")};
  SetFingerprints({}, without);  // the doubtful one does not come this time
  EXPECT_EQ(without[0].fingerprint, all[0].fingerprint);
  EXPECT_EQ(without[1].fingerprint, all[2].fingerprint);
}

TEST(Fingerprint, NamesThePlacesOfParts) {
  std::vector<Finding> all = {At("/a/app.py", 3, "open")};
  for (const char* function : {"open", "Session.__init__", "Session.__init__"})
    all[0].parts.push_back({At("/a/app.py", 9, function).site[0], {10, 1000}});
  all[0].parts.push_back({At("/a/app.py", 30, "main").site[0], {10, 100}});  // too little to be the same leak by
  all[0].live = {40, 5000};
  SetFingerprints(RunOf({"python3", "/a/app.py"}, "/"), all);
  EXPECT_EQ(all[0].place, "app.py:open");
  EXPECT_EQ(all[0].other_places, (std::vector<std::string>{"app.py:Session.__init__"}));
}

}  // namespace
}  // namespace limpet::diagnose
