#include "agent/native_stacks.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/symbols.h"

namespace limpet::agent {

using capture::NativeRecord;
using capture::Table;

namespace {

constexpr uint32_t kMaxNatives = 4u << 20;  // beyond, new stacks lose their innermost frames
constexpr size_t kMostId = 32;              // bytes of a build id that are kept
constexpr uint32_t kModules = 64;

// The module that is told for addresses of one mapping.
struct KnownModule {
  uint64_t start;
  const link_map* link;
  uint32_t text;  // string id
};

struct NativeStacks {
  IdMap nodes;  // hash of (parent, module, address) -> native node
  KnownModule modules[kModules] = {};
};
constinit NativeStacks g_natives;

// The build id of the file that is loaded at `module`, from its notes in memory; its length, 0: none.
size_t BuildIdOf(const ModuleOf& module, const uint8_t** id) {
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(module.start);
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phentsize != sizeof(ElfW(Phdr))) return 0;
  if (header->e_phoff + header->e_phnum * sizeof(ElfW(Phdr)) > 4096) return 0;
  const auto* parts = reinterpret_cast<const ElfW(Phdr)*>(module.start + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    uint64_t at = module.link->l_addr + parts[i].p_vaddr;
    const uint64_t end = at + parts[i].p_filesz;
    if (parts[i].p_type != PT_NOTE || at < module.start || end > module.end || end < at) continue;
    while (end - at >= sizeof(ElfW(Nhdr))) {
      const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(at);
      const uint64_t name = at + sizeof *note, data = name + (uint64_t(note->n_namesz) + 3) / 4 * 4;
      const uint64_t next = data + (uint64_t(note->n_descsz) + 3) / 4 * 4;
      if (next > end) break;
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
          memcmp(reinterpret_cast<char*>(name), "GNU", 4) == 0) {
        *id = reinterpret_cast<const uint8_t*>(data);
        return note->n_descsz < kMostId ? note->n_descsz : kMostId;
      }
      at = next;
    }
  }
  return 0;
}

// "1f2e3d... /usr/lib/libx.so": what the reader needs to find the file again, and to know it for the same one.
LIMPET_COLD uint32_t InternModule(const ModuleOf& module) {
  static char text[2 * kMostId + 2 + 4096];  // under the agent's lock
  const uint8_t* id = nullptr;
  const size_t length = BuildIdOf(module, &id);
  size_t used = 0;
  for (size_t i = 0; i < length; ++i) {
    text[used++] = "0123456789abcdef"[id[i] >> 4];
    text[used++] = "0123456789abcdef"[id[i] & 15];
  }
  if (length == 0) text[used++] = '-';
  text[used++] = ' ';
  const char* path = module.link->l_name;
  if (!path || !*path) path = g_agent.file.header()->executable;
  if (*path != '/' && strchr(path, '/') && getcwd(text + used, 2048)) {
    used += strlen(text + used);
    text[used++] = '/';
    while (path[0] == '.' && path[1] == '/') path += 2;
  }
  const size_t rest = strnlen(path, sizeof text - used);
  memcpy(text + used, path, rest);
  return InternString(text, uint32_t(used + rest));
}

uint32_t ModuleText(const ModuleOf& module) {
  KnownModule& known = g_natives.modules[(module.start >> 12) % kModules];
  if (known.start != module.start || known.link != module.link)
    known = {module.start, module.link, InternModule(module)};
  return known.text;
}

uint32_t InternNative(uint32_t parent, uint64_t ip) {
  ModuleOf module;
  if (!FindModule(ip - 1, &module)) return parent;
  const uint32_t text = ModuleText(module);
  const uint64_t address = ip - module.link->l_addr;
  const uint64_t key = HashFinish(HashStep(HashStep(parent, text), address)) | 1;
  uint32_t id = g_natives.nodes.Find(key);
  if (id != IdMap::kNone) return id;
  DataFile& file = g_agent.file;
  if (file.Count(Table::kNatives) == 0) {  // record 0 is the empty stack
    auto* root = static_cast<NativeRecord*>(file.Next(Table::kNatives));
    if (!root) return 0;
    *root = {};
    file.Publish(Table::kNatives);
  }
  id = file.Count(Table::kNatives);
  if (id >= kMaxNatives) return parent;
  auto* record = static_cast<NativeRecord*>(file.Next(Table::kNatives));
  if (!record || !g_natives.nodes.Insert(key, id)) return parent;
  *record = {parent, text, address};
  file.Publish(Table::kNatives);
  return id;
}

bool NobodyHoldsLock(Thread*) { return false; }

using CloseFunction = int (*)(void* handle);

// A library that goes makes room for another at its addresses: nothing that is known by address may outlive it.
void NoteUnloaded() {
  Thread* thread = Enter();
  if (!thread) return;
  {
    ErrnoGuard errno_guard;
    LockGuard guard(g_agent.lock);
    ForgetRules();
    ForgetStacks();
    memset(g_natives.modules, 0, sizeof g_natives.modules);
  }
  Leave();
}

uint32_t NativePairAt(Thread* thread, Domain domain, Registers here) {
  const uint64_t key = DomainSalt(domain) ^ kEmptyStack ^ CaptureNative(thread, here);
  return PairOf(thread, key, [&] { return PairOfNativeAlone(thread, key, domain); });
}

}  // namespace

void SetUpNativeStacks() {
  if (!g_agent.options.native) return;
  if (!SetUpUnwind(reinterpret_cast<const void*>(&SetUpNativeStacks))) {
    g_agent.options.native = false;
    g_agent.file.header()->limits |= capture::kLimitNoNative;
    return;
  }
  g_anywhere = {NativeBirthWithoutPython, NativePairWithoutPython, NobodyHoldsLock};
}

void NoteInterpreter() {
  if (g_agent.options.native) UnwindToInterpreter(reinterpret_cast<const void*>(g_python.get_version));
}

uint32_t ResolveNative(const Thread* thread) {
  uint32_t node = 0;
  for (uint32_t i = thread->native_count; i-- > 0;) node = InternNative(node, thread->native_frames[i]);
  return node;
}

uint64_t NativeBytes() { return g_natives.nodes.bytes(); }

uint32_t NativePairWithoutPython(Thread* thread, Domain domain) { return NativePairAt(thread, domain, Here()); }

void NativeBirthWithoutPython(Thread* thread, void* block, uint64_t size) {
  AddRow(thread, block, NativePairAt(thread, Domain::kMalloc, Here()), size, false);
}

// Without --native this only passes the call on. (Who calls does not matter to dlclose, as it does to dlopen, which therefore is no
// hook.)
LIMPET_EXPORT int dlclose(void* handle) noexcept {
  static const auto next = reinterpret_cast<CloseFunction>(FindSymbol(RTLD_NEXT, "dlclose"));
  if (!next) return -1;
  if (!g_agent.options.native) return next(handle);
  const uint64_t before = CountLoads().unloads;
  const int result = next(handle);
  if (CountLoads().unloads != before) NoteUnloaded();
  return result;
}

}  // namespace limpet::agent
