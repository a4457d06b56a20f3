#include "agent/python.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/counters.h"
#include "agent/in_process.h"
#include "agent/python_hooks.h"
#include "agent/symbols.h"
#include "cpython/gc_state.h"

namespace limpet::agent {

Python g_python;

namespace {

template <class T>
void Find(T* to, const char* name) {
  *to = reinterpret_cast<T>(FindSymbol(RTLD_DEFAULT, name));
}

// "3.13.0 (main, ...)" or "3.13.0 experimental free-threading build (...)" -> PY_VERSION_HEX without level and serial.
unsigned ParseVersion(const char* text) {
  char* end;
  const unsigned long major = strtoul(text, &end, 10);
  if (*end != '.') return 0;
  const unsigned long minor = strtoul(end + 1, &end, 10);
  const unsigned long micro = *end == '.' ? strtoul(end + 1, &end, 10) : 0;
  return unsigned(major << 24 | minor << 16 | micro << 8);
}

void Refuse(const char* format, const char* detail) {
  snprintf(g_agent.refusal, sizeof g_agent.refusal, format, detail);
  capture::FileHeader* header = g_agent.file.header();
  if (!header) return;
  memcpy(header->reason, g_agent.refusal, sizeof header->reason);
  __atomic_store_n(&header->state, uint32_t(capture::State::kRefused), __ATOMIC_RELEASE);
}

bool FindEntryPoints() {
  Find(&g_python.get_allocator, "PyMem_GetAllocator");
  Find(&g_python.set_allocator, "PyMem_SetAllocator");
  Find(&g_python.get_version, "Py_GetVersion");
  Find(&g_python.unchecked_thread, "_PyThreadState_UncheckedGet");
  if (!g_python.unchecked_thread) Find(&g_python.unchecked_thread, "PyThreadState_GetUnchecked");
  Find(&g_python.gil_state_thread, "PyGILState_GetThisThreadState");
  Find(&g_python.is_finalizing, "Py_IsFinalizing");
  if (!g_python.is_finalizing) Find(&g_python.is_finalizing, "_Py_IsFinalizing");
  Find(&g_python.main_state, "PyInterpreterState_Main");
  Find(&g_python.runtime, "_PyRuntime");
  Find(&g_python.code_type, "PyCode_Type");
  Find(&g_python.text_type, "PyUnicode_Type");
  Find(&g_python.bytes_type, "PyBytes_Type");
  return g_python.get_allocator && g_python.set_allocator && g_python.unchecked_thread && g_python.gil_state_thread &&
         g_python.main_state && g_python.runtime && g_python.code_type && g_python.text_type && g_python.bytes_type;
}

// Why the interpreter found cannot be traced, or null.
const char* Unsupported(const char* version) {
  if (FindSymbol(RTLD_DEFAULT, "PyPy_IncRef") || FindSymbol(RTLD_DEFAULT, "PyPyErr_NewException"))
    return "PyPy is not CPython";
  if (strstr(version, "free-threading")) return "free-threaded builds are not supported yet";
  const unsigned minor = g_python.version_hex >> 16 & 0xff;
  if (g_python.version_hex >> 24 != 3 || minor < 11 || minor > 15) return "limpet knows CPython 3.11 to 3.15";
  if (!FindEntryPoints()) return "its entry points are hidden (stripped static build?)";
  if (FindSymbol(RTLD_DEFAULT, "_Py_RefTotal") || FindSymbol(RTLD_DEFAULT, "_Py_GetRefTotal"))
    return "debug builds lay out objects differently";
  return nullptr;
}

struct TlsSearch {
  uint64_t symbol;  // an address inside the wanted object
  char* block;      // its thread-local block on this thread
  size_t size;
};

int FindTlsBlock(dl_phdr_info* info, size_t, void* data) {
  auto* search = static_cast<TlsSearch*>(data);
  bool contains = false;
  size_t tls_size = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const uint64_t start = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && search->symbol >= start && search->symbol < start + header.p_memsz) contains = true;
    if (header.p_type == PT_TLS) tls_size = header.p_memsz;
  }
  if (!contains) return 0;
  search->block = static_cast<char*>(info->dlpi_tls_data);
  search->size = tls_size;
  return 1;
}

}  // namespace

// In a shared libpython the current thread state costs a call of __tls_get_addr. When its variable lies in static
// thread-local storage its distance from the thread pointer is the same in all threads; found here by value, checked per thread.
LIMPET_COLD void CheckThreadLocal(Thread* thread, char* state) {
  thread->tls_checked = true;
  if (!g_python.tls_offset) {
    TlsSearch search = {reinterpret_cast<uint64_t>(g_python.unchecked_thread), nullptr, 0};
    dl_iterate_phdr(FindTlsBlock, &search);
    char* found = nullptr;
    for (size_t i = 0; search.block && i + sizeof(char*) <= search.size; i += sizeof(char*)) {
      if (*reinterpret_cast<char**>(search.block + i) != state) continue;
      if (found) return;  // 3.14 keeps a second variable of that value: which one cannot be told here
      found = search.block + i;
    }
    if (!found) return;
    g_python.tls_offset = found - ThreadPointer();
  }
  thread->tls_good = *reinterpret_cast<char**>(ThreadPointer() + g_python.tls_offset) == state;
}

bool KnowPython() {
  Find(&g_python.get_version, "Py_GetVersion");
  if (!g_python.get_version) return false;
  const char* version = g_python.get_version();
  g_python.version_hex = ParseVersion(version);
  g_agent.python_seen = true;
  if (const char* why = Unsupported(version)) {
    char text[200];
    snprintf(text, sizeof text, "Python %.60s: %s", version, why);
    Refuse("%s", text);
    return false;
  }
  g_agent.minor = g_python.version_hex >> 16 & 0xff;
  // 3.15's compiled code keeps the top of the evaluation stack in registers, so a dead slot need not be written again.
  const char* jit = getenv("PYTHON_JIT");
  g_python.may_mark = g_agent.minor < 15 || !jit || *jit != '1';
  return true;
}

void NotePython() {
  DataFile& file = g_agent.file;
  if (!file.open()) return;
  snprintf(file.header()->python_text, sizeof file.header()->python_text, "%s", g_python.get_version());
  file.SetPython(g_python.version_hex, capture::Program::kPython);
}

bool FindPython() {
  const bool known = KnowPython();
  if (!g_python.get_version) return false;
  NotePython();
  if (known) InstallPythonHooks(g_agent.minor);
  return true;
}

void CheckHooks() {
  // Hooks that came in late are looked after when they are taken out; at the end of the process it is too late to ask for them.
  if (!g_agent.minor || StartedInProcess() || PythonHooksInPlace()) return;
  g_agent.file.header()->limits |= capture::kLimitHooksLost;
}

void ReadCollections(capture::SampleRecord* sample) {
  cpython::GcCounts counts;
  if (!g_agent.minor || !g_python.main_interpreter) return;
  if (!cpython::ReadGcCounts(int(g_agent.minor), g_python.runtime, g_python.main_interpreter, &counts)) return;
  for (int i = 0; i < 3; ++i) sample->gc_collections[i] = uint32_t(counts.collections[i]);
  sample->gc_collected = counts.collected;
  sample->gc_uncollectable = counts.uncollectable;
  sample->gc_flags = 2u | (counts.enabled ? 1u : 0u);
}

}  // namespace limpet::agent
