// The native stack of the calling thread: return addresses, innermost first, found without a lock, a system call or an allocation.
//
//     ip, sp, bp --rule of ip--> CFA --> ip, sp, bp of the caller --rule of ip--> ...
//
// The rule of a return address is compiled from unwind tables at first sight (unwind_rule.h) and then stands in one table for all
// threads: two loads and a comparison for each frame. glibc's _dl_find_object tells which module an address is in, also in a signal
// handler or while a library is being loaded.
//
// Memory is read only between the stack pointer and the end of the stack that the thread is known to run on; CFAs must grow. Where the
// thread runs elsewhere (a coroutine's own stack, an alternate signal stack), it is read up to the end of the page. A wrong rule thus
// can give a wrong stack, but no fault. On doubt the walk ends and what was found so far is told.
#ifndef LIMPET_AGENT_UNWIND_H_
#define LIMPET_AGENT_UNWIND_H_

#include "agent/thread.h"
#include "agent/unwind_rule.h"

struct link_map;

namespace limpet::agent {

struct Registers {
  uint64_t ip;  // behind an instruction of the code that runs
  uint64_t sp;
  uint64_t bp;
};
// Memory that a walk may read.
struct StackRange {
  uint64_t low;
  uint64_t high;
  bool Has(uint64_t address) const { return address >= low && address < high; }
};

// What is known of the module that an address is in.
struct ModuleOf {
  uint64_t start;  // of its memory
  uint64_t end;
  const uint8_t* tables;  // PT_GNU_EH_FRAME, or null
  const link_map* link;   // of the dynamic linker; valid while the module is loaded
};
bool FindModule(uint64_t address, ModuleOf* module);

// Called before any other function here; the library that `own` is in is left out of stacks. False where this C library has no
// _dl_find_object (glibc before 2.35).
bool SetUpUnwind(const void* own);
// The interpreter was found: stacks end where it calls out. `function` is one of its functions.
void UnwindToInterpreter(const void* function);
// Libraries may have gone, and others come to their addresses: rules are made anew.
void ForgetRules();

// Return addresses from `registers` outwards into `frames`; their number, at most `room`. Frames of the agent are left out; the
// interpreter's first is the last that is told.
uint32_t Walk(Registers registers, StackRange stack, uint64_t* frames, uint32_t room);

// The stack that `thread`, which calls, is on, with its stack pointer at `sp`.
StackRange StackOf(Thread* thread, uint64_t sp);

// Where the function is that this is inlined into. (Taken far out, it saves the walk frames that nobody wants to see.)
[[gnu::always_inline]] inline Registers Here() {
  Registers here;
  __asm__ volatile("leaq 1f(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2\n1:"
                   : "=&r"(here.ip), "=&r"(here.sp), "=&r"(here.bp));
  return here;
}

// The calling thread's stack from `here` on into thread->native_frames and native_count; its hash, or 0 where there is nothing.
uint64_t CaptureNative(Thread* thread, Registers here);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_UNWIND_H_
