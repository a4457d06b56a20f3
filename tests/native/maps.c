// Random mappings laid over each other, unmapped in part, and resized, against a model that knows the owner of every page.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "count.h"

enum { kPages = 96, kPage = 4096, kCalls = 40, kPhases = 30 };

static char* g_region;
static int g_owner[kPages];  // the block that each page belongs to, 0: none
static int g_blocks;         // numbers given away
static uint64_t g_state = 0x853c49e6748fea9b;

static int Random(int below) {
  g_state = g_state * 6364136223846793005u + 1442695040888963407u;
  return (int)((g_state >> 33) % (uint64_t)below);
}

// What limpet promises for pages [from, to) that go: bytes die; a block that loses its last page dies; one that is cut in two is
// one block more.
static void Gone(int from, int to) {
  while (from < to) {
    const int block = g_owner[from];
    int end = from;
    while (end < to && g_owner[end] == block) g_owner[end++] = 0;
    if (block) {
      g_counts[7] += (size_t)(end - from) * kPage;
      const int low = from > 0 && g_owner[from - 1] == block, high = end < kPages && g_owner[end] == block;
      if (!low && !high) g_counts[6] += 1;
      if (low && high) {
        g_counts[4] += 1;
        ++g_blocks;
        for (int i = end; i < kPages && g_owner[i] == block; ++i) g_owner[i] = g_blocks;
      }
    }
    from = end;
  }
}

static void Come(int from, int to) {
  MapBirth((size_t)(to - from) * kPage);
  ++g_blocks;
  for (int i = from; i < to; ++i) g_owner[i] = g_blocks;
}

// Keeps unmapped pages of the region from being given to somebody else, by a call that nobody counts.
static void Keep(int from, int to) {
  const long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (syscall(SYS_mmap, g_region + from * kPage, (long)(to - from) * kPage, (long)PROT_NONE, flags, -1L, 0L) == -1)
    _exit(6);
}

static void Calls(void) {
  for (int call = 0; call < kCalls; ++call) {
    const int from = Random(kPages), to = from + 1 + Random(kPages - from < 20 ? kPages - from : 20);
    char* start = g_region + from * kPage;
    const size_t size = (size_t)(to - from) * kPage;
    if (Random(2)) {
      const size_t asked = size - (size_t)Random(kPage);  // whole pages count, however few bytes were asked for
      if (mmap(start, asked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != start) _exit(6);
      Gone(from, to);
      Come(from, to);
    } else if (Random(4) || !g_owner[from] || from + 1 == to) {
      if (munmap(start, size) != 0) _exit(6);
      Keep(from, to);
      Gone(from, to);
    } else {
      int end = from;  // shrinks what is left of one block to its first page
      while (end < kPages && g_owner[end] == g_owner[from]) ++end;
      if (mremap(start, (size_t)(end - from) * kPage, kPage, 0) != start) _exit(6);
      if (end > from + 1) Keep(from + 1, end);
      Gone(from, end);
      Come(from, from + 1);
    }
  }
}

int main(void) {
  Phase("warm-up", 0);
  g_region = mmap(NULL, (size_t)kPages * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g_region == MAP_FAILED) return 6;
  g_blocks = 1;
  for (int i = 0; i < kPages; ++i) g_owner[i] = 1;
  Phase("warm-up", 0);
  for (int phase = 1; phase < kPhases; ++phase) Phase("random", Calls);
  Phase("mixed", Calls);
  return 0;
}
