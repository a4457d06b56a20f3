// Types whose tp_traverse does what it must not, in the copy of the process that takes snapshots only: the program itself is well.
// Built without Python.h: the entry points are found when the library is loaded, so that one library serves every version.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*Visit)(void*, void*);
typedef struct {
  int slot;
  void* function;
} Slot;
typedef struct {
  const char* name;
  int basic_size;
  int item_size;
  unsigned flags;
  Slot* slots;
} Spec;
typedef struct {
  long refcount;
  void* type;
  void* held;
} Thing;

extern void* PyType_FromSpec(Spec*);
extern void Py_IncRef(void*);

enum {
  kTraverse = 71,
  kFlags = 1 << 18 | 1 << 14
};  // typeslots.h; Py_TPFLAGS_DEFAULT's version tag, Py_TPFLAGS_HAVE_GC

static int g_program;

static int Good(void* self, Visit visit, void* arg) {
  Thing* thing = self;
  if (thing->held) visit(thing->held, arg);
  return visit(thing->type, arg);
}

static int InProgram(void) { return getpid() == g_program; }

static int Loops(void* self, Visit visit, void* arg) {
  if (InProgram()) return Good(self, visit, arg);
  for (volatile unsigned long n = 0;; ++n) {
  }
}
static int VisitsForever(void* self, Visit visit, void* arg) {
  if (InProgram()) return Good(self, visit, arg);
  for (;;) visit(self, arg);
}
static int Faults(void* self, Visit visit, void* arg) {
  if (InProgram()) return Good(self, visit, arg);
  visit((void*)0x10, arg);
  return *(volatile int*)0x4141414140;
}
static int Recurses(void* self, Visit visit, void* arg) {
  if (InProgram()) return Good(self, visit, arg);
  char page[4096];
  memset(page, 1, sizeof page);
  return Recurses(self, visit, arg) + page[17];
}
static int Aborts(void* self, Visit visit, void* arg) {
  if (InProgram()) return Good(self, visit, arg);
  fprintf(stderr, "limpet must not print this into the program's output\n");
  abort();
}
static int VisitsRubbish(void* self, Visit visit, void* arg) {
  if (InProgram()) return Good(self, visit, arg);
  static const unsigned long kRubbish[] = {0, 1, 8, 4096, 0x7fffffff0000, 0xffffffffffff0000, 0x4141414141414141};
  for (unsigned i = 0; i < sizeof kRubbish / sizeof kRubbish[0]; ++i) visit((void*)kRubbish[i], arg);
  visit((char*)self + 8, arg);
  return Good(self, visit, arg);
}

void* MakeType(int manner) {
  static int (*const kManners[])(void*, Visit, void*) = {Loops, VisitsForever, Faults, Recurses, Aborts, VisitsRubbish};
  static char names[128][32];
  g_program = getpid();
  snprintf(names[manner], sizeof names[manner], "bad.Manner%d", manner);
  Slot slots[] = {{kTraverse, (void*)(manner < 6 ? kManners[manner] : Good)}, {0, 0}};
  Spec spec = {names[manner], sizeof(Thing), 0, kFlags, slots};
  return PyType_FromSpec(&spec);
}

void Hold(void* self, void* object) {
  Py_IncRef(object);
  ((Thing*)self)->held = object;
}
