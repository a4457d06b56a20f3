// A look at the Python stack of the calling thread: which stack is it? Answered as a 64-bit hash of the frames' instruction
// pointers, bottom to top, without calling the interpreter and mostly without walking the stack.
//
// Walking 100 frames costs 100 dependent loads. But below the first few frames nothing has changed since the last look, and
// that can be known. When Python code calls Python code, the caller's frame keeps its saved stack pointer, and the slot just
// above it is dead memory: the call's own operand lay there and has been moved away.
//
//     caller's frame:  | ... locals ... | stack in use |  DEAD  | unused ... |       callee's frame: | ...
//                                                         ^ saved stack pointer
//
// The operand must be pushed to that very slot before the same instruction can call again, and on return the result goes
// there. So a magic word written into the dead slot is still there only if the frame has not run since; then everything
// below it is unchanged too, and the hash remembered for it (Level) holds. A look costs the new frames only:
//
//     frames   f0 <- f1 <- f2 <- f3 <- f4 (running)        levels: f1 f2 f3 marked, with their hashes
//     look     f4: running, take its instruction.   f3: marked, magic intact -> hash(f0..f3) is known.  Done.
//
// Which frames may be marked (and the evidence): docs/design/marks.md. Everything else is walked.
#ifndef LIMPET_AGENT_LOOK_H_
#define LIMPET_AGENT_LOOK_H_

#include "agent/python.h"
#include "cpython/frame.h"

namespace limpet::agent {

inline constexpr uint64_t kEmptyStack = 0x6c696d7065742121ull;  // hash of the stack without frames
inline constexpr uint32_t kMarkFrom = 4;                        // looks that walked fewer frames leave no marks

inline Level* LevelOf(Thread* thread, const char* frame) {
  return &thread->levels[(reinterpret_cast<uintptr_t>(frame) >> 4) & (kLevels - 1)];
}

template <class L>
inline uint64_t InstructionOf(const char* frame) {
  return reinterpret_cast<uint64_t>(cpython::FrameInstruction<L>(frame));
}

// Remembers the frames that the look walked, and marks those that can be marked.
template <class L>
LIMPET_COLD uint64_t HashAndMark(Thread* thread, uint64_t hash, uint32_t count) {
  const char* const* pending = thread->pending;
  for (uint32_t i = count; i-- > 1;) {
    const char* frame = pending[i];
    hash = HashStep(hash, InstructionOf<L>(frame));
    uint64_t* slot = cpython::WritableSuspendedSlot<L>(frame, pending[i - 1]);
    if (!slot || !g_python.may_mark) continue;
    *slot = thread->magic;
    *LevelOf(thread, frame) = {frame, InstructionOf<L>(frame), hash, slot};
  }
  return HashStep(hash, InstructionOf<L>(pending[0]));
}

// Stacks deeper than the agent can hold at once are told by their innermost frames.
template <class L>
LIMPET_COLD uint64_t LookTooDeep(const char* frame) {
  uint64_t hash = ~kEmptyStack;
  for (int i = 0; i < 64 && frame; ++i, frame = cpython::PreviousFrame<L>(frame))
    hash = HashStep(hash, InstructionOf<L>(frame));
  return hash;
}

// Whether `level` remembers `frame`, and the frame has not run since.
template <class L>
inline bool IsIntact(const Thread* thread, const Level* level, const char* frame) {
  return level->frame == frame && level->instruction == InstructionOf<L>(frame) && *level->mark == thread->magic;
}

// The hash of the stack from the bottom up to and including `frame`; 0 when more than `kFrames` would have to be walked.
// Recursion that the compiler unrolls into a few loads.
template <class L, int kFrames>
[[gnu::always_inline]] inline uint64_t HashUpTo(Thread* thread, const char* frame) {
  if (!frame) return kEmptyStack;
  const Level* level = LevelOf(thread, frame);
  if (LIMPET_LIKELY(IsIntact<L>(thread, level, frame))) return level->hash;
  if constexpr (kFrames == 0) {
    return 0;
  } else {
    const uint64_t hash = HashUpTo<L, kFrames - 1>(thread, cpython::PreviousFrame<L>(frame));
    return LIMPET_LIKELY(hash != 0) ? HashStep(hash, InstructionOf<L>(frame)) : 0;
  }
}

// The hash of the stack whose running frame is `top` (never remembered itself), or 0 when many frames have changed: see Look.
template <class L>
[[gnu::always_inline]] inline uint64_t LookQuick(Thread* thread, const char* top) {
  const uint64_t hash = HashUpTo<L, kMarkFrom - 1>(thread, cpython::PreviousFrame<L>(top));
  return LIMPET_LIKELY(hash != 0) ? HashStep(hash, InstructionOf<L>(top)) : 0;
}

// The hash of the stack whose running frame is `top`, which is not null.
template <class L>
inline uint64_t Look(Thread* thread, const char* top) {
  const char** pending = thread->pending;
  uint32_t count = 1;
  uint64_t hash = kEmptyStack;
  pending[0] = top;
  for (const char* frame = cpython::PreviousFrame<L>(top); frame; frame = cpython::PreviousFrame<L>(frame)) {
    const Level* level = LevelOf(thread, frame);
    if (IsIntact<L>(thread, level, frame)) {
      hash = level->hash;
      break;
    }
    if (LIMPET_UNLIKELY(count == thread->pending_capacity)) {
      if (!GrowPending(thread)) return LookTooDeep<L>(top);
      pending = thread->pending;
    }
    pending[count++] = frame;
  }
  if (LIMPET_UNLIKELY(count > kMarkFrom)) return HashAndMark<L>(thread, hash, count);
  for (uint32_t i = count; i-- > 0;) hash = HashStep(hash, InstructionOf<L>(pending[i]));
  return hash;
}

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_LOOK_H_
