// An extension type that keeps objects in memory of its own: a chain of blocks of malloc, of which no tp_traverse tells. And a function that
// takes a reference and never gives it back. Built without Python.h, so that one library serves every version.
#include <stdlib.h>

typedef struct {
  const char* name;
  int basic_size;
  int item_size;
  unsigned flags;
  void* slots;
} Spec;
typedef struct {
  int slot;
  void* function;
} Slot;
typedef struct Link {
  struct Link* next;
  void* object;
} Link;
typedef struct {
  long refcount;
  void* type;
  Link* first;
} Chain;

extern void* PyType_FromSpec(Spec*);
extern void Py_IncRef(void*);

void* MakeType(void) {
  static Slot slots[] = {{0, NULL}};
  static Spec spec = {"chain.Chain", sizeof(Chain), 0, 1 << 18, slots};
  return PyType_FromSpec(&spec);
}

void Keep(Chain* chain, void* object) {
  Link* link = malloc(sizeof *link);
  if (!link) abort();
  Py_IncRef(object);
  *link = (Link){chain->first, object};
  chain->first = link;
}

void Lose(void* object) { Py_IncRef(object); }
