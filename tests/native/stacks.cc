// A library that keeps a block by each of several ways of being called; tests/native/test_native_stacks.py names the functions that
// must be seen on the native stack. Called by ctypes.
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <pthread.h>

#include <stdexcept>
#include <string>

#define SHOWN extern "C" __attribute__((noinline, visibility("default")))
#define KEEP_FRAME __asm__ volatile("" ::: "memory")  // no tail calls

namespace {
void* g_kept[1 << 16];
unsigned g_count;
}  // namespace

SHOWN void keep_block(size_t size) {
  g_kept[g_count++ & 0xffff] = malloc(size);
  KEEP_FRAME;
}

SHOWN void by_plain_calls() {
  keep_block(1000);
  KEEP_FRAME;
}

SHOWN void by_alloca(size_t n) {
  volatile char* room = static_cast<char*>(alloca(n % 900 + 1));
  room[0] = 1;
  keep_block(1001);
  KEEP_FRAME;
}

SHOWN void by_realigned_frame() {
  alignas(64) volatile char room[256];
  room[0] = 1;
  (void)room[0];
  keep_block(1002);
  KEEP_FRAME;
}

SHOWN void by_recursion(int depth) {
  if (depth > 0) by_recursion(depth - 1);
  else keep_block(1003);
  KEEP_FRAME;
}

// A destructor that runs while an exception is in flight allocates.
struct AllocatesAsItGoes {
  ~AllocatesAsItGoes() {
    keep_block(1004);
    KEEP_FRAME;
  }
};
SHOWN void throws_past_an_object() {
  AllocatesAsItGoes object;
  throw std::runtime_error("as it should");
}
SHOWN int by_exception() {
  try {
    throws_past_an_object();
  } catch (const std::exception&) {
    return 1;
  }
  return 0;
}

// qsort calls back: C library, then the program again.
static int compare(const void* a, const void* b) {
  static bool once;
  if (!once) keep_block(1005);
  KEEP_FRAME;
  once = true;
  return *static_cast<const char*>(a) - *static_cast<const char*>(b);
}
SHOWN void by_callback() {
  char letters[] = "hgfedcba";
  qsort(letters, 8, 1, compare);
  KEEP_FRAME;
}

static void* thread_body(void*) {
  keep_block(1006);
  KEEP_FRAME;
  return nullptr;
}
SHOWN int by_thread(size_t stack) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  if (stack) pthread_attr_setstacksize(&attributes, stack);
  if (pthread_create(&thread, &attributes, thread_body, nullptr) != 0) return -1;
  return pthread_join(thread, nullptr);
}

// What may not be done in a handler is done here: programs do it.
static void handler(int) {
  keep_block(1007);
  KEEP_FRAME;
}
SHOWN void by_alternate_stack() {
  static char room[1 << 16];
  stack_t stack = {}, before;
  stack.ss_sp = room;
  stack.ss_size = sizeof room;
  sigaltstack(&stack, &before);
  struct sigaction action = {}, old;
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR2, &action, &old);
  raise(SIGUSR2);
  sigaction(SIGUSR2, &old, nullptr);
  sigaltstack(&before, nullptr);
}

static ucontext_t g_main, g_other;
static void coroutine_body() {
  keep_block(1008);
  KEEP_FRAME;
}
SHOWN void by_coroutine() {
  static char room[1 << 17];
  getcontext(&g_other);
  g_other.uc_stack.ss_sp = room;
  g_other.uc_stack.ss_size = sizeof room;
  g_other.uc_link = &g_main;
  makecontext(&g_other, coroutine_body, 0);
  swapcontext(&g_main, &g_other);
}

// The last bytes of a stack: what the unwinder itself needs must fit there. Goes down as far as the thread's stack reaches, less
// what malloc wants.
static void* deep_body(void* argument) {
  by_recursion(static_cast<int>(reinterpret_cast<size_t>(argument)));
  return nullptr;
}
SHOWN int by_deep_thread(size_t stack, size_t depth) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack);
  if (pthread_create(&thread, &attributes, deep_body, reinterpret_cast<void*>(depth)) != 0) return -1;
  return pthread_join(thread, nullptr);
}

SHOWN void by_cpp_string(const char* text) {
  g_kept[g_count++ & 0xffff] = new std::string(text);
  KEEP_FRAME;
}
