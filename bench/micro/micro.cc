// Nanoseconds of single allocator calls, measured from inside a Python process so that whatever watches that process is at work.
//
// The library is loaded with dlopen and calls malloc and free through its own GOT, as any extension module does. Blocks "nobody saw"
// come from __libc_malloc, which glibc exports and no tool hooks: freeing one with free() is the untouched path, the price paid for
// memory that was there before the tool came or that it does not trace.
//
// Every function returns the median over `kRepeats` batches, in nanoseconds per call (or per pair of calls).

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <ctime>

extern "C" void* __libc_malloc(std::size_t size);

namespace {

constexpr std::size_t kRepeats = 1001;

// glibc keeps up to 7 freed blocks per size class in its thread cache, for sizes up to 1032 bytes. Staying below both limits keeps
// the allocator itself on its fastest path, so that the figure is not about glibc's consolidation.
constexpr std::size_t kPerClass = 6;
constexpr std::size_t kClasses = 63;
constexpr std::size_t kBatch = kPerClass * kClasses;

double NowNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::size_t SizeOf(std::size_t index) { return 24 + 16 * (index / kPerClass); }

// Keeps the compiler from pairing an allocation with its free and dropping both.
void Escape(void* block) { asm volatile("" : : "g"(block) : "memory"); }

template <typename Batch>
double MedianPerCall(Batch batch) {
  std::array<double, kRepeats> figures;
  for (double& figure : figures) figure = batch() / static_cast<double>(kBatch);
  std::nth_element(figures.begin(), figures.begin() + kRepeats / 2, figures.end());
  return figures[kRepeats / 2];
}

}  // namespace

extern "C" {

// free() of a block that came from __libc_malloc; only the frees are timed.
double FreeUnseen() {
  std::array<void*, kBatch> blocks;
  return MedianPerCall([&blocks] {
    for (std::size_t index = 0; index < kBatch; ++index) blocks[index] = __libc_malloc(SizeOf(index));
    const double start = NowNanoseconds();
    for (void* block : blocks) free(block);
    return NowNanoseconds() - start;
  });
}

// malloc() and at once free(), through the GOT.
double MallocFreePair() {
  return MedianPerCall([] {
    const double start = NowNanoseconds();
    for (std::size_t index = 0; index < kBatch; ++index) {
      void* block = malloc(SizeOf(index));
      Escape(block);
      free(block);
    }
    return NowNanoseconds() - start;
  });
}

// One of the interpreter's own allocators (PyMem_RawMalloc and PyMem_RawFree, ...), given by address.
double AllocatorPair(void* (*allocate)(std::size_t), void (*release)(void*)) {
  return MedianPerCall([allocate, release] {
    const double start = NowNanoseconds();
    for (std::size_t index = 0; index < kBatch; ++index) {
      void* block = allocate(24 + 16 * (index % 16));
      Escape(block);
      release(block);
    }
    return NowNanoseconds() - start;
  });
}

}  // extern "C"
