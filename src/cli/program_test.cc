#include "cli/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A folder with a bin/ that is all of PATH, and is the current folder.
class ResolveProgramTest : public ::testing::Test {
 protected:
  ResolveProgramTest() {
    char name[] = "/tmp/limpet-program-XXXXXX";
    folder_ = mkdtemp(name);
    before_ = std::filesystem::current_path();
    path_ = std::getenv("PATH");
    std::filesystem::create_directory(folder_ + "/bin");
    std::filesystem::current_path(folder_);
    setenv("PATH", (folder_ + "/none:" + folder_ + "/bin").c_str(), 1);
    Write("bin/python3", "", 0755);
    Write("bin/tool", "", 0755);
  }
  ~ResolveProgramTest() override {
    setenv("PATH", path_.c_str(), 1);
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }
  void Write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(folder_ + "/" + name) << text;
    chmod((folder_ + "/" + name).c_str(), mode);
  }
  std::vector<std::string> Argv(const std::vector<std::string>& words) {
    return ResolveProgram(words, "python3").program.argv;
  }

  std::string folder_;

 private:
  std::filesystem::path before_;
  std::string path_;
};

TEST_F(ResolveProgramTest, ScriptsModulesAndCodeGoToPython) {
  Write("app.py", "", 0644);
  EXPECT_THAT(Argv({"app.py", "-o", "x"}), ElementsAre("python3", "app.py", "-o", "x"));
  EXPECT_THAT(Argv({"-m", "mod", "x"}), ElementsAre("python3", "-m", "mod", "x"));
  EXPECT_THAT(Argv({"-mmod"}), ElementsAre("python3", "-mmod"));
  EXPECT_THAT(Argv({"-c", "pass"}), ElementsAre("python3", "-c", "pass"));
  EXPECT_THAT(Argv({"-"}), ElementsAre("python3", "-"));
  EXPECT_EQ(ResolveProgram({"app.py"}, "python3").program.path, folder_ + "/bin/python3");
}

TEST_F(ResolveProgramTest, ExecutablesAreCommands) {
  EXPECT_THAT(Argv({"tool", "-m"}), ElementsAre("tool", "-m"));
  EXPECT_THAT(Argv({"python3", "app.py"}), ElementsAre("python3", "app.py"));
  EXPECT_THAT(Argv({"--", "tool", "--", "x"}), ElementsAre("tool", "--", "x"));
  EXPECT_THAT(Argv({"bin/tool"}), ElementsAre("bin/tool"));
}

TEST_F(ResolveProgramTest, NameOfAScriptWinsOverItsPermissions) {
  Write("app.py", "", 0755);
  EXPECT_THAT(Argv({"./app.py"}), ElementsAre("python3", "./app.py"));
  EXPECT_THAT(Argv({"--", "./app.py"}), ElementsAre("./app.py"));
}

TEST_F(ResolveProgramTest, TextIsAScriptAndOtherFilesAreNot) {
  Write("text", "print(1)\n", 0644);
  Write("data",
        std::string("\x7f"
                    "ELF\0\0",
                    6),
        0644);
  EXPECT_THAT(Argv({"text"}), ElementsAre("python3", "text"));
  EXPECT_EQ(ResolveProgram({"./data"}, "python3").exit_status, kExitNotExecutable);
}

TEST_F(ResolveProgramTest, FailuresNameTheProgramAndHaveAShellsStatus) {
  const auto missing = ResolveProgram({"nope.py"}, "python3");
  EXPECT_EQ(missing.exit_status, kExitNotFound);
  EXPECT_THAT(missing.error, HasSubstr("nope.py"));
  EXPECT_EQ(ResolveProgram({"nope"}, "python3").exit_status, kExitNotFound);
  EXPECT_EQ(ResolveProgram({"--", "nope"}, "python3").exit_status, kExitNotFound);
  EXPECT_EQ(ResolveProgram({"--", "bin"}, "python3").exit_status, kExitNotExecutable);  // a folder, and said so
  EXPECT_EQ(ResolveProgram({"./bin"}, "python3").exit_status, kExitNotExecutable);
  EXPECT_THAT(ResolveProgram({"-c", "pass"}, "python9").error, HasSubstr("--python"));
  EXPECT_EQ(ResolveProgram({"-m"}, "python3").exit_status, 2);
}

TEST_F(ResolveProgramTest, UnusableFileInPathIsNotExecutable) {
  Write("bin/plain", "", 0644);
  EXPECT_EQ(ResolveProgram({"--", "plain"}, "python3").exit_status, kExitNotExecutable);
}

TEST(ShortName, IsSafeInAFileName) {
  EXPECT_EQ(ShortName("/srv/app.py"), "app");
  EXPECT_EQ(ShortName("pack/"), "pack");
  EXPECT_EQ(ShortName("a b:c"), "a_b_c");
  EXPECT_EQ(ShortName("python3.12"), "python3.12");
  for (const char* path : {"", "/", ".", "..", ".py", "--"}) EXPECT_EQ(ShortName(path), "program") << path;
  EXPECT_LE(ShortName(std::string(500, 'x')).size(), 40u);
}

}  // namespace
}  // namespace limpet::cli
