#include "agent/unwind.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include "agent/python.h"

namespace limpet::agent {

namespace {

constexpr uint32_t kCacheBits = 15;
constexpr int kGenerationShift = kRuleBits;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kMainStack =
    64 << 20;  // the kernel keeps at least 128 MiB below the first thread's stack for its growth
constexpr uint64_t kMostStack = 1ull << 32;
constexpr uint32_t kMostSteps = 256;  // with frames that are not told
constexpr uint8_t kMostStackLooks = 4;
constexpr uint64_t kNativeSeed = 0x9ae16a3b2f90404full;

// A rule and the address that it is for. No lock: `mixed` is address ^ rule, so that two halves of different entries match no address.
struct CacheEntry {
  uint64_t mixed;
  uint64_t rule;  // PackRule, and the generation above
};

struct Unwind {
  decltype(&_dl_find_object) find;
  uint64_t generation;         // in its place in CacheEntry::rule
  uint64_t own_start;          // of our memory
  uint64_t interpreter_start;  // 0: none
  uint64_t main_stack_end;     // 0: unknown
  CacheEntry cache[1u << kCacheBits];
};
Unwind g_unwind;

// Past every sanitizer: frames of all functions are read here, also what they do not want to be read.
inline uint64_t Word(uint64_t address) {
  uint64_t value;
  __asm__ volatile("movq (%1), %0" : "=r"(value) : "r"(address) : "memory");
  return value;
}

// The loaded segment of `module` that holds its unwind tables.
bool FindTables(const ModuleOf& module, Readable* tables) {
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(module.start);
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phentsize != sizeof(ElfW(Phdr))) return false;
  if (header->e_phoff + header->e_phnum * sizeof(ElfW(Phdr)) > kPage) return false;
  const auto* parts = reinterpret_cast<const ElfW(Phdr)*>(module.start + header->e_phoff);
  const uint64_t place = reinterpret_cast<uint64_t>(module.tables);
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    if (parts[i].p_type != PT_LOAD || !(parts[i].p_flags & PF_R)) continue;
    const uint64_t begin = module.link->l_addr + parts[i].p_vaddr, end = begin + parts[i].p_filesz;
    if (place < begin || place >= end || begin < module.start || end > module.end) continue;
    *tables = {reinterpret_cast<const uint8_t*>(begin), reinterpret_cast<const uint8_t*>(end)};
    return true;
  }
  return false;
}

UnwindRule MakeRule(uint64_t ip) {
  UnwindRule rule;
  ModuleOf module;
  if (!FindModule(ip - 1, &module)) {
    rule.cfa = Cfa::kNoModule;
    return rule;
  }
  rule.own = module.start == g_unwind.own_start;
  rule.interpreter = module.start == g_unwind.interpreter_start;
  rule.cfa = Cfa::kFramePtr;
  Readable tables;
  if (module.tables && FindTables(module, &tables)) FindRule(tables, module.tables, ip - 1, &rule);
  return rule;
}

CacheEntry* PlaceOf(uint64_t ip) { return &g_unwind.cache[(ip * 0x9E3779B97F4A7C15ull) >> (64 - kCacheBits)]; }

bool Holds(const CacheEntry* entry, uint64_t ip, uint64_t* rule) {
  *rule = __atomic_load_n(&entry->rule, __ATOMIC_RELAXED);
  const uint64_t mixed = __atomic_load_n(&entry->mixed, __ATOMIC_RELAXED);
  return (mixed ^ *rule) == ip && (*rule ^ g_unwind.generation) >> kGenerationShift == 0;
}

void Put(CacheEntry* entry, uint64_t ip, uint64_t rule) {
  __atomic_store_n(&entry->rule, rule, __ATOMIC_RELAXED);
  __atomic_store_n(&entry->mixed, ip ^ rule, __ATOMIC_RELAXED);
}

// Two neighbouring places for each address; a new one goes to the second where the first is in use.
LIMPET_COLD uint64_t AddRule(uint64_t ip) {
  const uint64_t generation = __atomic_load_n(&g_unwind.generation, __ATOMIC_ACQUIRE);
  const uint64_t rule = PackRule(MakeRule(ip)) | generation;
  CacheEntry* first = PlaceOf(ip);
  CacheEntry* second = &g_unwind.cache[(first - g_unwind.cache) ^ 1];
  const bool used =
      __atomic_load_n(&first->rule, __ATOMIC_RELAXED) >> kGenerationShift == generation >> kGenerationShift;
  Put(used ? second : first, ip, rule);
  return rule;
}

// The packed rule of `ip`.
inline uint64_t RuleOf(uint64_t ip) {
  const CacheEntry* first = PlaceOf(ip);
  uint64_t rule;
  if (LIMPET_LIKELY(Holds(first, ip, &rule))) return rule;
  if (LIMPET_LIKELY(Holds(&g_unwind.cache[(first - g_unwind.cache) ^ 1], ip, &rule))) return rule;
  return AddRule(ip);
}

// From one frame to its caller, by any rule. False where that cannot be known.
__attribute__((noinline)) bool StepByAny(const UnwindRule& rule, const StackRange& stack, Registers* r) {
  const auto readable = [&](uint64_t at) { return at >= r->sp && at <= stack.high - 8 && at % 8 == 0; };
  uint64_t cfa = 0, bp = r->bp;
  switch (rule.cfa) {
    case Cfa::kSp:
      cfa = r->sp + uint64_t(int64_t(rule.cfa_offset));
      break;
    case Cfa::kBp:
      cfa = r->bp + uint64_t(int64_t(rule.cfa_offset));
      break;
    case Cfa::kAtBp: {
      const uint64_t at = r->bp + uint64_t(int64_t(rule.cfa_offset));
      if (!readable(at)) return false;
      cfa = Word(at);
      break;
    }
    case Cfa::kFramePtr:
      if (!readable(bp)) return false;
      cfa = bp + 16;
      bp = Word(bp);
      break;
    case Cfa::kNone:
    case Cfa::kNoModule:
      return false;
  }
  if (cfa <= r->sp || cfa > stack.high || cfa % 8) return false;
  if (rule.bp != SavedBp::kSame) {
    const uint64_t at = (rule.bp == SavedBp::kAtCfa ? cfa : r->bp) + uint64_t(int64_t(rule.bp_offset));
    if (!readable(at)) return false;
    bp = Word(at);
  }
  *r = {Word(cfa - 8), cfa, bp};
  return r->ip != 0;
}

// The same; nearly all rules are sp or bp and a number, with bp as it was or near the CFA.
inline bool Step(uint64_t rule, const StackRange& stack, Registers* r) {
  const uint64_t bp_rule = rule >> 3 & 3;
  if (LIMPET_UNLIKELY((rule & 7) - uint64_t(Cfa::kSp) > 1 || bp_rule > uint64_t(SavedBp::kAtCfa))) {
    Registers copy = *r;  // what is passed on lives in memory: the common case stays in registers
    const bool ok = StepByAny(UnpackRule(rule), stack, &copy);
    *r = copy;
    return ok;
  }
  const uint64_t cfa = ((rule & 7) == uint64_t(Cfa::kSp) ? r->sp : r->bp) + CfaOffsetOf(rule);
  const uint64_t room = stack.high - r->sp;
  if (LIMPET_UNLIKELY(room < 8 || cfa - r->sp - 8 > room - 8 || cfa % 8)) return false;
  uint64_t bp = r->bp;
  if (bp_rule) {
    const uint64_t at = cfa + BpOffsetOf(rule);
    if (LIMPET_UNLIKELY(at - r->sp > room - 8)) return false;
    bp = Word(at);
  }
  *r = {Word(cfa - 8), cfa, bp};
  return r->ip != 0;
}

// The mapping of this process that holds `address`, as /proc/self/maps has it; {0, 0} where that cannot be read. `scratch` is used
// instead of the stack, which may be small.
StackRange MappingOf(uint64_t address, char* scratch, size_t room) {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {0, 0};
  StackRange range = {0, 0};
  int field = 0;  // 0: begin, 1: end, 2: the rest of the line
  bool found = false;
  for (ssize_t got; !found && (got = read(fd, scratch, room)) > 0;) {
    for (ssize_t i = 0; i < got && !found; ++i) {
      const char c = scratch[i];
      if (c == '\n') range = {0, 0}, field = 0;
      else if (field == 0 && c == '-') field = 1;
      else if (field == 1 && c == ' ') found = range.Has(address), field = 2;
      else if (field < 2)
        (field ? range.high : range.low) =
            (field ? range.high : range.low) << 4 | uint64_t(c <= '9' ? c - '0' : c - 'a' + 10);
    }
  }
  close(fd);
  return found ? range : StackRange{0, 0};
}

// A thread's stack is known by where it ends: the first thread's where the dynamic linker found it, another's below its thread
// control block, which the C library puts above the stack. (pthread_getattr_np would allocate and take a lock.)
LIMPET_COLD void FindStack(Thread* thread, uint64_t sp) {
  ErrnoGuard errno_guard;
  ++thread->stack_looks;
  const uint64_t end = g_unwind.main_stack_end;
  if (sp < end && end - sp < kMainStack) {
    thread->stack_low = end - kMainStack;
    thread->stack_high = end & ~uint64_t(7);
    return;
  }
  const uint64_t control = reinterpret_cast<uint64_t>(ThreadPointer());
  if (sp >= control || control - sp > kMostStack) return;
  const StackRange mapping =
      MappingOf(sp, reinterpret_cast<char*>(thread->native_frames), sizeof thread->native_frames);
  if (!mapping.Has(control)) return;
  thread->stack_low = mapping.low;
  thread->stack_high = control & ~uint64_t(7);
}

}  // namespace

bool FindModule(uint64_t address, ModuleOf* module) {
  dl_find_object found;
  if (!g_unwind.find || g_unwind.find(reinterpret_cast<void*>(address), &found) != 0 || !found.dlfo_link_map)
    return false;
  *module = {reinterpret_cast<uint64_t>(found.dlfo_map_start), reinterpret_cast<uint64_t>(found.dlfo_map_end),
             static_cast<const uint8_t*>(found.dlfo_eh_frame), found.dlfo_link_map};
  return true;
}

bool SetUpUnwind(const void* own) {
  g_unwind.find = reinterpret_cast<decltype(g_unwind.find)>(dlvsym(RTLD_DEFAULT, "_dl_find_object", "GLIBC_2.35"));
  if (!g_unwind.find) return false;
  ModuleOf module;
  g_unwind.own_start = FindModule(reinterpret_cast<uint64_t>(own), &module) ? module.start : 0;
  if (void* end = dlvsym(RTLD_DEFAULT, "__libc_stack_end", "GLIBC_2.2.5"))
    g_unwind.main_stack_end = *static_cast<uint64_t*>(end);
  ForgetRules();
  return true;
}

void UnwindToInterpreter(const void* function) {
  ModuleOf module;
  if (!FindModule(reinterpret_cast<uint64_t>(function), &module)) return;
  if (g_unwind.interpreter_start == module.start) return;
  g_unwind.interpreter_start = module.start;
  ForgetRules();
}

void ForgetRules() {
  const uint64_t next = (g_unwind.generation >> kGenerationShift) % 0xffff + 1;  // 0: of empty entries
  __atomic_store_n(&g_unwind.generation, next << kGenerationShift, __ATOMIC_RELEASE);
}

uint32_t Walk(Registers registers, StackRange stack, uint64_t* frames, uint32_t room) {
  uint32_t count = 0;
  if (!stack.Has(registers.sp) || registers.sp % 8 || stack.high - registers.sp < 8) return 0;
  for (uint32_t steps = 0; count < room && steps < kMostSteps; ++steps) {
    const uint64_t rule = RuleOf(registers.ip);
    if (LIMPET_UNLIKELY((rule & 7) == uint64_t(Cfa::kNoModule))) break;
    frames[count] = registers.ip;
    count += !(rule & kOwnBit);
    if (rule & kInterpreterBit || !Step(rule, stack, &registers)) break;
  }
  return count;
}

StackRange StackOf(Thread* thread, uint64_t sp) {
  const StackRange known = {thread->stack_low, thread->stack_high};
  if (LIMPET_LIKELY(known.Has(sp))) return known;
  if (thread->stack_looks < kMostStackLooks) {
    FindStack(thread, sp);
    const StackRange found = {thread->stack_low, thread->stack_high};
    if (found.Has(sp)) return found;
  }
  return {sp, (sp / kPage + 1) * kPage};
}

__attribute__((noinline)) uint64_t CaptureNative(Thread* thread, Registers here) {
  const uint32_t count = Walk(here, StackOf(thread, here.sp), thread->native_frames, kMaxNativeFrames);
  thread->native_count = count;
  if (count == 0) return 0;
  uint64_t hash = kNativeSeed;
  for (uint32_t i = 0; i < count; ++i) hash = HashStep(hash, thread->native_frames[i]);
  return hash | 1;
}

}  // namespace limpet::agent
