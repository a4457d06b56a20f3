// operator new and delete of every kind, in phases: see calls.c. They reach malloc and aligned_alloc by way of libstdc++.
#include <memory>
#include <new>
#include <string>
#include <vector>

extern "C" {
#include "count.h"
}

namespace {

struct Node {
  virtual ~Node() = default;
  int numbers[20];
};

struct alignas(128) Wide {
  char bytes[128];
};

void* volatile keep;

// Lets a pointer be seen, so that the compiler may not leave out a new that nobody looks at.
template <class T>
T* Seen(T* p) {
  keep = p;
  return p;
}

void Operators() {
  for (size_t n = 1; n < 500; ++n) {
    char* p = Seen(static_cast<char*>(::operator new(n)));
    Birth(n);
    char* q = Seen(new char[n]);
    Birth(n);
    char* r = Seen(new (std::nothrow) char[n + 1]);
    Birth(n + 1);
    if (n % 2) {
      ::operator delete(p);
      Death(n);
      delete[] q;
      Death(n);
    }
    ::operator delete[](r, n + 1);
    Death(n + 1);
  }
  Seen(new Node);
  Birth(sizeof(Node));
  std::unique_ptr<Node> node(Seen(new Node));
  Birth(sizeof(Node));
  node.reset();
  Death(sizeof(Node));
}

void Aligned() {
  Wide* wide = Seen(new Wide);
  Birth(sizeof(Wide));
  delete wide;
  Death(sizeof(Wide));
  Seen(new Wide[3]);
  Birth(3 * sizeof(Wide));
}

void Growth() {
  std::vector<int>* numbers = new std::vector<int>;
  Birth(sizeof *numbers);
  size_t held = 0;
  for (int n = 0; n < 1000; ++n) {
    const size_t before = numbers->capacity();
    numbers->push_back(n);
    if (numbers->capacity() != before) {
      Birth(numbers->capacity() * sizeof(int));
      if (before) Death(before * sizeof(int));
      held = numbers->capacity() * sizeof(int);
    }
  }
  delete numbers;
  Death(held);
  Death(sizeof *numbers);
}

void Failing() {
  try {
    keep = ::operator new(size_t(1) << 62);
    _exit(4);
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

int main() {
  Failing();  // the first throw sets up emergency memory of its own
  Phase("nothing", nullptr);
  Phase("operators", Operators);
  Phase("aligned", Aligned);
  Phase("growth", Growth);
  return 0;
}
