// A known sequence of allocation calls, in phases. After each phase it tells by a line what a byte-exact tracer must have seen,
//   phase <name> <births> <birth bytes> <deaths> <death bytes> <map births> <map birth bytes> <map deaths> <map death bytes>
// and waits for a line. It uses no stdio, so that between two lines nothing but the phase itself allocates.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "count.h"

static void* volatile keep;

static void PlainCalls(void) {
  for (size_t n = 0; n < 2000; n += 7) {
    char* a = malloc(n);
    Birth(n);
    char* b = calloc(n, 3);
    Birth(n * 3);
    memset(a, 1, n);
    a = realloc(a, n * 2 + 1);
    Death(n);
    Birth(n * 2 + 1);
    free(b);
    Death(n * 3);
    if (n % 2) {
      free(a);
      Death(n * 2 + 1);
    }
  }
  free(NULL);
  keep = realloc(NULL, 100);
  Birth(100);
  keep = realloc(keep, 10);
  Death(100);
  Birth(10);
  keep = malloc(300 * 1024 * 1024);
  Birth(300 * 1024 * 1024);
  keep = realloc(keep, 301 * 1024 * 1024);  // glibc moves its mapping by mremap: one block all the same
  Death(300 * 1024 * 1024);
  Birth(301 * 1024 * 1024);
  free(keep);
  Death(301 * 1024 * 1024);
}

static void ZeroSizes(void) {
  for (int k = 0; k < 3; ++k) {
    void* a = malloc(0);
    Birth(0);
    void* b = calloc(0, 8);
    Birth(0);
    void* c = realloc(NULL, 0);
    Birth(0);
    void* d = malloc(40);
    Birth(40);
    keep = realloc(d, 0);  // glibc frees it
    Death(40);
    if (k) {
      free(a);
      free(b);
      free(c);
      Death(0);
      Death(0);
      Death(0);
    }
  }
}

static void AlignedCalls(void) {
  for (size_t align = 16; align <= 65536; align *= 2) {
    void* p = NULL;
    if (posix_memalign(&p, align, align + 5) != 0) _exit(3);
    Birth(align + 5);
    keep = aligned_alloc(align, align * 2);
    Birth(align * 2);
    void* m = memalign(align, 33);
    Birth(33);
    p = realloc(p, 9);
    Death(align + 5);
    Birth(9);
    free(m);
    Death(33);
  }
  void* v = valloc(100);
  Birth(100);
  keep = valloc(5000);
  Birth(5000);
  free(v);
  Death(100);
  void* array = reallocarray(NULL, 30, 7);
  Birth(210);
  array = reallocarray(array, 31, 7);
  Death(210);
  Birth(217);
  free(array);
  Death(217);
}

static void FailingCalls(void) {
  char* p = malloc(1000);
  Birth(1000);
  struct rlimit old, tight;
  getrlimit(RLIMIT_AS, &old);
  tight = old;
  tight.rlim_cur = 1;
  setrlimit(RLIMIT_AS, &tight);
  errno = 0;
  if (realloc(p, (size_t)1 << 40) || errno != ENOMEM) _exit(4);  // p stays as it was
  if (malloc((size_t)1 << 40) || calloc((size_t)1 << 40, 2)) _exit(4);
  if (reallocarray(p, SIZE_MAX / 2, 3) || calloc(SIZE_MAX / 2, 3)) _exit(4);
  void* q = NULL;
  if (posix_memalign(&q, 24, 100) != EINVAL || posix_memalign(&q, 64, (size_t)1 << 40) != ENOMEM) _exit(4);
  if (mmap(NULL, (size_t)1 << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) _exit(4);
  setrlimit(RLIMIT_AS, &old);
  if (munmap((void*)1, 4096) == 0) _exit(4);
  p = realloc(p, 2000);
  Death(1000);
  Birth(2000);
  errno = 77;  // free and failing free paths must not change it
  free(p);
  Death(2000);
  if (errno != 77) _exit(5);
}

static void MappedMemory(void) {
  const size_t page = 4096;
  char* a = mmap(NULL, 64 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MapBirth(64 * page);
  char* b = mmap64(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  MapBirth(8 * page);
  b = mremap(b, 8 * page, 128 * page, MREMAP_MAYMOVE);
  MapDeath(8 * page);
  MapBirth(128 * page);
  if (b == MAP_FAILED) _exit(6);
  munmap(b, 128 * page);
  MapDeath(128 * page);
  keep = a;
}

struct Job {
  pthread_barrier_t* barrier;
  void** handed;
  int count;
};

static void* ThreadBody(void* argument) {
  struct Job* job = argument;
  for (int k = 0; k < job->count; ++k) {
    const size_t size = (size_t)(k % 300);
    job->handed[k] = malloc(size);
    BirthShared(size);
    void* own = calloc(1, size + 1);
    BirthShared(size + 1);
    own = realloc(own, size + 50);
    DeathShared(size + 1);
    BirthShared(size + 50);
    free(own);
    DeathShared(size + 50);
  }
  return NULL;
}

static void* FreeingBody(void* argument) {
  struct Job* job = argument;
  for (int k = 0; k < job->count; k += 2) {
    free(job->handed[k]);
    DeathShared((size_t)(k % 300));
  }
  return NULL;
}

// Threads' own blocks (stacks, TLS vectors) are made by the C library inside itself; to keep them out of the count, threads start
// and end by clone-free means only: the same pool runs before the phase is counted, and glibc reuses its cached stacks.
static void RunThreads(int count) {
  enum { kThreads = 4 };
  static void* handed[kThreads][200000];
  pthread_t threads[kThreads];
  struct Job jobs[kThreads];
  for (int k = 0; k < kThreads; ++k) {
    jobs[k] = (struct Job){NULL, handed[k], count};
    pthread_create(&threads[k], NULL, ThreadBody, &jobs[k]);
  }
  for (int k = 0; k < kThreads; ++k) pthread_join(threads[k], NULL);
  for (int k = 0; k < kThreads; ++k) {  // each thread frees what its neighbour made
    jobs[k].handed = handed[(k + 1) % kThreads];
    pthread_create(&threads[k], NULL, FreeingBody, &jobs[k]);
  }
  for (int k = 0; k < kThreads; ++k) pthread_join(threads[k], NULL);
}

// Blocks so large that each begins an epoch, and with them the folding of dead counts, amid threads that count all the time.
static void* LargeBody(void* argument) {
  for (int k = 0; k < 3000; ++k) {
    const size_t size = ((size_t)1 << 20) + (size_t)k;
    void* block = malloc(size);
    keep = block;
    BirthShared(size);
    free(block);
    DeathShared(size);
  }
  return argument;
}

static void AmidEpochs(void) {
  enum { kSmall = 3, kCount = 100000 };
  static void* handed[kSmall][kCount];
  pthread_t threads[kSmall + 1];
  struct Job jobs[kSmall];
  pthread_create(&threads[kSmall], NULL, LargeBody, NULL);
  for (int k = 0; k < kSmall; ++k) {
    jobs[k] = (struct Job){NULL, handed[k], kCount};
    pthread_create(&threads[k], NULL, ThreadBody, &jobs[k]);
  }
  for (int k = 0; k <= kSmall; ++k) pthread_join(threads[k], NULL);
}

static void Threads(void) { RunThreads(20000); }

static void LoadedLibrary(void) {
  // The first dlopen of a library allocates inside the loader; what its code asks for is what is counted here.
  static void* (*make)(size_t);
  static void (*drop)(void*);
  if (!make) {
    void* library = dlopen(getenv("LOADED_LIBRARY"), RTLD_NOW);
    if (!library) _exit(7);
    make = (void* (*)(size_t))dlsym(library, "Make");
    drop = (void (*)(void*))dlsym(library, "Drop");
    return;
  }
  for (size_t n = 0; n < 500; ++n) {
    void* p = make(n);
    Birth(n);
    if (n % 3) {
      drop(p);
      Death(n);
    }
  }
}

// Addresses of the functions in data, taken before main: relocations of another kind than calls have.
static void* (*g_malloc)(size_t) = malloc;
static void (*g_free)(void*) = free;
static void* (*volatile g_realloc)(void*, size_t) = realloc;

static void ThroughPointers(void) {
  for (size_t n = 1; n < 300; ++n) {
    void* p = g_malloc(n);
    Birth(n);
    p = g_realloc(p, n + 1);
    Death(n);
    Birth(n + 1);
    if (n % 2) {
      g_free(p);
      Death(n + 1);
    }
  }
}

static void MixedPointers(void) {  // made by a call, freed through a pointer, and the other way round
  for (size_t n = 1; n < 300; ++n) {
    void* p = malloc(n);
    Birth(n);
    g_free(p);
    Death(n);
    p = g_malloc(n);
    Birth(n);
    free(p);
    Death(n);
  }
}

int main(void) {
  Phase("nothing", NULL);
  Phase("plain", PlainCalls);
  Phase("zero", ZeroSizes);
  Phase("aligned", AlignedCalls);
  Phase("failing", FailingCalls);
  Phase("mapped", MappedMemory);
  RunThreads(1);
  Phase("warm-up", NULL);
  Phase("threads", Threads);
  Phase("amid-epochs", AmidEpochs);
  LoadedLibrary();
  Phase("loaded", NULL);
  Phase("library", LoadedLibrary);
  Phase("pointers", ThroughPointers);
  Phase("mixed", MixedPointers);
  return 0;
}
