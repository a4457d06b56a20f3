#include "agent/symbols.h"

#include <dlfcn.h>
#include <link.h>

#include "agent/platform.h"

namespace limpet::agent {

constinit DlsymFunction g_real_dlsym = nullptr;

namespace {

bool FindDlsymFrom(void* where) {
  // dlsym moved from libdl to libc in 2.34; dlvsym itself is not hooked.
  const char* const versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};
  for (const char* version : versions) {
    if (void* found = dlvsym(where, "dlsym", version)) {
      g_real_dlsym = reinterpret_cast<DlsymFunction>(found);
      return true;
    }
  }
  return false;
}

int ReadCounts(dl_phdr_info* info, size_t, void* data) {
  *static_cast<LoaderCounts*>(data) = {info->dlpi_adds, info->dlpi_subs};
  return 1;  // the first object tells it for all
}

}  // namespace

LoaderCounts CountLoads() {
  LoaderCounts counts = {};
  dl_iterate_phdr(ReadCounts, &counts);
  return counts;
}

bool FindRealDlsym() { return FindDlsymFrom(RTLD_NEXT); }
bool FindRealDlsymLate() { return g_real_dlsym || FindDlsymFrom(RTLD_DEFAULT); }

}  // namespace limpet::agent

extern "C" {

__attribute__((used, visibility("hidden"))) void* limpet_dlsym_in_library(void* handle, const char* name) {
  return limpet::agent::HookOf(limpet::agent::FindSymbol(handle, name));
}

__attribute__((used, visibility("hidden"))) limpet::agent::DlsymFunction limpet_real_dlsym() {
  if (!limpet::agent::g_real_dlsym) limpet::agent::FindRealDlsym();
  return limpet::agent::g_real_dlsym;
}
}

// RTLD_NEXT (-1) and RTLD_DEFAULT (0) depend on who calls: they are passed on by a jump that leaves the return address as it is.
#ifdef LIMPET_HIDDEN_HOOKS
__asm__(".hidden dlsym\n");
#endif
__asm__(R"(
  .text
  .globl dlsym
  .type dlsym, @function
  .globl limpet_hook_dlsym
  .hidden limpet_hook_dlsym
  .type limpet_hook_dlsym, @function
limpet_hook_dlsym:
dlsym:
  lea 1(%rdi), %rax
  cmp $1, %rax
  ja limpet_dlsym_in_library
  push %rdi
  push %rsi
  sub $8, %rsp
  call limpet_real_dlsym
  add $8, %rsp
  pop %rsi
  pop %rdi
  jmp *%rax
  .size dlsym, .-dlsym
  .size limpet_hook_dlsym, .-limpet_hook_dlsym
)");
