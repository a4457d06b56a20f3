// The roots of a heap: interpreters, their threads, and the frames that these execute; and the collector's lists of objects.
//
//     runtime.interpreters -> interpreter -next-> interpreter ...
//                                |-- fields that hold objects (state_layouts.h), and words that do
//                                `-- threads -> thread state -next-> ...
//                                                  |-- fields, and words
//                                                  `-- frame -previous-> frame ...        (those of generators belong to their generator)
#ifndef LIMPET_WALK_ROOTS_H_
#define LIMPET_WALK_ROOTS_H_

#include <cstdint>

#include "base/page_array.h"
#include "cpython/gc_find.h"
#include "cpython/state_layouts.h"
#include "walk/walk.h"

namespace limpet::walk {

enum class RootKind : uint32_t { kRuntime, kInterpreter, kThread, kFrame };
inline constexpr uint32_t kRootKinds = 4;
inline constexpr const char* kRootTypeNames[kRootKinds] = {"<runtime>", "<interpreter>", "<thread>", "<frame>"};

struct Root {
  RootKind kind;
  uint32_t parent;  // index of the root that it is a part of
  uint64_t address;
  uint64_t next_frame;  // kFrame: address of the frame that it called, 0: the innermost
};

// Limits against garbage, of all together.
inline constexpr uint32_t kMaxInterpreters = 4096;
inline constexpr uint32_t kMaxThreads = 1 << 18;
inline constexpr uint32_t kMaxFrames = 1 << 22;

// Whether a list that is followed runs in a ring (Brent's way: every so often a place is marked, the next time twice as far on).
class RingWatch {
 public:
  bool ComesBackTo(uint64_t address) {
    if (address == mark_) return true;
    if (++steps_ == distance_) {
      mark_ = address;
      distance_ *= 2;
      steps_ = 0;
    }
    return false;
  }

 private:
  uint64_t mark_ = 0;
  uint64_t steps_ = 0;
  uint64_t distance_ = 1;
};

template <class L, class Memory>
class RootFinder {
 public:
  using State = cpython::StateLayout<L>;

  RootFinder(Memory& memory, uint64_t runtime) : memory_(memory), runtime_(runtime) {}

  // Fills roots(), parents before their parts. False: no interpreter, lists that run in rings, or no memory.
  bool Find() {
    if (!roots_.Push({RootKind::kRuntime, 0, runtime_, 0})) return false;
    uint64_t interpreter = FirstInterpreter();
    RingWatch ring;
    for (uint32_t i = 0; interpreter != 0 && i < kMaxInterpreters; ++i) {
      if (ring.ComesBackTo(interpreter) || !AddInterpreter(interpreter)) return false;
      if (!cpython::Get(memory_, interpreter + State::kInterpreterNext, &interpreter)) break;
    }
    return interpreters_ > 0;
  }

  uint64_t FirstInterpreter() {
    uint64_t interpreter = 0;
    cpython::Get(memory_, runtime_ + L::kRuntimeInterpreters, &interpreter);
    return interpreter;
  }

  const base::PageArray<Root>& roots() const { return roots_; }

 private:
  bool AddInterpreter(uint64_t interpreter) {
    uint64_t thread = 0;
    if (!cpython::Get(memory_, interpreter + State::kInterpreterThreads, &thread)) return true;
    const uint32_t self = static_cast<uint32_t>(roots_.size());
    if (!roots_.Push({RootKind::kInterpreter, 0, interpreter, 0})) return false;
    ++interpreters_;
    RingWatch ring;
    while (thread != 0 && threads_ < kMaxThreads) {
      ++threads_;
      if (ring.ComesBackTo(thread)) return false;
      uint64_t owner = 0;
      if (!cpython::Get(memory_, thread + L::kThreadInterpreter, &owner) || owner != interpreter) break;
      if (!AddThread(thread, self)) return false;
      if (!cpython::Get(memory_, thread + L::kThreadNext, &thread)) break;
    }
    return true;
  }

  bool AddThread(uint64_t thread, uint32_t interpreter) {
    const uint32_t self = static_cast<uint32_t>(roots_.size());
    if (!roots_.Push({RootKind::kThread, interpreter, thread, 0})) return false;
    uint64_t frame = FirstFrame(thread);
    uint64_t called = 0;
    RingWatch ring;
    while (frame != 0 && frames_ < kMaxFrames) {
      ++frames_;
      if (ring.ComesBackTo(frame) || !roots_.Push({RootKind::kFrame, self, frame, called})) return false;
      called = frame;
      if (!cpython::Get(memory_, frame + L::kFramePrevious, &frame)) break;
    }
    return true;
  }

  uint64_t FirstFrame(uint64_t thread) {
    uint64_t frame = 0;
    if constexpr (L::kThreadCframe != cpython::kAbsent) {
      uint64_t cframe = 0;
      if (!cpython::Get(memory_, thread + L::kThreadCframe, &cframe) || cframe == 0) return 0;
      cpython::Get(memory_, cframe + L::kCframeFrame, &frame);
    } else {
      cpython::Get(memory_, thread + L::kThreadFrame, &frame);
    }
    return frame;
  }

  Memory& memory_;
  uint64_t runtime_;
  uint32_t interpreters_ = 0;
  uint32_t threads_ = 0;
  uint32_t frames_ = 0;
  base::PageArray<Root> roots_;
};

// Whether the collector of an interpreter is found, and at rest: while it works, its lists and counts are something else.
template <class L, class Memory>
WalkStop LookAtCollector(Memory& memory, uint64_t runtime, uint64_t interpreter) {
  cpython::GcFinder<L, Memory> collector(memory, runtime, interpreter);
  const cpython::GcPlace place = collector.Find();
  if (place.offset == cpython::kAbsent) return WalkStop::kNoCollector;
  int32_t collecting = 0;
  cpython::Get(memory, interpreter + static_cast<uint64_t>(place.offset) + L::kGcCollecting, &collecting);
  return collecting ? WalkStop::kCollecting : WalkStop::kComplete;
}

// Calls `found(object)` for each object on the lists of one interpreter's collector, the permanent generation included. Each list is
// followed only as long as its links agree in both directions. Returns how many lists broke off.
template <class L, class Memory, class Found>
uint32_t ForEachTracked(Memory& memory, uint64_t interpreter, const cpython::GcPlace& place, Found found) {
  const uint64_t gc = interpreter + static_cast<uint64_t>(place.offset);
  uint64_t heads[L::kGenerations + 1];
  for (int i = 0; i < L::kGenerations; ++i) {
    heads[i] = gc + static_cast<uint64_t>(place.generations + i * L::kGenerationSize);
  }
  heads[L::kGenerations] = gc + static_cast<uint64_t>(cpython::StateLayout<L>::kGcPermanent);
  uint32_t broken = 0;
  for (const uint64_t head : heads) {
    uint64_t before = head;
    uint64_t links[2];
    if (!cpython::Get(memory, head, &links)) {
      ++broken;
      continue;
    }
    uint64_t node = links[0] & cpython::kGcLinkMask;
    while (node != head) {
      if (!cpython::Get(memory, node, &links) || (links[1] & cpython::kGcLinkMask) != before) {
        ++broken;
        break;
      }
      if (!found(node + cpython::kGcHeadSize)) return broken;
      before = node;
      node = links[0] & cpython::kGcLinkMask;
    }
  }
  return broken;
}

}  // namespace limpet::walk

#endif  // LIMPET_WALK_ROOTS_H_
