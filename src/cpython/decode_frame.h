// Decodes frames: what a running or suspended function holds. The struct is the same whether the frame lies on a thread's stack, inside a
// generator, or inside the frame object that outlives the call:
//
//     _PyInterpreterFrame | code, function, globals, locals ... | local variables and cells | evaluation stack ...|
//                                                                by name, from the code      up to the stack pointer, where that is known
//
// While the interpreter executes a frame, its stack pointer is in a register of the processor only. Then every slot that the code could use
// is told as kMaybe: some hold what was left there before.
#ifndef LIMPET_CPYTHON_DECODE_FRAME_H_
#define LIMPET_CPYTHON_DECODE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/frame.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

// The parts of a code object that frames need.
struct FrameShape {
  uint64_t code = 0;
  int64_t locals = 0;  // local variables, cells and free variables
  int64_t stack = 0;   // slots of the evaluation stack
  uint64_t names = 0;  // of the locals: a tuple's items
  uint64_t kinds = 0;  // and a byte each
};

// False: that is no code object. The interpreter's own frames (shims) have none, or one without names.
template <class L, class Memory>
bool ReadFrameShape(Memory& memory, uint64_t code, FrameShape* out) {
  constexpr int64_t kMost = 1 << 24;
  int32_t locals, stack;
  uint64_t names, kinds;
  int64_t name_count, kind_count;
  if (code == 0 || !Get(memory, code + L::kCodeLocalsPlusCount, &locals) ||
      !Get(memory, code + L::kCodeStackSize, &stack) || !Get(memory, code + L::kCodeLocalsPlusNames, &names) ||
      !Get(memory, code + L::kCodeLocalsPlusKinds, &kinds)) {
    return false;
  }
  if (locals < 0 || stack < 0 || locals > kMost || stack > kMost || names == 0 || kinds == 0) return false;
  if (!Get(memory, names + L::kObjectSize, &name_count) || !Get(memory, kinds + L::kObjectSize, &kind_count) ||
      name_count != locals || kind_count != locals) {
    return false;
  }
  *out = {code, locals, stack, names + L::kTupleItems, kinds + L::kBytesData};
  return true;
}

// A slot of a frame: from 3.14 on its lowest bits say whether it counts.
struct SlotReference {
  uint64_t target;  // 0: none
  RefStrength strength;
};

template <class L>
inline SlotReference ReadSlot(uint64_t word) {
  if constexpr (L::kReferenceTags == 0) {
    return {word, RefStrength::kOwned};
  } else {
    const uint64_t tag = word & L::kReferenceTags;
    if (tag >= 2) return {0, RefStrength::kOwned};  // a small int, or no reference at all
    return {word & ~L::kReferenceTags, tag == 1 ? RefStrength::kBorrowed : RefStrength::kOwned};
  }
}

template <class L, class Memory, class Sink>
bool TellLocals(Memory& memory, const FrameShape& shape, uint64_t slots, Sink& sink) {
  for (int64_t i = 0; i < shape.locals; ++i) {
    uint64_t word, name;
    uint8_t kind;
    const uint64_t at = static_cast<uint64_t>(i);
    if (!Get(memory, slots + 8 * at, &word)) return false;
    const SlotReference slot = ReadSlot<L>(word);
    if (slot.target == 0) continue;
    if (!Get(memory, shape.names + 8 * at, &name) || !Get(memory, shape.kinds + at, &kind)) return false;
    const bool cell = (kind & (L::kLocalCell | L::kLocalFree)) != 0;
    sink.Run(cell ? RefKind::kClosure : RefKind::kLocal, slot.strength, Label::Name(name), false);
    sink.Target(slot.target);
  }
  return true;
}

// Slots of the evaluation stack: `known` says that they are in use, otherwise each may be stale.
template <class L, class Memory, class Sink>
bool TellStack(Memory& memory, uint64_t slots, int64_t count, bool known, Sink& sink) {
  for (int64_t i = 0; i < count; ++i) {
    uint64_t word;
    if (!Get(memory, slots + 8 * static_cast<uint64_t>(i), &word)) return false;
    const SlotReference slot = ReadSlot<L>(word);
    if (slot.target == 0 || (slot.target & 7) != 0) continue;
    const RefStrength strength = known || slot.strength == RefStrength::kBorrowed ? slot.strength : RefStrength::kMaybe;
    sink.Run(RefKind::kStack, strength, Label::Index(static_cast<uint64_t>(i)), false);
    sink.Target(slot.target);
  }
  return true;
}

// How many slots of the evaluation stack are in use; false: that is not stored at the moment.
template <class L, class Memory>
bool StackDepth(Memory& memory, uint64_t frame, const FrameShape& shape, int64_t* depth) {
  if constexpr (L::kFrameStackPointer != kAbsent) {
    uint64_t top;
    if (!Get(memory, frame + L::kFrameStackPointer, &top) || top == 0) return false;
    *depth = (static_cast<int64_t>(top) - static_cast<int64_t>(frame + L::kFrameLocalsPlus)) / 8 - shape.locals;
  } else {
    int32_t top;
    if (!Get(memory, frame + L::kFrameStackTop, &top)) return false;
    *depth = top - shape.locals;
  }
  return *depth >= 0 && *depth <= shape.stack;
}

// Tells what the _PyInterpreterFrame at `frame` holds: code, function, locals, stack. False: it cannot be read, or has no code object.
// Globals and builtins are its function's. `to_object`: how it refers to its frame object, if it has one.
template <class L, class Memory, class Sink>
bool DecodeFrame(Memory& memory, uint64_t frame, Sink& sink, RefStrength to_object = RefStrength::kOwned) {
  uint64_t code, function, f_locals, object;
  if (!Get(memory, frame + L::kFrameCode, &code) || !Get(memory, frame + L::kFrameFunction, &function) ||
      !Get(memory, frame + L::kFrameLocals, &f_locals) || !Get(memory, frame + L::kFrameObject, &object)) {
    return false;
  }
  const auto tell = [&](RefKind kind, const char* name, SlotReference slot) {
    if (slot.target == 0) return;
    sink.Run(kind, slot.strength, Label::Literal(name), false);
    sink.Target(slot.target);
  };
  const SlotReference code_slot = ReadSlot<L>(code);
  FrameShape shape;
  if (!ReadFrameShape<L>(memory, code_slot.target, &shape)) return false;
  tell(RefKind::kAttribute, "f_code", code_slot);
  tell(RefKind::kField, "f_funcobj", ReadSlot<L>(function));
  tell(RefKind::kAttribute, "f_locals", {f_locals, RefStrength::kOwned});
  tell(RefKind::kField, "frame_obj", {object, to_object});
  const uint64_t slots = frame + L::kFrameLocalsPlus;
  if (!TellLocals<L>(memory, shape, slots, sink)) return false;
  int64_t depth = 0;
  const bool known = StackDepth<L>(memory, frame, shape, &depth);
  return TellStack<L>(memory, slots + 8 * static_cast<uint64_t>(shape.locals), known ? depth : shape.stack, known,
                      sink);
}

// A frame object: its frame's contents are its own only once the call has ended; before, they are the thread's or the generator's.
template <class L, class Memory, class Sink>
bool DecodeFrameObject(Memory& memory, uint64_t object, Sink& sink) {
  uint64_t frame;
  int8_t owner;
  if (!Get(memory, object + L::kFrameObjectFrame, &frame) || frame == 0) return false;
  if (!Get(memory, frame + L::kFrameOwner, &owner) || owner != L::kOwnerFrameObject) return true;
  return DecodeFrame<L>(memory, frame, sink);
}

template <class L, class Memory, class Sink>
bool DecodeGenerator(Memory& memory, uint64_t object, Sink& sink) {
  int8_t state;
  if (!Get(memory, object + L::kGeneratorState, &state)) return false;
  if (state != L::kGeneratorCleared) return DecodeFrame<L>(memory, object + L::kGeneratorFrame, sink);
  if constexpr (L::kGeneratorCode == kAbsent) {  // what is left of the frame
    uint64_t code;
    if (!Get(memory, object + L::kGeneratorFrame + L::kFrameCode, &code)) return false;
    const SlotReference slot = ReadSlot<L>(code);
    if (slot.target == 0) return true;
    sink.Run(RefKind::kAttribute, slot.strength, Label::Literal("f_code"), false);
    sink.Target(slot.target);
  }
  return true;
}

// How many slots the frame at `frame` was allocated with; 0 if that cannot be told.
template <class L, class Memory>
int64_t FrameSlots(Memory& memory, uint64_t frame) {
  uint64_t code;
  FrameShape shape;
  if (!Get(memory, frame + L::kFrameCode, &code) || !ReadFrameShape<L>(memory, ReadSlot<L>(code).target, &shape))
    return 0;
  return shape.locals + shape.stack;
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_FRAME_H_
