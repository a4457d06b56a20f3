// What the interpreter is executing: reading its chain of frames in our own process, on the hot path.
//
// Every function is a template over one of the layouts of layouts.h and compiles to a few loads. A thread may read its
// own chain at any time, with or without the GIL: nobody else changes it, and its frames hold their code objects alive.
//
//     thread state --> frame --previous--> frame --previous--> shim --previous--> frame --> null
//                      (running)           (suspended)         (C calls Python)   (suspended in that C function)
//
// A frame is shown to people unless it is incomplete (see IsIncomplete). Whoever uses the marks of SuspendedSlot needs
// the incomplete ones too: they tell whether a frame was suspended by the interpreter itself or by a C function.
#ifndef LIMPET_CPYTHON_FRAME_H_
#define LIMPET_CPYTHON_FRAME_H_

#include <cstdint>
#include <cstring>

#include "cpython/layouts.h"

namespace limpet::cpython {

// The value of type T at `offset` bytes from `base`.
template <class T>
inline T Load(const char* base, int offset) {
  T value;
  memcpy(&value, base + offset, sizeof value);
  return value;
}

// The frame that the thread of this thread state executes now, or null.
template <class L>
inline const char* CurrentFrame(const char* thread) {
  if constexpr (L::kThreadCframe != kAbsent) {
    const char* cframe = Load<const char*>(thread, L::kThreadCframe);
    return cframe == nullptr ? nullptr : Load<const char*>(cframe, L::kCframeFrame);
  } else {
    const char* frame = Load<const char*>(thread, L::kThreadFrame);
    if constexpr (L::kThreadBaseFrame != kAbsent) {  // a sentinel at the bottom, there even when nothing runs
      if (frame == Load<const char*>(thread, L::kThreadBaseFrame)) return nullptr;
    }
    return frame;
  }
}

template <class L>
inline const char* PreviousFrame(const char* frame) {
  return Load<const char*>(frame, L::kFramePrevious);
}

// The frame's code object. Of a shim this may be None, or something else that is no code object: ask IsShim first.
template <class L>
inline const char* FrameCode(const char* frame) {
  uint64_t bits = Load<uint64_t>(frame, L::kFrameCode) & ~L::kFrameCodeTagMask;
  return reinterpret_cast<const char*>(bits);
}

// Identifies the place of execution inside the code; meaningful as a line by way of LastInstruction only.
template <class L>
inline const char* FrameInstruction(const char* frame) {
  return Load<const char*>(frame, L::kFrameInstruction);
}

template <class L>
inline int FrameOwner(const char* frame) {
  return Load<signed char>(frame, L::kFrameOwner);
}

// A frame of the interpreter's own: the border between a C function and the Python code it called, or a sentinel.
template <class L>
inline bool IsShim(const char* frame) {
  return FrameOwner<L>(frame) >= L::kOwnerShim;
}

// Whether nobody is to see this frame: a shim, or one that did not reach its first traceable instruction (its caller is
// still setting it up, or it is the helper that 3.13+ pushes around an inlined __init__). CPython's
// _PyFrame_IsIncomplete.
template <class L>
inline bool IsIncomplete(const char* frame) {
  int owner = FrameOwner<L>(frame);
  if (owner >= L::kOwnerShim) return true;
  if (owner == L::kOwnerGenerator) return false;
  const char* code = FrameCode<L>(frame);
  int64_t traceable = int64_t{L::kCodeUnit} * Load<int32_t>(code, L::kCodeFirstTraceable);
  return FrameInstruction<L>(frame) < code + L::kCodeInstructions + traceable;
}

// The index, in code units, of the instruction that the frame executes or is suspended in: CPython's lasti. Times
// kCodeUnit it is what a line table is asked for (PyCode_Addr2Line). -1 when nothing was executed yet (3.11, 3.12).
template <class L>
inline int64_t LastInstruction(const char* code, const char* instruction) {
  return (instruction - (code + L::kCodeInstructions)) / L::kCodeUnit;
}

template <class L>
inline const char* FirstInstruction(const char* code) {
  return code + L::kCodeInstructions;
}

// Whether `frame`, whose generator `callee` runs, awaits or delegates to it (SEND) rather than iterating over it.
template <class L>
inline bool SuspendedInSend(const char* frame) {
  if constexpr (L::kOpcodeSend == kAbsent) {
    return false;  // 3.11 resumes generators from C only
  } else {
    // Where the instruction is the "previous" one, it is the one cache entry behind SEND.
    int offset = L::kFrameInstructionIsPrevious ? -L::kCodeUnit : 0;
    int opcode = Load<uint8_t>(FrameInstruction<L>(frame), offset);
    return opcode == L::kOpcodeSend || opcode == L::kOpcodeSendGen;
  }
}

// A word of memory that shows whether a suspended frame has run since it was written.
//
// When the interpreter inlines a call (it runs the callee in the same C function), it first takes the operands off the
// caller's evaluation stack. The slot just above what is left held one of them, so it is dead memory that
//   - nobody reads: the collector, tracebacks, generators and frame objects stop at the stack pointer;
//   - receives the returned value, and in any case an operand before the caller can be suspended at this instruction
//     again.
// A mark written there while `frame` is suspended by `callee` is therefore found again by the same frame at the same
// instruction only if the frame was never resumed in between, and then everything below it is unchanged as well.
//
// Returns null where the claim does not hold: `callee` was entered from C, or iterates (FOR_ITER keeps its operand).
// REQUIRES: `callee`'s previous frame is `frame`, whether or not `callee` is incomplete.
template <class L>
inline const uint64_t* SuspendedSlot(const char* frame, const char* callee) {
  int owner = FrameOwner<L>(callee);
  if (owner != L::kOwnerThread && !(owner == L::kOwnerGenerator && SuspendedInSend<L>(frame))) return nullptr;
  if constexpr (L::kFrameIsEntry != kAbsent) {
    if (Load<uint8_t>(callee, L::kFrameIsEntry) != 0) return nullptr;
  }
  if constexpr (L::kFrameStackPointer != kAbsent) {
    return Load<const uint64_t*>(frame, L::kFrameStackPointer);
  } else {
    int32_t top = Load<int32_t>(frame, L::kFrameStackTop);
    if (top < 0) return nullptr;
    return reinterpret_cast<const uint64_t*>(frame + L::kFrameLocalsPlus) + top;
  }
}

// As SuspendedSlot, but for writing a mark: checks as well that the slot lies inside the frame and that the instruction
// is one that used up its operand. Null means: leave this frame without a mark.
template <class L>
inline uint64_t* WritableSuspendedSlot(const char* frame, const char* callee) {
  const uint64_t* slot = SuspendedSlot<L>(frame, callee);
  if (slot == nullptr || IsIncomplete<L>(frame)) return nullptr;
  const uint64_t* locals = reinterpret_cast<const uint64_t*>(frame + L::kFrameLocalsPlus);
  const char* code = FrameCode<L>(frame);
  int64_t local_count = Load<int32_t>(code, L::kCodeLocalsPlusCount);
  int64_t index = slot - locals;
  if (index < local_count || index >= local_count + Load<int32_t>(code, L::kCodeStackSize)) return nullptr;
  if constexpr (L::kPropertyCallKeepsStack) {
    // `x.prop(...)` in 3.12: the inlined getter does not shrink the stack, it leaves a null on top.
    if (index > local_count && slot[-1] == 0) return nullptr;
  }
  return const_cast<uint64_t*>(slot);
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_FRAME_H_
