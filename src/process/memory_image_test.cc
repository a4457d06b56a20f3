// The memory of a child of ours: what it had at the moment of the image, however it goes on.
#include "process/memory_image.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "process/stopped_process.h"
#include "process/symbols.h"

namespace limpet::process {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// A process of our own that shares our addresses: runs `body`, then waits for its end. Ready once `body` is done, or called `ready`.
class Child {
 public:
  explicit Child(const std::function<void()>& body) {
    int pipe_ends[2];
    EXPECT_EQ(pipe(pipe_ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      ready_fd = pipe_ends[1];
      body();
      Ready();
      for (;;) pause();
    }
    close(pipe_ends[1]);
    char byte;
    EXPECT_EQ(read(pipe_ends[0], &byte, 1), 1);
    close(pipe_ends[0]);
  }
  ~Child() { Kill(); }

  static void Ready() { (void)!write(ready_fd, "", 1); }
  pid_t pid() const { return pid_; }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  static inline int ready_fd = -1;
  pid_t pid_ = 0;
};

char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t at = text.rfind(')');
  return at == std::string::npos ? '?' : text[at + 2];
}

char* MapPages(size_t pages, int flags = MAP_PRIVATE | MAP_ANONYMOUS) {
  void* memory = mmap(nullptr, pages * kPageSize, PROT_READ | PROT_WRITE, flags, -1, 0);
  EXPECT_NE(memory, MAP_FAILED);
  return static_cast<char*>(memory);
}

uint64_t AddressOf(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

TEST(MemoryImage, HasWhatTheChildWroteAndNotWhatWeHave) {
  char* const memory = MapPages(600);
  std::memset(memory, 'p', 600 * kPageSize);
  const Child child([&] {
    for (size_t i = 0; i < 600 * kPageSize; ++i) memory[i] = char(i * 31 >> 3);
  });
  auto image = MemoryImage::Take(child.pid());
  ASSERT_TRUE(image.ok()) << image.message();
  const char* span = image->Span(AddressOf(memory), 600 * kPageSize);
  ASSERT_NE(span, nullptr);
  for (size_t i = 0; i < 600 * kPageSize; ++i) ASSERT_EQ(span[i], char(i * 31 >> 3));
  EXPECT_EQ(image->Span(AddressOf(memory) + 5, 3)[0], char(5 * 31 >> 3));
  EXPECT_EQ(image->Span(8, 8), nullptr);
  EXPECT_EQ(image->Span(~uint64_t{0} - 4, 8), nullptr);
  EXPECT_EQ(image->Span(AddressOf(memory), size_t{1} << 60), nullptr);
  EXPECT_GT(image->pause_ns(), 0u);
  EXPECT_LT(image->pause_ns(), 5'000'000'000u);
  EXPECT_GE(image->bytes_copied(), 600 * kPageSize);
  EXPECT_EQ(image->bytes_unreadable(), 0u);
  EXPECT_EQ(image->threads(), 1u);
  EXPECT_THAT(StateOf(child.pid()), AnyOf('S', 'R'));  // it goes on
  munmap(memory, 600 * kPageSize);
}

TEST(MemoryImage, PagesThatWereNeverTouchedAreZeroAndCostNothing) {
  constexpr size_t kPages = 1 << 18;  // 1 GB
  char* const memory = MapPages(kPages, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  const Child child([&] {
    memory[0] = 1;
    memory[(kPages - 1) * kPageSize] = 2;
  });
  auto image = MemoryImage::Take(child.pid());
  ASSERT_TRUE(image.ok()) << image.message();
  const char* span = image->Span(AddressOf(memory), kPages * kPageSize);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span[0], 1);
  EXPECT_EQ(span[(kPages / 2) * kPageSize], 0);
  EXPECT_EQ(span[(kPages - 1) * kPageSize], 2);
  EXPECT_LT(image->bytes_copied(), 500u << 20);
  munmap(memory, kPages * kPageSize);
}

TEST(MemoryImage, SpansCrossTheBordersOfMappings) {
  char* const memory = MapPages(6);
  std::memset(memory, 'x', 6 * kPageSize);
  mprotect(memory + kPageSize, kPageSize, PROT_READ);      // another mapping
  mprotect(memory + 4 * kPageSize, kPageSize, PROT_NONE);  // a hole
  char path[] = "/tmp/limpet-image-XXXXXX";
  const int fd = mkstemp(path);
  const std::string text(2 * kPageSize, 'f');
  ASSERT_EQ(write(fd, text.data(), text.size()), ssize_t(text.size()));
  ASSERT_NE(mmap(memory + 2 * kPageSize, 2 * kPageSize, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0), MAP_FAILED);
  Child child([] {});
  auto image = MemoryImage::Take(child.pid());
  ASSERT_TRUE(image.ok()) << image.message();
  const char* span = image->Span(AddressOf(memory) + 100, 4 * kPageSize - 100);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(std::string(span + kPageSize - 110, 20), std::string(20, 'x'));
  EXPECT_EQ(std::string(span + 2 * kPageSize - 110, 20), std::string(10, 'x') + std::string(10, 'f'));
  EXPECT_EQ(image->Span(AddressOf(memory) + 4 * kPageSize - 4, 8), nullptr);  // into the hole
  close(fd);
  unlink(path);
  munmap(memory, 6 * kPageSize);
}

TEST(MemoryImage, FilesAreReadAlsoAfterTheProcessHasEnded) {
  char path[] = "/tmp/limpet-image-XXXXXX";
  const int fd = mkstemp(path);
  const std::string text(kPageSize + 100, 'f');
  ASSERT_EQ(write(fd, text.data(), text.size()), ssize_t(text.size()));
  void* const memory = mmap(nullptr, 2 * kPageSize, PROT_READ, MAP_PRIVATE, fd, 0);
  Child child([] {});
  auto image = MemoryImage::Take(child.pid());
  ASSERT_TRUE(image.ok()) << image.message();
  child.Kill();
  const char* span = image->Span(AddressOf(memory), 2 * kPageSize);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span[kPageSize + 99], 'f');
  EXPECT_EQ(span[kPageSize + 100], 0);
  close(fd);
  unlink(path);
  munmap(memory, 2 * kPageSize);
}

struct Counters {
  std::atomic<uint64_t> first;
  char space[64 * 1024];
  std::atomic<uint64_t> second;
};

TEST(MemoryImage, IsOfOneMomentForAllThreadsAndLetsThemGoOn) {
  constexpr int kThreads = 8;
  auto* const counters = reinterpret_cast<Counters*>(MapPages(kThreads * 17));
  const Child child([&] {
    for (int i = 0; i < kThreads; ++i) {
      std::thread([counters, i] {
        for (;;) {
          counters[i].first.fetch_add(1);
          counters[i].second.fetch_add(1);
        }
      }).detach();
    }
  });
  uint64_t before = 0;
  for (int turn = 0; turn < 5; ++turn) {
    auto image = MemoryImage::Take(child.pid());
    ASSERT_TRUE(image.ok()) << image.message();
    EXPECT_EQ(image->threads(), size_t{kThreads} + 1);
    uint64_t sum = 0;
    for (int i = 0; i < kThreads; ++i) {
      uint64_t first, second;
      std::memcpy(&first, image->Span(AddressOf(&counters[i].first), 8), 8);
      std::memcpy(&second, image->Span(AddressOf(&counters[i].second), 8), 8);
      ASSERT_LE(second, first);
      ASSERT_LE(first, second + 1);
      sum += first;
    }
    EXPECT_GT(sum, before);
    before = sum;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  munmap(counters, kThreads * 17 * kPageSize);
}

volatile sig_atomic_t* alarms;

TEST(MemoryImage, NoSignalIsLost) {
  alarms = reinterpret_cast<volatile sig_atomic_t*>(MapPages(1, MAP_SHARED | MAP_ANONYMOUS));
  const Child child([] { std::signal(SIGUSR1, [](int) { *alarms = *alarms + 1; }); });
  for (int turn = 1; turn <= 20; ++turn) {
    kill(child.pid(), SIGUSR1);
    auto image = MemoryImage::Take(child.pid());
    ASSERT_TRUE(image.ok()) << image.message();
    for (int wait = 0; wait < 1000 && *alarms < turn; ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_EQ(*alarms, turn);
  }
}

TEST(MemoryImage, AStoppedProcessStaysStopped) {
  const Child child([] {});
  kill(child.pid(), SIGSTOP);
  int status;
  ASSERT_EQ(waitpid(child.pid(), &status, WUNTRACED), child.pid());
  auto image = MemoryImage::Take(child.pid());
  ASSERT_TRUE(image.ok()) << image.message();
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(StateOf(child.pid()), 'T');
}

TEST(MemoryImage, SaysWhyThereIsNone) {
  EXPECT_THAT(MemoryImage::Take(0x3ffffff0).message(), HasSubstr("no process"));
  EXPECT_FALSE(MemoryImage::Take(getpid()).ok());
  const Child traced([] { ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); });
  EXPECT_THAT(MemoryImage::Take(traced.pid()).message(), HasSubstr("is tracing it already"));
  const pid_t ended = fork();
  if (ended == 0) _exit(0);
  siginfo_t info;
  waitid(P_PID, id_t(ended), &info, WEXITED | WNOWAIT);  // a zombie
  EXPECT_FALSE(MemoryImage::Take(ended).ok());
  waitpid(ended, nullptr, 0);
}

TEST(MemoryImage, AnotherUsersProcessIsRefusedWithTheWayOut) {
  if (geteuid() != 0) GTEST_SKIP() << "takes root, to become somebody else";
  const Child child([] {});
  const pid_t other = fork();
  if (other == 0) {
    if (setuid(65534) != 0) _exit(3);
    const auto image = MemoryImage::Take(child.pid());
    _exit(!image.ok() && image.message().find("run limpet as that user or as root") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  waitpid(other, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Ends, forks, maps and calls execve while it is read: an error or an image, and nobody is hurt.
TEST(MemoryImage, ProcessesThatChangeMeanwhileDoNoHarm) {
  for (int turn = 0; turn < 60; ++turn) {
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < 40; ++i) {
        std::thread([] { std::this_thread::sleep_for(std::chrono::microseconds(50)); }).detach();
        void* memory =
            mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (i % 2) munmap(memory, 1 << 20);
      }
      if (turn % 2) execl("/bin/sleep", "sleep", "0.001", nullptr);
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(turn * 50));
    auto image = MemoryImage::Take(child);
    if (image.ok()) {
      for (const Mapping& mapping : image->map().mappings()) image->Span(mapping.begin, 64);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << status;
  }
}

int well_known_variable[4] = {4711, 0, 0, 7};

TEST(ModuleSymbols, NamesTheChildsVariables) {
  const Child child([] { well_known_variable[2] = 99; });
  auto image = MemoryImage::Take(child.pid());
  ASSERT_TRUE(image.ok()) << image.message();
  ModuleSymbols symbols(FindModules(image->map()), "/proc/" + std::to_string(child.pid()) + "/root");
  const uint64_t address = AddressOf(&well_known_variable);
  EXPECT_THAT(symbols.NameData(address), HasSubstr("well_known_variable"));
  EXPECT_THAT(symbols.NameData(address + 8), AnyOf(HasSubstr("well_known_variableE+0x8")));
  EXPECT_EQ(symbols.NameData(16), "");
  const auto environ_address = symbols.Find("environ");
  ASSERT_TRUE(environ_address);
  int value;
  std::memcpy(&value, image->Span(address + 8, 4), 4);
  EXPECT_EQ(value, 99);
  EXPECT_EQ(symbols.Find("no_such_symbol_anywhere"), std::nullopt);
}

}  // namespace
}  // namespace limpet::process
