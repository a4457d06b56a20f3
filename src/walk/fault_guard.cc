#include "walk/fault_guard.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

namespace limpet::walk {

void* g_return_point[5];
volatile uint64_t g_step;
volatile Foreign g_foreign;

namespace {

constexpr long kTickUs = 100000;
constexpr int kMostTicks = 30;
constexpr uint64_t kMostCpuNs = 500'000'000;
constexpr int kFailures[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// The step that was at hand at the last ticks, for how many of them, and how much work was done when it was first seen.
volatile uint64_t g_step_at_tick;
volatile int g_ticks;
volatile uint64_t g_cpu_at_first;

// Code that never stops calling itself has no stack left for a handler.
alignas(16) char g_signal_stack[32 * 1024];

void GoBack() {
  g_foreign = Foreign::kNone;
  __builtin_longjmp(g_return_point, 1);
}

void OnFault(int) { GoBack(); }

uint64_t CpuNs() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return uint64_t(now.tv_sec) * 1000000000u + uint64_t(now.tv_nsec);
}

void OnTick(int) {
  const uint64_t cpu_ns = CpuNs();
  if (g_foreign == Foreign::kNone || g_step != g_step_at_tick) {
    g_step_at_tick = g_step;
    g_ticks = 0;
    g_cpu_at_first = cpu_ns;
    return;
  }
  const int ticks = g_ticks + 1;
  g_ticks = ticks;
  const bool stuck = ticks >= kMostTicks || cpu_ns - g_cpu_at_first >= kMostCpuNs;
  if (stuck && g_foreign == Foreign::kRuns) GoBack();
}

bool Take(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_NODEFER | SA_ONSTACK;
  return sigaction(number, &action, nullptr) == 0;
}

}  // namespace

bool StartFaultGuard() {
  stack_t stack = {};
  stack.ss_sp = g_signal_stack;
  stack.ss_size = sizeof g_signal_stack;
  if (sigaltstack(&stack, nullptr) != 0) return false;
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : kFailures) {
    sigaddset(&ours, number);
    if (!Take(number, OnFault)) return false;
  }
  sigaddset(&ours, SIGALRM);
  if (!Take(SIGALRM, OnTick) || sigprocmask(SIG_UNBLOCK, &ours, nullptr) != 0) return false;
  const itimerval every = {{0, kTickUs}, {0, kTickUs}};
  return setitimer(ITIMER_REAL, &every, nullptr) == 0;
}

void StopFaultGuard() {
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  for (const int number : kFailures) Take(number, SIG_DFL);
  Take(SIGALRM, SIG_DFL);
}

}  // namespace limpet::walk
