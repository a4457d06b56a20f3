#include "walk/fault_guard.h"

#include <signal.h>
#include <sys/time.h>
#include <initializer_list>

namespace limpet::walk {

void* g_return_point[5];
volatile uint64_t g_step;
volatile uint32_t g_in_foreign;

namespace {

constexpr long kTickUs = 100000;

volatile uint64_t g_step_at_tick;

void GoBack() {
  g_in_foreign = 0;
  __builtin_longjmp(g_return_point, 1);
}

void OnFault(int) { GoBack(); }

void OnTick(int) {
  const bool stuck = g_in_foreign && g_step == g_step_at_tick;
  g_step_at_tick = g_step;
  if (stuck) GoBack();
}

bool Take(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_NODEFER;
  return sigaction(number, &action, nullptr) == 0;
}

}  // namespace

bool StartFaultGuard() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGSEGV, SIGBUS, SIGALRM}) sigaddset(&ours, number);
  if (!Take(SIGSEGV, OnFault) || !Take(SIGBUS, OnFault) || !Take(SIGALRM, OnTick)) return false;
  if (sigprocmask(SIG_UNBLOCK, &ours, nullptr) != 0) return false;
  const itimerval every = {{0, kTickUs}, {0, kTickUs}};
  return setitimer(ITIMER_REAL, &every, nullptr) == 0;
}

void StopFaultGuard() {
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  for (const int number : {SIGSEGV, SIGBUS, SIGALRM}) Take(number, SIG_DFL);
}

}  // namespace limpet::walk
