// Native stacks (`limpet run --native`): which C functions took a block, beneath the Python line that called them.
//
// The hooks of blocks outside of Python's object allocators are instantiated twice, without and with native stacks, and the ones that
// are wanted are put in: who does not ask for them does not pay for a test. A site then is (Python node, domain, native node).
#ifndef LIMPET_AGENT_NATIVE_STACKS_H_
#define LIMPET_AGENT_NATIVE_STACKS_H_

#include "agent/hot.h"
#include "agent/unwind.h"

namespace limpet::agent {

// Makes native stacks possible, if they were asked for: at the start, and when the interpreter has been found.
void SetUpNativeStacks();
void NoteInterpreter();

// The native node of the frames in thread->native_frames. REQUIRES: the agent's lock.
uint32_t ResolveNative(const Thread* thread);
uint64_t NativeBytes();

// As PairAnywhere, for the native stack as well.
template <class L>
uint32_t PairWithNative(Thread* thread, Domain domain, Registers here, bool* locked) {
  const uint64_t native = CaptureNative(thread, here);
  uint64_t key = DomainSalt(domain) ^ native;
  const char* top = nullptr;
  if (LIMPET_UNLIKELY(!g_python.main_interpreter)) {
    *locked = false;
  } else {
    top = RunningFrame<L>(thread, locked);
  }
  key ^= top ? Look<L>(thread, top) : kEmptyStack;
  return PairOf(thread, key, [&] { return PairOfNativeStack<L>(thread, key, top, domain); });
}

// The hooks' functions without an interpreter.
uint32_t NativePairWithoutPython(Thread* thread, Domain domain);
void NativeBirthWithoutPython(Thread* thread, void* block, uint64_t size);

template <class L>
void NativeBirth(Thread* thread, void* block, uint64_t size) {
  bool locked;
  const uint32_t pair = PairWithNative<L>(thread, Domain::kMalloc, Here(), &locked);
  AddRow(thread, block, pair, size, locked);
}

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_NATIVE_STACKS_H_
