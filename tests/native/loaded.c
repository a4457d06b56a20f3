// A library that calls.c loads while it runs.
#include <stdlib.h>

void* Make(size_t n) { return malloc(n); }
void Drop(void* p) { free(p); }
