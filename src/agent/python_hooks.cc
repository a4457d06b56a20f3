// Hooks on the interpreter's three allocator domains.
//
// Ours are the outermost: the object allocator may call the raw one, the raw one malloc; the guard (Enter) makes only the
// first of them count, so each byte is counted once, in the domain that was asked.
#include "agent/python_hooks.h"

#include "agent/allocator_hooks.h"
#include "agent/native_stacks.h"

namespace limpet::agent {

namespace {

constexpr int kDomains = 3;  // PYMEM_DOMAIN_RAW, MEM, OBJ: the numbers of capture::Domain
constexpr int kMaxLayers = 8;
// What was there before each of our installations: the context of that installation's hooks. The interpreter may put a
// domain's allocators aside and back again, so an installation never changes once it is made.
PyAllocator g_originals[kDomains][kMaxLayers];
int g_layers[kDomains];
PyAllocator g_ours[kDomains];

// The context of these hooks is what stood there before.
struct ByContext {
  template <Domain>
  static const PyAllocator& Original(void* context) {
    return *static_cast<const PyAllocator*>(context);
  }
  static void* Context(const PyAllocator& original, void*) { return original.context; }
};

template <class L, Domain kDomain>
void InstallDomain() {
  using H = Hooks<L, kDomain, ByContext>;
  constexpr int kIndex = int(kDomain);
  PyAllocator now;
  g_python.get_allocator(kIndex, &now);
  if (now.malloc == H::Malloc || g_layers[kIndex] == kMaxLayers) return;
  PyAllocator* original = &g_originals[kIndex][g_layers[kIndex]++];
  *original = now;
  g_ours[kIndex] = {original, H::Malloc, H::Calloc, H::Realloc, H::Free};
  g_python.set_allocator(kIndex, &g_ours[kIndex]);
}

template <class L>
bool HoldsLock(Thread* thread) {
  char* own;
  char* state = AttachedStateAnywhere<L>(thread, &own);
  return state && cpython::Load<char*>(state, L::kThreadInterpreter) == g_python.main_interpreter;
}

template <class L>
uint32_t FindPair(Thread* thread, Domain domain) {
  bool locked;
  return PairAnywhere<L>(thread, domain, &locked);
}

template <class L>
uint32_t FindNativePair(Thread* thread, Domain domain) {
  bool locked;
  return PairWithNative<L>(thread, domain, Here(), &locked);
}

template <class L>
void Choose() {
  if (g_agent.options.native) g_anywhere = {NativeBirth<L>, FindNativePair<L>, HoldsLock<L>};
  else g_anywhere = {BirthAnywhere<L, Domain::kMalloc>, FindPair<L>, HoldsLock<L>};
  NoteInterpreter();
}

}  // namespace

bool InstallPythonHooks(uint32_t minor) {
  return cpython::ForLayout(int(minor), false, [](auto layout) {
    using L = decltype(layout);
    InstallDomain<L, Domain::kRaw>();
    InstallDomain<L, Domain::kMem>();
    InstallDomain<L, Domain::kObject>();
    Choose<L>();
    return true;
  });
}

void ChooseAnywhere(uint32_t minor) {
  cpython::ForLayout(int(minor), false, [](auto layout) {
    Choose<decltype(layout)>();
    return true;
  });
}

bool HooksInFront(int domain, PyAllocator** ours, PyAllocator* behind) {
  PyAllocator now;
  g_python.get_allocator(domain, &now);
  if (g_layers[domain] == 0 || now.malloc != g_ours[domain].malloc || now.free != g_ours[domain].free) return false;
  g_ours[domain] = now;  // of an earlier layer, if somebody has taken out what stood between
  *ours = &g_ours[domain];
  *behind = *static_cast<const PyAllocator*>(now.context);
  return true;
}

bool PythonHooksInPlace() {
  // The raw domain is put aside for moments; who means to replace us replaces the object domain.
  constexpr int kObject = int(Domain::kObject);
  PyAllocator now = {};
  g_python.get_allocator(kObject, &now);
  return now.malloc == g_ours[kObject].malloc && now.free == g_ours[kObject].free;
}

}  // namespace limpet::agent
