// Allocates and frees argv[1] blocks of 64 bytes, one at a time.
#include <stdlib.h>

int main(int argc, char** argv) {
  const long count = argc > 1 ? atol(argv[1]) : 0;
  for (long i = 0; i < count; ++i) {
    void* volatile block = malloc(64);
    free(block);
  }
  return 0;
}
