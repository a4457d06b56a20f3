#include "report/known_leaks.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "report/installed.h"

namespace limpet::report {
namespace {

using diagnose::Finding;
using diagnose::Kind;

TEST(KnownLeakData, IsValid) {
  ASSERT_GE(KnownLeaks().size(), 15u);
  std::set<std::string> seen;
  for (const KnownLeak& leak : KnownLeaks()) {
    SCOPED_TRACE(leak.package + ": " + leak.what);
    EXPECT_TRUE(seen.insert(leak.package + leak.what).second) << "told twice";
    EXPECT_EQ(leak.link.find("://"), std::string::npos) << "name the tracker's entry, not an address";
    EXPECT_NE(leak.link.find_first_of("#-"), std::string::npos) << "an issue has a number";
    EXPECT_FALSE(leak.what.ends_with('.')) << "a phrase, not a sentence";
    EXPECT_TRUE(leak.introduced.empty() || Leaks(leak, leak.introduced));
    EXPECT_TRUE(leak.fixed.empty() || leak.package == "python" || !Leaks(leak, leak.fixed));
    const bool by_look_alone = leak.holder.empty() && leak.frame.empty();
    EXPECT_FALSE(by_look_alone && leak.kinds.empty()) << "too little to tell it from any other leak";
  }
}

TEST(KnownLeakData, BadEntriesAreNamed) {
  const auto message = [](const char* text) {
    base::Result<std::vector<KnownLeak>> leaks = ParseKnownLeaks(text);
    return leaks.ok() ? "ok" : leaks.message();
  };
  EXPECT_EQ(message("{"), "known leaks: not a JSON list");
  EXPECT_EQ(message("[3]"), "known leaks: entry 1: not an object");
  EXPECT_EQ(message(R"([{"package": "a", "what": "b"}])"), "known leaks: entry 1: package, what and link are needed");
  const std::string good = R"("package": "a", "what": "b", "link": "a/a#1", "fixed": "2", "kinds": ["native"])";
  EXPECT_EQ(message(("[{" + good + "}]").c_str()), "ok");
  EXPECT_EQ(message(("[{" + good + R"(, "holders": ""}])").c_str()),
            "known leaks: entry 1: there is no field \"holders\"");
  EXPECT_EQ(message(("[{" + good + R"(, "types": "str"}])").c_str()), "known leaks: entry 1: \"types\" is no list");
  EXPECT_EQ(message(R"([{"package": "a", "what": "b", "link": "a/a#1", "fixed": "2"}])"),
            "known leaks: entry 1: holder, frame or kinds: what does a finding of it look like?");
  EXPECT_EQ(message(R"([{"package": "a", "what": "b", "link": "a/a#1", "fixed": "2", "kinds": ["odd"]}])"),
            "known leaks: entry 1: there is no kind \"odd\"");
}

TEST(Versions, CompareAsReleasesDo) {
  const char* ordered[] = {"0.9", "1.0.dev1", "1.0a2", "1.0b1", "1.0rc1", "1.0", "1.0.1", "1.2", "1.10", "2"};
  for (size_t i = 0; i < std::size(ordered); i++)
    for (size_t k = 0; k < std::size(ordered); k++)
      EXPECT_EQ(CompareVersions(ordered[i], ordered[k]), i < k ? -1 : i > k ? 1 : 0) << ordered[i] << " " << ordered[k];
  EXPECT_EQ(CompareVersions("1.0", "1.0.0"), 0);
  EXPECT_EQ(CompareVersions("4.6.2.post1", "4.6.2"), 1);
  EXPECT_EQ(CompareVersions("99999999999999999999", "1"), 1);
}

TEST(Versions, EachMinorPythonHasItsOwnFix) {
  const KnownLeak leak{.package = "python", .introduced = "3.11.0", .fixed = "3.12.8, 3.13.1"};
  EXPECT_TRUE(Leaks(leak, "3.11.14"));
  EXPECT_TRUE(Leaks(leak, "3.12.7"));
  EXPECT_FALSE(Leaks(leak, "3.12.8"));
  EXPECT_TRUE(Leaks(leak, "3.13.0"));
  EXPECT_FALSE(Leaks(leak, "3.14.0"));
  EXPECT_FALSE(Leaks(leak, "3.10.1"));
}

TEST(Imports, AreSeenInSource) {
  EXPECT_TRUE(SourceImports("x = 1\n    import ujson\n", "ujson"));
  EXPECT_TRUE(SourceImports("import os, ujson as json", "ujson"));
  EXPECT_TRUE(SourceImports("from ujson import dumps", "ujson"));
  EXPECT_TRUE(SourceImports("import google.protobuf.message", "google.protobuf"));
  EXPECT_FALSE(SourceImports("# import of ujson\nimport ujsonx\nfrom notujson import ujson", "ujson"));
  EXPECT_FALSE(SourceImports("", "ujson"));
}

// A folder of packages, and a process that runs `app.py` there.
class Annotate : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "limpet-known-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    packages_ = name + "/lib/python3.12/site-packages";
    std::filesystem::create_directories(packages_ + "/Nice_Lib-1.4.dist-info");
    std::ofstream(name + "/app.py") << "import nice_lib\n";
    capture::Process process;
    process.pid = 7;
    process.python_version = 0x030c01f0;
    process.command = {name + "/bin/python3", "app.py"};
    recording_.processes.push_back(process);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Finding Annotated(const KnownLeak& leak) {
    diagnose::Diagnosis diagnosis;
    Finding finding;
    finding.kind = Kind::kRefcount;
    finding.site = {{"serve", folder_ + "/app.py", 3, {}, {}}};
    finding.below = {{"work", packages_ + "/nice_lib/core.py", 9, {}, {}}};
    finding.heap.types = {"str", "dict"};
    finding.heap.holder_text = "module nice_lib .CACHE -> dict['\u2026'] -> str";
    finding.heap.fix = "look";
    finding.processes = {7};
    diagnosis.findings.push_back(finding);
    AnnotateKnown(recording_, {leak}, diagnosis);
    return diagnosis.findings[0];
  }

  KnownLeak Leak() const {
    return {.package = "nice-lib",
            .modules = {"nice_lib"},
            .introduced = "1.2",
            .fixed = "1.5",
            .kinds = {"refcount"},
            .types = {"str"},
            .what = "keys are never released",
            .link = "nice/lib#12"};
  }

  std::string folder_, packages_;
  capture::Recording recording_;
};

TEST_F(Annotate, ByTheLookOfTheFinding) {
  const Finding finding = Annotated(Leak());
  ASSERT_TRUE(finding.known);
  EXPECT_FALSE(finding.known->certain);
  EXPECT_EQ(finding.known->version, "1.4");
  EXPECT_EQ(finding.evidence.back(),
            "probably known: nice-lib 1.4: keys are never released; fixed in 1.5 (nice/lib#12)");
  EXPECT_EQ(finding.heap.fix,
            "probably: upgrade to nice-lib 1.5 or later: in 1.4 keys are never released (nice/lib#12)");
}

TEST_F(Annotate, ByHolderAndFrameItIsCertain) {
  KnownLeak leak = Leak();
  leak.holder = "module nice_lib .CACHE";
  EXPECT_TRUE(Annotated(leak).known->certain);
  leak = Leak();
  leak.frame = "nice_lib/core.py";
  EXPECT_TRUE(Annotated(leak).known->certain);
}

TEST_F(Annotate, NothingIsSaidOfWhatDoesNotFit) {
  std::vector<KnownLeak> others(8, Leak());
  others[0].fixed = "1.4";
  others[1].introduced = "1.4.1";
  others[2].kinds = {"native"};
  others[3].types = {"dict"};
  others[4].holder = "module other";
  others[5].frame = "other/core.py";
  others[6].python = "3.13";
  others[7].modules = {"other"};
  for (const KnownLeak& leak : others) {
    const Finding finding = Annotated(leak);
    EXPECT_FALSE(finding.known);
    EXPECT_EQ(finding.heap.fix, "look");
  }
}

TEST_F(Annotate, TheReleaseIsThatOfTheFolderThatIsInUse) {
  const std::string other = folder_ + "/other/site-packages";
  std::filesystem::create_directories(other + "/nice_lib-1.5.dist-info");
  const std::string begun = other + "/starts_first.py", used = packages_ + "/nice_lib/core.py";
  std::vector<capture::Frame>& frames = recording_.processes[0].frames;
  frames.resize(2);
  frames[0].file = begun;
  frames[1].file = used;
  EXPECT_EQ(Annotated(Leak()).known.value_or(diagnose::Known{}).version, "1.4");
  const std::string fixed = other + "/nice_lib/core.py";
  frames[1].file = fixed;
  EXPECT_FALSE(Annotated(Leak()).known);
}

TEST_F(Annotate, AFolderThatIsNotHereIsNoGuess) {
  std::filesystem::remove_all(packages_);
  EXPECT_FALSE(Annotated(Leak()).known);
}

TEST_F(Annotate, PythonItself) {
  KnownLeak leak{.package = "python",
                 .introduced = "3.11.0",
                 .fixed = "3.12.8, 3.13.1",
                 .kinds = {"refcount"},
                 .what = "a context stays",
                 .link = "python/cpython#126083"};
  const Finding finding = Annotated(leak);
  ASSERT_TRUE(finding.known);
  EXPECT_EQ(finding.known->fixed, "3.12.8");
  EXPECT_EQ(finding.known->version, "3.12.1");
}

}  // namespace
}  // namespace limpet::report
