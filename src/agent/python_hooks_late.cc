// Putting the hooks into a program that runs already, and taking them out again. A file of its own: one twice as long would make the compiler
// choose otherwise what to inline into the hooks of all others.
#include "agent/allocator_hooks.h"
#include "agent/python_hooks.h"

namespace limpet::agent {

namespace {

constexpr int kDomains = 3;  // PYMEM_DOMAIN_RAW, MEM, OBJ: the numbers of capture::Domain

// In a program that runs already, another thread may call the raw domain's allocator while it changes: with the old function and the new
// context, or the other way round. So such hooks leave the context as it is, and find what was there before in here.
PyAllocator g_before[kDomains];
PyAllocator g_ours[kDomains];
bool g_in_place[kDomains];

struct ByDomain {
  template <Domain kDomain>
  static const PyAllocator& Original(void*) {
    return g_before[int(kDomain)];
  }
  static void* Context(const PyAllocator&, void* context) { return context; }
};

template <class L, Domain kDomain>
void InstallDomain() {
  using H = Hooks<L, kDomain, ByDomain>;
  constexpr int kIndex = int(kDomain);
  if (g_in_place[kIndex]) return;
  PyAllocator now;
  g_python.get_allocator(kIndex, &now);
  g_before[kIndex] = now;
  g_ours[kIndex] = {now.context, H::Malloc, H::Calloc, H::Realloc, H::Free};
  g_python.set_allocator(kIndex, &g_ours[kIndex]);
  g_in_place[kIndex] = true;
}

// Whether a block of this domain, taken now, gets a row: our hooks are called, in front or behind somebody else's.
bool Reached(int domain) {
  PyAllocator now;
  g_python.get_allocator(domain, &now);
  void* block = now.malloc(now.context, 24);
  if (!block) return true;
  uint32_t* word = FindWord(reinterpret_cast<uintptr_t>(block));
  const bool reached = word && *word;
  now.free(now.context, block);
  return reached;
}

}  // namespace

void InstallPythonHooksLate(uint32_t minor) {
  for (int domain = 0; domain < kDomains; ++domain) {
    if (g_in_place[domain] && !Reached(domain)) g_in_place[domain] = false;
  }
  cpython::ForLayout(int(minor), false, [](auto layout) {
    using L = decltype(layout);
    InstallDomain<L, Domain::kRaw>();
    InstallDomain<L, Domain::kMem>();
    InstallDomain<L, Domain::kObject>();
    return true;
  });
  ChooseAnywhere(minor);
}

bool HooksInFrontLate(int domain, PyAllocator** ours, PyAllocator* behind) {
  PyAllocator now;
  g_python.get_allocator(domain, &now);
  if (!g_in_place[domain] || now.malloc != g_ours[domain].malloc || now.free != g_ours[domain].free) return false;
  *ours = &g_ours[domain];
  *behind = g_before[domain];
  return true;
}

bool PythonHooksReachedLate() {
  for (int domain = 0; domain < kDomains; ++domain) {
    if (!Reached(domain)) return false;
  }
  return true;
}

void RemovePythonHooksLate() {
  for (int domain = 0; domain < kDomains; ++domain) {
    PyAllocator now;
    g_python.get_allocator(domain, &now);
    if (!g_in_place[domain] || now.malloc != g_ours[domain].malloc || now.free != g_ours[domain].free) continue;
    g_python.set_allocator(domain, &g_before[domain]);
    g_in_place[domain] = false;
  }
}

}  // namespace limpet::agent
