#include "agent/patch.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/native_hooks.h"
#include "agent/platform.h"
#include "agent/symbols.h"

namespace limpet::agent {

bool g_patching;

namespace {

uint64_t g_objects_seen;  // dlpi_adds when we looked last

struct Object {
  uint64_t base;
  uint64_t begin, end;              // of what is mapped
  uint64_t relro_begin, relro_end;  // read-only once it was relocated; empty: none
  const Elf64_Sym* symbols;
  const char* strings;
  const Elf64_Rela* tables[2];  // PLT slots, all others
  size_t counts[2];
};

bool IsOwn(const Object& object) {
  const uint64_t here = reinterpret_cast<uint64_t>(&g_patching);
  return here >= object.begin && here < object.end;
}

// The dynamic linker's own slots are private to it, and the kernel's page has none.
bool IsSystem(const char* path) { return strstr(path, "ld-linux") || strstr(path, "linux-vdso"); }

// Where the linker has relocated the entry it is an address, else an offset.
template <class T>
const T* At(const Object& object, uint64_t value) {
  return reinterpret_cast<const T*>(value < object.base ? object.base + value : value);
}

void ReadDynamic(const Elf64_Dyn* entry, Object* object) {
  for (; entry->d_tag != DT_NULL; ++entry) {
    const uint64_t value = entry->d_un.d_val;
    switch (entry->d_tag) {
      case DT_SYMTAB:
        object->symbols = At<Elf64_Sym>(*object, value);
        break;
      case DT_STRTAB:
        object->strings = At<char>(*object, value);
        break;
      case DT_JMPREL:
        object->tables[0] = At<Elf64_Rela>(*object, value);
        break;
      case DT_PLTRELSZ:
        object->counts[0] = value / sizeof(Elf64_Rela);
        break;
      case DT_RELA:
        object->tables[1] = At<Elf64_Rela>(*object, value);
        break;
      case DT_RELASZ:
        object->counts[1] = value / sizeof(Elf64_Rela);
        break;
      default:
        break;
    }
  }
}

bool ReadObject(const dl_phdr_info* info, Object* object) {
  *object = {};
  object->base = info->dlpi_addr;
  object->begin = ~uint64_t{0};
  const Elf64_Dyn* dynamic = nullptr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const Elf64_Phdr& part = info->dlpi_phdr[i];
    const uint64_t start = info->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && start < object->begin) object->begin = start;
    if (part.p_type == PT_LOAD && start + part.p_memsz > object->end) object->end = start + part.p_memsz;
    if (part.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const Elf64_Dyn*>(start);
    if (part.p_type == PT_GNU_RELRO) {
      object->relro_begin = start & ~uint64_t{4095};
      object->relro_end = (start + part.p_memsz) & ~uint64_t{4095};
    }
  }
  if (!dynamic || IsOwn(*object) || IsSystem(info->dlpi_name)) return false;
  ReadDynamic(dynamic, object);
  return object->symbols && object->strings;
}

struct Patch {
  const NativeHook* hooks;
  size_t hook_count;
  bool install;
  uint64_t within;   // only in the object of this address; 0: in all
  uint32_t letters;  // that names begin with, by their last five bits
};

const NativeHook* FindHook(const Patch& patch, const char* name) {
  if (!(patch.letters >> (name[0] & 31) & 1)) return nullptr;
  for (size_t i = 0; i < patch.hook_count; ++i) {
    if (strcmp(name, patch.hooks[i].name) == 0) return &patch.hooks[i];
  }
  return nullptr;
}

// What is to be written into a slot that holds `now`, or null: leave it.
void* Wanted(const Patch& patch, const Object& object, const Elf64_Rela& relocation, void* now) {
  const Elf64_Sym& symbol = object.symbols[ELF64_R_SYM(relocation.r_info)];
  const NativeHook* hook = FindHook(patch, object.strings + symbol.st_name);
  if (!hook) return nullptr;
  if (!patch.install) return now == hook->hook ? hook->original : nullptr;
  const auto address = reinterpret_cast<uint64_t>(now);
  const bool unbound = ELF64_R_TYPE(relocation.r_info) == R_X86_64_JUMP_SLOT && symbol.st_shndx == SHN_UNDEF &&
                       address >= object.begin && address < object.end;
  return now == hook->original || unbound ? hook->hook : nullptr;
}

bool IsSlot(const Elf64_Rela& relocation) {
  const auto type = ELF64_R_TYPE(relocation.r_info);
  return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT ||
         (type == R_X86_64_64 && relocation.r_addend == 0 && ELF64_R_SYM(relocation.r_info) != 0);
}

// Calls change(slot, value) for each slot that is to be changed.
template <class Change>
void ForEachChange(const Patch& patch, const Object& object, Change change) {
  for (int table = 0; table < 2; ++table) {
    for (size_t i = 0; i < object.counts[table]; ++i) {
      const Elf64_Rela& relocation = object.tables[table][i];
      if (!IsSlot(relocation)) continue;
      auto* slot = reinterpret_cast<void**>(object.base + relocation.r_offset);
      if (void* value = Wanted(patch, object, relocation, __atomic_load_n(slot, __ATOMIC_RELAXED))) change(slot, value);
    }
  }
}

// Slots that are to be changed, written some at a time: those that are read-only by now need the kernel for it.
class Changes {
 public:
  explicit Changes(const Object& object) : object_(object) {}
  ~Changes() { Write(); }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  void Add(void** slot, void* value) {
    if (count_ == kMost) Write();
    changes_[count_++] = {slot, value};
  }

 private:
  struct Change {
    void** slot;
    void* value;
  };
  static constexpr size_t kMost = 64;

  bool IsRelro(void** slot) const {
    const auto address = reinterpret_cast<uint64_t>(slot);
    return address >= object_.relro_begin && address < object_.relro_end;
  }
  void Write() {
    bool any_relro = false;
    for (size_t i = 0; i < count_; ++i) any_relro = any_relro || IsRelro(changes_[i].slot);
    auto* relro = reinterpret_cast<void*>(object_.relro_begin);
    const size_t size = object_.relro_end - object_.relro_begin;
    const bool writable = any_relro && mprotect(relro, size, PROT_READ | PROT_WRITE) == 0;
    for (size_t i = 0; i < count_; ++i) {
      if (IsRelro(changes_[i].slot) && !writable) continue;
      __atomic_store_n(changes_[i].slot, changes_[i].value, __ATOMIC_RELEASE);
    }
    if (writable) mprotect(relro, size, PROT_READ);
    count_ = 0;
  }

  const Object& object_;
  size_t count_ = 0;
  Change changes_[kMost];
};

int PatchObject(dl_phdr_info* info, size_t, void* data) {
  const Patch& patch = *static_cast<const Patch*>(data);
  Object object;
  if (!ReadObject(info, &object)) return 0;
  if (patch.within && (patch.within < object.begin || patch.within >= object.end)) return 0;
  Changes changes(object);
  ForEachChange(patch, object, [&](void** slot, void* value) { changes.Add(slot, value); });
  return 0;
}

void Apply(bool install) {
  ErrnoGuard errno_guard;
  NativeHook hooks[kMostNativeHooks];
  const size_t count = ListNativeHooks(hooks);
  g_objects_seen = CountLoads().loads;
  PatchSlots(hooks, count, install, nullptr);
}

// Whether `found` is where an object defines a symbol, and not the executable's stub for one of another object.
bool IsDefinition(void* found) {
  Dl_info info;
  void* extra = nullptr;
  if (!dladdr1(found, &info, &extra, RTLD_DL_SYMENT)) return false;
  const auto* symbol = static_cast<const Elf64_Sym*>(extra);
  return !symbol || info.dli_saddr != found || symbol->st_shndx != SHN_UNDEF;
}

struct Search {
  const char* name;
  void* found;
};

int FindInObject(dl_phdr_info* info, size_t, void* data) {
  auto* search = static_cast<Search*>(data);
  Object object;
  if (!info->dlpi_name || !*info->dlpi_name || !ReadObject(info, &object)) return 0;  // the executable has no name
  void* handle = dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
  if (!handle) return 0;
  void* found = FindSymbol(handle, search->name);
  dlclose(handle);
  const auto address = reinterpret_cast<uint64_t>(found);
  if (address < object.begin || address >= object.end) return 0;
  search->found = found;
  return 1;
}

}  // namespace

void* FindDefinition(const char* name) {
  if (!FindRealDlsymLate()) return nullptr;
  void* found = FindSymbol(RTLD_DEFAULT, name);
  if (found && IsDefinition(found)) return found;
  Search search = {name, nullptr};
  dl_iterate_phdr(FindInObject, &search);
  return search.found;
}

void PatchSlots(const NativeHook* hooks, size_t count, bool install, const void* within) {
  Patch patch = {hooks, count, install, reinterpret_cast<uint64_t>(within), 0};
  for (size_t i = 0; i < count; ++i) patch.letters |= uint32_t{1} << (hooks[i].name[0] & 31);
  dl_iterate_phdr(PatchObject, &patch);
}

void PatchObjects() {
  g_patching = true;
  Apply(true);
}

void UnpatchObjects() {
  g_patching = false;
  Apply(false);
}

LIMPET_COLD void PatchNewObjects() {
  if (CountLoads().loads != g_objects_seen) Apply(true);
}

}  // namespace limpet::agent
