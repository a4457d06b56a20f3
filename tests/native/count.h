// Counts what a phase of calls.c or operators.cc does, and tells it by lines on file descriptor 1.
#ifndef LIMPET_TESTS_NATIVE_COUNT_H_
#define LIMPET_TESTS_NATIVE_COUNT_H_

#include <stddef.h>
#include <string.h>
#include <unistd.h>

// births, birth bytes, deaths, death bytes; first of malloc and kin, then of mappings
static size_t g_counts[8];

static inline void Count(int kind, size_t bytes) {
  g_counts[kind] += 1;
  g_counts[kind + 1] += bytes;
}
static inline void Birth(size_t bytes) { Count(0, bytes); }
static inline void Death(size_t bytes) { Count(2, bytes); }
static inline void MapBirth(size_t bytes) { Count(4, bytes); }
static inline void MapDeath(size_t bytes) { Count(6, bytes); }
static inline void CountShared(int kind, size_t bytes) {
  __atomic_fetch_add(&g_counts[kind], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&g_counts[kind + 1], bytes, __ATOMIC_RELAXED);
}
static inline void BirthShared(size_t bytes) { CountShared(0, bytes); }
static inline void DeathShared(size_t bytes) { CountShared(2, bytes); }

static inline char* PutNumber(char* to, size_t value) {
  char digits[24];
  int n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  *to++ = ' ';
  while (n) *to++ = digits[--n];
  return to;
}

static inline void Phase(const char* name, void (*body)(void)) {
  memset(g_counts, 0, sizeof g_counts);
  if (body) body();
  char line[400];
  char* end = line + strlen(strcpy(line, "phase "));
  end += strlen(strcpy(end, name));
  for (int k = 0; k < 8; ++k) end = PutNumber(end, g_counts[k]);
  *end++ = '\n';
  if (write(1, line, (size_t)(end - line)) < 0) _exit(9);
  char c = 0;
  while (c != '\n') {
    if (read(0, &c, 1) != 1) _exit(0);
  }
}

#endif  // LIMPET_TESTS_NATIVE_COUNT_H_
