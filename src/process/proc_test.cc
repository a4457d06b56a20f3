#include "process/proc.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::process {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// A process id that is free: that of a child that has just been reaped.
pid_t DeadPid() {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  waitpid(pid, nullptr, 0);
  return pid;
}

TEST(Proc, KnowsThisProcess) {
  const auto status = ReadStatus(getpid());
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->effective_uid, geteuid());
  EXPECT_GE(status->threads, 1u);
  EXPECT_GT(status->rss_kb, 100u);
  char self[PATH_MAX] = {};
  ASSERT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
  EXPECT_EQ(*ReadExecutable(getpid()), self);
  EXPECT_THAT(*ReadMappedFiles(getpid()), Contains(std::string(self)));
  EXPECT_FALSE(ReadCommandLine(getpid())->empty());
}

TEST(Proc, ReadsTheEnvironmentAProcessWasStartedWith) {
  const auto variables = ReadEnvironment(getpid());
  ASSERT_TRUE(variables.ok());
  EXPECT_THAT(*variables, Contains(testing::StartsWith("PATH=")));
}

TEST(Proc, SaysThatAProcessIsGone) {
  const pid_t pid = DeadPid();
  EXPECT_THAT(ReadStatus(pid).message(), HasSubstr("there is no process"));
  EXPECT_THAT(ReadExecutable(pid).message(), HasSubstr("there is no process"));
  EXPECT_THAT(ReadEnvironment(pid).message(), HasSubstr("there is no process"));
}

TEST(Proc, TellsWhetherAFileIsMapped) {
  char name[] = "/tmp/limpet-mapped-XXXXXX";
  const int fd = mkstemp(name);
  ASSERT_EQ(ftruncate(fd, 4096), 0);
  EXPECT_FALSE(MapsFile(getpid(), name));
  void* at = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  ASSERT_NE(at, MAP_FAILED);
  EXPECT_TRUE(MapsFile(getpid(), name));
  EXPECT_FALSE(MapsFile(DeadPid(), name));
  EXPECT_TRUE(MapsFile(0, name)) << "unknown counts as mapped";
  EXPECT_TRUE(MapsFile(getpid(), std::string(name) + "\nx")) << "maps cannot tell";
  munmap(at, 4096);
  close(fd);
  unlink(name);
}

}  // namespace
}  // namespace limpet::process
