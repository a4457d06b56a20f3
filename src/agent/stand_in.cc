#include "agent/stand_in.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/symbols.h"

namespace limpet::agent {

namespace {

using MakeModule = void* (*)();

// struct _inittab of Python's import.h.
struct BuiltIn {
  const char* name;
  MakeModule make;
};

MakeModule g_standard;

// The module in the places where it lies: in an installed package, and in a build tree.
void* LoadModule() {
  Dl_info info;
  char own[PATH_MAX];
  char path[PATH_MAX + 64];
  if (!dladdr(reinterpret_cast<void*>(&LoadModule), &info) || !realpath(info.dli_fname, own)) return nullptr;
  char* slash = strrchr(own, '/');
  if (!slash) return nullptr;
  *slash = 0;
  const char* const places[] = {"../_core.abi3.so", "python/limpet/_core.abi3.so"};
  for (const char* place : places) {
    snprintf(path, sizeof path, "%s/%s", own, place);
    if (void* module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) return module;
  }
  return nullptr;
}

// Called by the interpreter, with its lock.
void* Make() {
  using StandIn = void* (*)(MakeModule standard);
  const bool recording = g_gate.state == uint32_t(Gate::kOpen) && g_agent.minor;
  void* module = recording ? LoadModule() : nullptr;
  const auto stand_in =
      module ? reinterpret_cast<StandIn>(FindSymbol(module, "limpet_stand_in_for_tracemalloc")) : nullptr;
  return stand_in ? stand_in(g_standard) : g_standard();
}

}  // namespace

void StandInForTracemalloc() {
  auto** table = reinterpret_cast<BuiltIn**>(FindSymbol(RTLD_DEFAULT, "PyImport_Inittab"));
  for (BuiltIn* entry = table ? *table : nullptr; entry && entry->name; ++entry) {
    if (strcmp(entry->name, "_tracemalloc") != 0 || entry->make == Make) continue;
    g_standard = entry->make;
    entry->make = Make;
  }
}

}  // namespace limpet::agent
