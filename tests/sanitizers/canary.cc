// Commits the one bug named on the command line. A sanitizer build in which a canary survives proves nothing about
// the rest of the code, so ctest demands the report of each (see CMakeLists.txt here).

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>
#include <thread>

namespace {

int UseAfterFree() {
  volatile char* block = static_cast<char*>(std::malloc(16));
  std::free(const_cast<char*>(block));
  return block[3];
}

int BufferOverflow() {
  volatile char* block = static_cast<char*>(std::malloc(16));
  // Not known to be that block at compile time, or UndefinedBehaviorSanitizer's object-size check would be the first to tell.
  volatile char* volatile hidden = block;
  const int beyond = hidden[16];
  std::free(const_cast<char*>(block));
  return beyond;
}

// The pointer lives only in this frame, which is gone when LeakSanitizer looks at exit.
__attribute__((noinline)) int Leak() {
  volatile char* block = static_cast<char*>(std::malloc(4096));
  block[0] = 1;
  block = nullptr;
  return 0;
}

int SignedOverflow() {
  volatile int largest = std::numeric_limits<int>::max();
  return largest + 1;
}

int MisalignedLoad() {
  alignas(8) static char bytes[16] = {};
  return *reinterpret_cast<volatile int*>(bytes + 1);
}

int DataRace() {
  static int shared = 0;
  const auto work = [] {
    for (int i = 0; i < 100'000; ++i) ++shared;
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
  return shared == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view bug = argc > 1 ? argv[1] : "";
  if (bug == "use-after-free") return UseAfterFree() & 1;
  if (bug == "buffer-overflow") return BufferOverflow() & 1;
  if (bug == "leak") return Leak();
  if (bug == "signed-overflow") return SignedOverflow() & 1;
  if (bug == "misaligned-load") return MisalignedLoad() & 1;
  if (bug == "data-race") return DataRace();
  std::fprintf(stderr, "canary: unknown bug '%s'\n", argc > 1 ? argv[1] : "");
  return 2;
}
