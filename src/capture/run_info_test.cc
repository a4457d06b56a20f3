#include "capture/run_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/file.h"
#include "capture/builder.h"
#include "capture/reader.h"

namespace limpet::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RecordingTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(path_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(path_); }
  void Put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
    ASSERT_TRUE(base::WriteFileAtomically(path_ + "/" + name, text).ok());
  }

  std::string path_ = ::testing::TempDir() + "limpet-recording-XXXXXX";
};

TEST_F(RecordingTest, RunInfoComesBackAsItWas) {
  RunInfo info;
  info.limpet_version = "0.1.0";
  info.command = {"python3", "app.py", "--name",
                  "Stra\xc3\x9f"
                  "e"};
  info.directory = "/srv/app";
  info.started_ns = 1'800'000'000'123'456'789;
  info.ended_ns = 0xffffffffffffffff;
  info.exit_status = 3;
  info.pid = 4711;
  info.notes = {"setuid program: the agent was not loaded"};
  ASSERT_TRUE(WriteRunInfo(path_, info).ok());
  const RunInfo back = *ReadRunInfo(path_);
  EXPECT_EQ(back.limpet_version, info.limpet_version);
  EXPECT_EQ(back.command, info.command);
  EXPECT_EQ(back.directory, info.directory);
  EXPECT_EQ(back.started_ns, info.started_ns);
  EXPECT_EQ(back.ended_ns, info.ended_ns);
  EXPECT_EQ(back.exit_status, 3);
  EXPECT_EQ(back.signal, std::nullopt);
  EXPECT_EQ(back.pid, 4711);
  EXPECT_EQ(back.notes, info.notes);
}

TEST_F(RecordingTest, ArgumentsMayBeAnyBytes) {
  RunInfo info;
  info.command = {"a\xff"};
  ASSERT_TRUE(WriteRunInfo(path_, info).ok());
  EXPECT_THAT((*ReadRunInfo(path_)).command, ElementsAre("a\xef\xbf\xbd"));
}

TEST_F(RecordingTest, FieldsOfTheWrongTypeKeepTheirDefaults) {
  Put("run.json",
      R"({"schema": "limpet.run/1", "pid": "x", "started_ns": -1, "command": [1, "a"], "signal": 1e99, "exit_status": 99999999999})");
  const RunInfo info = *ReadRunInfo(path_);
  EXPECT_EQ(info.pid, 0);
  EXPECT_EQ(info.started_ns, 0u);
  EXPECT_THAT(info.command, ElementsAre("a"));
  EXPECT_EQ(info.signal, std::nullopt);
}

TEST_F(RecordingTest, DamagedRunInfoIsAnErrorThatNamesTheFile) {
  EXPECT_THAT(ReadRunInfo(path_).message(), HasSubstr("run.json: No such file"));
  Put("run.json", "{\"schema\":");
  EXPECT_THAT(ReadRunInfo(path_).message(), HasSubstr(path_ + "/run.json is damaged"));
  Put("run.json", "[1]");
  EXPECT_THAT(ReadRunInfo(path_).message(), HasSubstr("is damaged"));
  Put("run.json", R"({"schema": "limpet.run/9"})");
  EXPECT_THAT(ReadRunInfo(path_).message(), HasSubstr("limpet.run/9"));
}

TEST_F(RecordingTest, ReadsAllProcessesByTheirStart) {
  ProcessBuilder child;
  child.header().pid = 12;
  child.header().start_realtime_ns += 5;
  ASSERT_TRUE(child.Write(path_).ok());
  child.header().image = 1;
  ASSERT_TRUE(child.Write(path_).ok());
  ProcessBuilder parent;
  parent.header().pid = 99;
  ASSERT_TRUE(parent.Write(path_).ok());
  Put("p7/data", "nonsense, but long enough for a magic number");
  ASSERT_TRUE(WriteRunInfo(path_, RunInfo{}).ok());
  const Recording recording = *ReadRecording(path_ + "//");
  EXPECT_EQ(recording.path, path_);
  ASSERT_EQ(recording.processes.size(), 3u);
  EXPECT_EQ(recording.processes[0].folder, "p99");
  EXPECT_EQ(recording.processes[1].folder, "p12");
  EXPECT_EQ(recording.processes[2].folder, "p12.1");
  EXPECT_THAT(recording.problems,
              ElementsAre(HasSubstr(path_ + "/p7/data: not a recording that this limpet can read")));
}

TEST_F(RecordingTest, ErrorsSayWhatIsThereInstead) {
  EXPECT_THAT(ReadRecording(path_).message(), HasSubstr("is empty"));
  EXPECT_THAT(ReadRecording(path_ + "/none").message(), HasSubstr("there is no recording"));
  Put("notes.txt", "x");
  EXPECT_THAT(ReadRecording(path_).message(), HasSubstr("neither run.json nor a process"));
  EXPECT_THAT(ReadRecording(path_ + "/notes.txt").message(), HasSubstr("it is a file"));
  RunInfo info;
  info.notes = {"setuid program: the agent was not loaded"};
  ASSERT_TRUE(WriteRunInfo(path_, info).ok());
  EXPECT_THAT(ReadRecording(path_).message(), HasSubstr("no process was recorded in " + path_ + "; setuid program"));
  Put("p1/data", "");
  EXPECT_THAT(ReadRecording(path_).message(), HasSubstr("p1/data is empty"));
  EXPECT_THAT(ReadRecording(path_ + "/p1").message(), HasSubstr("name the directory above it"));
  ASSERT_TRUE(std::filesystem::create_directory(path_ + "/p2"));
  EXPECT_THAT(ReadProcess(path_ + "/p2").message(), HasSubstr("p2/data: No such file or directory"));
}

TEST_F(RecordingTest, AForkThatWasKilledHalfwayIsNotTakenForItsParent) {
  ProcessBuilder parent;
  parent.header().pid = 12;
  ASSERT_TRUE(parent.Write(path_).ok());
  Put("p13/data", parent.Bytes());  // the child's file while it is still the parent's
  const Recording recording = *ReadRecording(path_);
  EXPECT_EQ(recording.processes.size(), 1u);
  EXPECT_THAT(recording.problems,
              ElementsAre(path_ + "/p13/data: the process was killed while it was forked from process 12: "
                                  "it recorded nothing of its own"));
}

TEST_F(RecordingTest, NoPermissionIsToldAsSuch) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ASSERT_TRUE(ProcessBuilder().Write(path_).ok());
  std::filesystem::permissions(path_ + "/p4711/data", std::filesystem::perms::none);
  EXPECT_THAT(ReadRecording(path_).message(), HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace limpet::capture
