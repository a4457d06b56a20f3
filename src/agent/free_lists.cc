#include "agent/free_lists.h"

#include <dlfcn.h>
#include <link.h>

#include "agent/python.h"
#include "agent/symbols.h"

namespace limpet::agent {

namespace {

constexpr int32_t kOff = 1 << 20;  // more than any list may hold
constexpr int kTupleSizes = 20;
constexpr int kMaxLists = kTupleSizes + 2;
constexpr size_t kNear = 512;  // a list's count lies within so many bytes of its head

struct Api {
  int (*add_pending_call)(int (*call)(void*), void* argument);
  char* (*new_tuple)(long size);
  char* (*new_list)(long size);
  char* (*new_dict)();
  void (*let_go)(char* object);
};

struct Lists {
  int32_t* counts[kMaxLists];
  int used;
};
Lists g_lists;
Api g_api;  // found once, when the experiments are planned

// The part of the runtime's static storage that belongs to the main interpreter.
struct Region {
  char* begin;
  char* end;
};

bool FindApi(Api* api) {
  api->add_pending_call =
      reinterpret_cast<int (*)(int (*)(void*), void*)>(FindSymbol(RTLD_DEFAULT, "Py_AddPendingCall"));
  api->new_tuple = reinterpret_cast<char* (*)(long)>(FindSymbol(RTLD_DEFAULT, "PyTuple_New"));
  api->new_list = reinterpret_cast<char* (*)(long)>(FindSymbol(RTLD_DEFAULT, "PyList_New"));
  api->new_dict = reinterpret_cast<char* (*)()>(FindSymbol(RTLD_DEFAULT, "PyDict_New"));
  api->let_go = reinterpret_cast<void (*)(char*)>(FindSymbol(RTLD_DEFAULT, "Py_DecRef"));
  return api->add_pending_call && api->new_tuple && api->new_list && api->new_dict && api->let_go;
}

bool FindRegion(Region* region) {
  Dl_info info;
  void* extra = nullptr;
  if (!dladdr1(g_python.runtime, &info, &extra, RTLD_DL_SYMENT) || !extra || info.dli_saddr != g_python.runtime)
    return false;
  char* begin = const_cast<char*>(g_python.runtime);
  region->begin = g_python.main_interpreter;
  region->end = begin + static_cast<ElfW(Sym)*>(extra)->st_size;
  return region->begin >= begin && region->begin < region->end;
}

// One list under experiment: `make` hands out objects that, when they die, go to it.
template <class Make>
class Experiment {
 public:
  Experiment(const Region& region, const Api& api, Make make) : region_(region), api_(api), make_(make) {}

  // The list's count, or null when it is not certain which word that is, or the list is of another kind.
  int32_t* FindCount() {
    char* first = make_();
    char* second = make_();
    if (!first || !second) return nullptr;
    api_.let_go(first);
    char** head = FindWord(first);
    if (!head) return api_.let_go(second), nullptr;
    Note(head, 0);
    api_.let_go(second);
    const bool linked = *head == second;
    Note(head, 1);
    char* third = make_();
    const bool pops = third == second && *head == first;
    Note(head, 2);
    char* fourth = make_();
    const bool empties = fourth == first && *head != first && *head != second;
    Note(head, 3);
    if (third) api_.let_go(third);
    if (fourth) api_.let_go(fourth);
    return linked && pops && empties ? TheCount(head) : nullptr;
  }

 private:
  // The only word of the region that holds `value`.
  char** FindWord(const char* value) const {
    char** found = nullptr;
    for (char** word = reinterpret_cast<char**>(region_.begin); word + 1 <= reinterpret_cast<char**>(region_.end);
         ++word) {
      if (*word != value) continue;
      if (found) return nullptr;
      found = word;
    }
    return found;
  }

  int32_t* Window(char** head) const {
    char* start = reinterpret_cast<char*>(head) - kNear;
    return reinterpret_cast<int32_t*>(start < region_.begin ? region_.begin : start);
  }

  // Keeps what stands around the head at a step of the experiment.
  void Note(char** head, int step) {
    const int32_t* window = Window(head);
    for (size_t i = 0; i < kWords; ++i) {
      notes_[step][i] = reinterpret_cast<const char*>(window + i + 1) <= region_.end ? window[i] : 0;
    }
  }

  // The only number that was n + 1, n + 2, n + 1, n.
  int32_t* TheCount(char** head) const {
    int32_t* found = nullptr;
    for (size_t i = 0; i < kWords; ++i) {
      const int64_t n = notes_[3][i];
      if (notes_[0][i] != n + 1 || notes_[1][i] != n + 2 || notes_[2][i] != n + 1 || n < 0 || n >= kOff) continue;
      if (found) return nullptr;
      found = Window(head) + i;
    }
    return found;
  }

  static constexpr size_t kWords = 2 * kNear / sizeof(int32_t);
  const Region& region_;
  const Api& api_;
  Make make_;
  int32_t notes_[4][kWords];
};

template <class Make>
void SwitchOff(const Region& region, const Api& api, Make make) {
  Experiment<Make> experiment(region, api, make);
  int32_t* count = experiment.FindCount();
  if (count && g_lists.used < kMaxLists) g_lists.counts[g_lists.used++] = count;
}

// Called by the interpreter between two instructions of the main thread.
int RunExperiments(void*) {
  const Api& api = g_api;
  Region region;
  if (g_lists.used || g_gate.state != uint32_t(Gate::kOpen) || !FindRegion(&region)) return 0;
  for (int size = 1; size <= kTupleSizes; ++size) SwitchOff(region, api, [&] { return api.new_tuple(size); });
  SwitchOff(region, api, [&] { return api.new_list(0); });
  SwitchOff(region, api, [&] { return api.new_dict(); });
  KeepFreeListsOff();
  return 0;
}

}  // namespace

void PlanFreeListsOff() {
  if (!g_lists.used && FindApi(&g_api)) g_api.add_pending_call(RunExperiments, nullptr);
}

void LetFreeListsOn() {
  for (int i = 0; i < g_lists.used; ++i) {
    if (*g_lists.counts[i] >= kOff) *g_lists.counts[i] -= kOff;
  }
}

void KeepFreeListsOff() {
  for (int i = 0; i < g_lists.used; ++i) {
    // Negative: the interpreter itself has closed the list, at its end.
    if (*g_lists.counts[i] >= 0 && *g_lists.counts[i] < kOff) *g_lists.counts[i] += kOff;
  }
}

}  // namespace limpet::agent
