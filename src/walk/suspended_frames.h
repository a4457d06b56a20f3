// Frames that are on no thread's stack now and in no generator: those of suspended greenlets (gevent, eventlet, SQLAlchemy's asyncio bridge).
// A greenlet keeps the frame object of its innermost call, which leads to the frame itself and to those of its callers:
//
//     greenlet -> its state, in memory of C code -> frame object --suspended--> frame --previous--> frame --previous--> ...
#ifndef LIMPET_WALK_SUSPENDED_FRAMES_H_
#define LIMPET_WALK_SUSPENDED_FRAMES_H_

#include <cstdint>

#include "cpython/decode_frame.h"
#include "walk/numbering.h"
#include "walk/reference_sink.h"
#include "walk/root_teller.h"

namespace limpet::walk {

template <class L, class Memory>
class SuspendedFrames {
 public:
  SuspendedFrames(Memory& memory, Numbering& numbers, RootTeller<L, Memory>& teller, ReferenceSink& sink)
      : memory_(memory), numbers_(numbers), teller_(teller), sink_(sink) {}

  // Whether this node is such a frame. REQUIRES: asked for numbers in increasing order.
  bool IsFrame(uint32_t number) { return nodes_.Has(number); }

  // Of a frame object: the frame that it stands for, where that is suspended.
  void TellFrameOf(uint64_t object) {
    uint64_t frame = 0;
    int8_t owner = 0;
    if (!cpython::Get(memory_, object + L::kFrameObjectFrame, &frame) || !IsPlausible(frame)) return;
    if (!cpython::Get(memory_, frame + L::kFrameOwner, &owner) || owner != L::kOwnerThread) return;
    if (!Lead("suspended", frame)) return;
    innermost_.Add(numbers_.NumberOf(frame));
  }

  // What a frame holds, and the one that called it. Returns the length of what it is called.
  size_t Tell(uint64_t frame, char* text, size_t capacity) {
    // The greenlet took the innermost call's frame object for its own: that it leads to the frame is what keeps the frame, not the reverse.
    const bool innermost = innermost_.Has(numbers_.NumberOf(frame));
    const auto to_object = innermost ? base::RefStrength::kBorrowed : base::RefStrength::kOwned;
    const size_t length = teller_.TellSuspended(frame, to_object, text, capacity);
    if (const uint64_t caller = CallerOf(frame)) Lead("previous", caller);
    return length;
  }

 private:
  static constexpr int kMostShims = 8;  // frames of the interpreter's own, one after the other

  bool Lead(const char* name, uint64_t frame) {
    if (numbers_.RootAt(frame) != UINT32_MAX) return false;  // on a thread's stack
    nodes_.Number(frame, numbers_);
    sink_.One(base::RefKind::kField, base::RefStrength::kOwned, cpython::Label::Literal(name), frame);
    return true;
  }

  uint64_t CallerOf(uint64_t frame) {
    for (int i = 0; i < kMostShims; ++i) {
      int8_t owner = 0;
      if (!cpython::Get(memory_, frame + L::kFramePrevious, &frame) || !IsPlausible(frame)) return 0;
      if (!cpython::Get(memory_, frame + L::kFrameOwner, &owner) || owner < 0) return 0;
      if (owner < L::kOwnerShim) return frame;
    }
    return 0;
  }

  Memory& memory_;
  Numbering& numbers_;
  RootTeller<L, Memory>& teller_;
  ReferenceSink& sink_;
  NumbersOfASort nodes_;
  NumbersOfASort innermost_;  // those that a frame object led to
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_SUSPENDED_FRAMES_H_
