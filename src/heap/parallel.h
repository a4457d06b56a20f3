// Work for two threads. Small work stays on the calling one: a thread costs more than it.
#ifndef LIMPET_HEAP_PARALLEL_H_
#define LIMPET_HEAP_PARALLEL_H_

#include <cstddef>
#include <thread>

namespace limpet::heap {

inline constexpr size_t kWorthAThread = 200'000;  // items

// Runs both; returns when both are done. REQUIRES: they share nothing that one of them writes.
template <class First, class Second>
void RunBoth(size_t items, First first, Second second) {
  if (items < kWorthAThread) {
    first();
    second();
    return;
  }
  std::thread other(second);
  first();
  other.join();
}

// work(begin, end) for two halves of [0, count).
template <class Work>
void ForHalves(size_t count, Work work) {
  const size_t middle = count / 2;
  RunBoth(count, [&] { work(size_t{0}, middle); }, [&] { work(middle, count); });
}

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_PARALLEL_H_
