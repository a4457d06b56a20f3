#include "agent/unwind.h"

#include <execinfo.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace limpet::agent {
namespace {

using ::testing::ElementsAreArray;
using ::testing::Ge;
using ::testing::SizeIs;

// What both unwinders say of one moment.
struct Seen {
  std::vector<uint64_t> ours, theirs;
};

// A Thread is large, and threads with tiny stacks are tested too.
std::unique_ptr<Thread, void (*)(Thread*)> NewThread() {
  return {static_cast<Thread*>(calloc(1, sizeof(Thread))), [](Thread* thread) { free(thread); }};
}

// Return addresses of the callers of this function.
__attribute__((noinline)) void Look(Thread* thread, Seen* seen) {
  static void* theirs[256];
  CaptureNative(thread, Here());
  const int count = backtrace(theirs, 256);
  seen->ours.assign(thread->native_frames, thread->native_frames + thread->native_count);
  seen->theirs.clear();
  for (int i = 0; i < count; ++i) seen->theirs.push_back(reinterpret_cast<uint64_t>(theirs[i]));
  // A sanitizer puts a function of its own between us and the C library's.
  const auto caller = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  for (int more = 0; more < 2 && seen->theirs.size() > 1 && seen->theirs[1] != caller; ++more)
    seen->theirs.erase(seen->theirs.begin());
}

// Both begin in Look, each at another instruction: from the caller of Look on they are the same.
void ExpectSame(const Seen& seen) {
  ASSERT_THAT(seen.ours, SizeIs(Ge(3u)));
  const std::vector<uint64_t> ours(seen.ours.begin() + 1, seen.ours.end());
  std::vector<uint64_t> theirs(seen.theirs.begin() + 1, seen.theirs.end());
  theirs.resize(std::min<size_t>(theirs.size(), kMaxNativeFrames - 1));
  EXPECT_THAT(ours, ElementsAreArray(theirs));
}

// Where less of the stack may be read, ours is the beginning of theirs.
void ExpectBeginning(const Seen& seen) {
  ASSERT_THAT(seen.ours, SizeIs(Ge(2u)));
  ASSERT_THAT(seen.theirs, SizeIs(Ge(seen.ours.size())));
  EXPECT_TRUE(std::equal(seen.ours.begin() + 1, seen.ours.end(), seen.theirs.begin() + 1));
}

// Functions of the shapes that compilers make, each calling the next one that `chain` names.
struct Chain {
  const uint8_t* next;  // ends in 0xff
  Thread* thread;
  Seen* seen;
};
int Go(Chain chain);
#define LIMPET_SHAPE __attribute__((noinline))
#ifdef __clang__
#define LIMPET_OPTIMIZE(option)
#else
#define LIMPET_OPTIMIZE(option) __attribute__((optimize(option)))
#endif
volatile int g_sink;

LIMPET_SHAPE int Plain(Chain chain) { return Go(chain) + 1; }

LIMPET_OPTIMIZE("no-omit-frame-pointer") LIMPET_SHAPE int WithFramePointer(Chain chain) {
  return Go(chain) * 3 + g_sink;
}

LIMPET_OPTIMIZE("omit-frame-pointer") LIMPET_SHAPE int WithoutFramePointer(Chain chain) {
  volatile char room[72] = {};
  const int result = Go(chain);
  return result + room[result & 63];
}

// rsp changes as the function goes along: only rbp, or the tables, know the frame.
LIMPET_SHAPE int WithAlloca(Chain chain) {
  const size_t size = size_t(chain.next[0]) * 40 + 16;
  volatile char* room = static_cast<char*>(__builtin_alloca(size));
  room[0] = 1;
  room[size - 1] = 1;
  return Go(chain) + room[size - 1];
}

// More alignment than the ABI gives: the frame is reached by a word that is kept (in the tables, an expression).
LIMPET_OPTIMIZE("omit-frame-pointer") LIMPET_SHAPE int Realigned(Chain chain) {
  alignas(64) volatile char room[128] = {};
  volatile char* more = static_cast<char*>(__builtin_alloca(size_t(chain.next[0]) + 16));
  more[0] = 1;
  return Go(chain) + room[static_cast<unsigned char>(more[0])];
}

// All registers that must be kept are in use, rbp as one like any other.
LIMPET_OPTIMIZE("omit-frame-pointer") LIMPET_SHAPE int KeepsAll(Chain chain) {
  long a = g_sink + 1, b = a * 3, c = b ^ 5, d = c + a, e = d * b, f = e - c, g = f + 7;
  __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g));
  const int result = Go(chain);
  __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g));
  return result + int(a + b + c + d + e + f + g);
}

// Arguments on the stack of the caller.
LIMPET_SHAPE int Variadic(int count, ...) {
  va_list rest;
  va_start(rest, count);
  const Chain chain = *va_arg(rest, Chain*);
  va_end(rest);
  return Go(chain) + count;
}

// Frames larger than a page, and code with a landing pad.
LIMPET_SHAPE int LargeWithCleanup(Chain chain) {
  const std::vector<int> kept(10, 1);
  volatile char room[9000] = {};
  return Go(chain) + kept[size_t(room[100])];
}

constexpr uint8_t kShapes = 8;

int Go(Chain chain) {
  const uint8_t shape = *chain.next++;
  switch (shape) {
    case 0:
      return Plain(chain) + 1;
    case 1:
      return WithFramePointer(chain) + 1;
    case 2:
      return WithoutFramePointer(chain) + 1;
    case 3:
      return WithAlloca(chain) + 1;
    case 4:
      return Realigned(chain) + 1;
    case 5:
      return KeepsAll(chain) + 1;
    case 6:
      return Variadic(7, &chain, 1, 2, 3, 4, 5, 6, 7, 8) + 1;
    case 7:
      return LargeWithCleanup(chain) + 1;
    default:
      Look(chain.thread, chain.seen);
      return 0;
  }
}

class UnwindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SetUpUnwind(nullptr)) GTEST_SKIP() << "this C library has no _dl_find_object";
    void* warm[4];
    backtrace(warm, 4);  // loads what it needs
  }

  std::unique_ptr<Thread, void (*)(Thread*)> thread_ = NewThread();
};

TEST_F(UnwindTest, SeesWhatTheCLibrarySeesOnRandomCallChains) {
  std::mt19937 random(20261121);
  Seen seen;
  for (int round = 0; round < 400; ++round) {
    std::vector<uint8_t> chain(random() % 24);
    for (uint8_t& shape : chain) shape = uint8_t(random() % kShapes);
    chain.insert(chain.end(), 2, 0xff);
    Go({chain.data(), thread_.get(), &seen});
    ExpectSame(seen);
    if (HasFailure()) FAIL() << "chain " << ::testing::PrintToString(chain);
  }
}

TEST_F(UnwindTest, CutsDeepRecursionToTheInnermostFrames) {
  Seen seen;
  std::vector<uint8_t> chain(500, 5);
  chain.insert(chain.end(), 2, 0xff);
  Go({chain.data(), thread_.get(), &seen});
  EXPECT_THAT(seen.ours, SizeIs(kMaxNativeFrames));
  ExpectSame(seen);
}

struct OnThread {
  Thread* thread;
  Seen seen;
};

void* LookOnThread(void* argument) {
  auto* job = static_cast<OnThread*>(argument);
  const uint8_t chain[] = {2, 5, 0, 1, 0xff, 0xff};
  Go({chain, job->thread, &job->seen});
  return nullptr;
}

void RunOnThread(size_t stack_size, OnThread* job) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_size);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, LookOnThread, job), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST_F(UnwindTest, SeesTheStacksOfThreadsAlsoOfTinyOnes) {
  for (const size_t size : {size_t(PTHREAD_STACK_MIN) + 16384, size_t(256) << 10, size_t(8) << 20}) {
    const auto thread = NewThread();
    OnThread job = {thread.get(), {}};
    RunOnThread(size, &job);
    ExpectSame(job.seen);
    EXPECT_NE(thread->stack_high, 0u) << size;
  }
}

Thread* g_thread;
Seen g_seen;
void LookInHandler(int) {
  const uint8_t chain[] = {2, 5, 0xff, 0xff};
  Go({chain, g_thread, &g_seen});
}

TEST_F(UnwindTest, EndsAtSignalHandlersAndStaysOnTheirStack) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer calls handlers itself, from another place and later";
#endif
  std::vector<char> room(1 << 18);
  const stack_t other = {.ss_sp = room.data(), .ss_flags = 0, .ss_size = room.size()};
  stack_t before;
  ASSERT_EQ(sigaltstack(&other, &before), 0);
  for (const int flags : {0, SA_ONSTACK}) {
    struct sigaction action = {};
    action.sa_handler = LookInHandler;
    action.sa_flags = flags;
    sigaction(SIGUSR1, &action, nullptr);
    g_thread = thread_.get();
    raise(SIGUSR1);
    ExpectBeginning(g_seen);
  }
  signal(SIGUSR1, SIG_DFL);
  sigaltstack(&before, nullptr);
}

ucontext_t g_main, g_coroutine;
void LookInCoroutine() { LookInHandler(0); }

TEST_F(UnwindTest, ReadsOnlyThePageThatRunsOnACoroutinesStack) {
  constexpr size_t kSize = 1 << 18;
  char* room = static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  getcontext(&g_coroutine);
  g_coroutine.uc_stack = {.ss_sp = room, .ss_flags = 0, .ss_size = kSize};
  g_coroutine.uc_link = &g_main;
  makecontext(&g_coroutine, LookInCoroutine, 0);
  g_thread = thread_.get();
  swapcontext(&g_main, &g_coroutine);
  ExpectBeginning(g_seen);
  munmap(room, kSize);
}

// Whatever lies on a stack, and whatever the registers are: nothing outside of it is read.
TEST_F(UnwindTest, NeverLeavesTheStackWhateverIsOnIt) {
  constexpr size_t kPage = 4096, kWords = 2 * kPage / 8;
  char* room = static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  auto* words = reinterpret_cast<uint64_t*>(room + kPage);
  ASSERT_EQ(mprotect(words, 2 * kPage, PROT_READ | PROT_WRITE), 0);
  const auto first = reinterpret_cast<uint64_t>(words), end = first + 2 * kPage;
  // Code of this program and of the C library, at any byte.
  const auto code = reinterpret_cast<uint64_t>(&Go), library = reinterpret_cast<uint64_t>(&qsort);
  std::mt19937_64 random(7);
  uint64_t frames[kMaxNativeFrames];
  uint64_t told = 0;
  for (int round = 0; round < 20000; ++round) {
    const auto word = [&]() -> uint64_t {
      switch (random() % 4) {
        case 0:
          return code + random() % 4096;
        case 1:
          return library + random() % 65536;
        case 2:
          return first + random() % (2 * kPage + 64) - 32;
        default:
          return random() >> random() % 64;
      }
    };
    for (size_t i = 0; i < 64; ++i) words[random() % kWords] = word();
    const Registers registers = {random() % 2 ? code + random() % 4096 : word(), first + random() % (2 * kPage) / 8 * 8,
                                 word()};
    told += Walk(registers, {first, end}, frames, kMaxNativeFrames);
  }
  EXPECT_GT(told, 5000u);  // the stacks are odd, but there are some
  munmap(room, 4 * kPage);
}

TEST(UnwindRuleTest, RulesSurvivePacking) {
  std::mt19937 random(3);
  for (int round = 0; round < 100000; ++round) {
    UnwindRule rule;
    rule.cfa = Cfa(random() % 6);
    rule.bp = SavedBp(random() % 3);
    rule.own = random() % 2;
    rule.interpreter = random() % 2;
    rule.cfa_offset = (int32_t(random()) >> (random() % 28)) / 8 * 8;
    rule.bp_offset = int32_t(random() % 2047) * 8 - 8184;
    ASSERT_TRUE(FitsRule(rule));
    ASSERT_EQ(UnpackRule(PackRule(rule)), rule);
    ASSERT_EQ(PackRule(rule) >> kRuleBits, 0u);
  }
}

}  // namespace
}  // namespace limpet::agent
