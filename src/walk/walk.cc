#include "walk/walk.h"

#include "walk/walker.h"

namespace limpet::walk {
namespace {

// This process. Any address is readable until it faults, and then the fault guard knows the way back.
struct OwnMemory {
  static constexpr bool kOwn = true;
  const char* Span(uint64_t address, size_t) const { return reinterpret_cast<const char*>(address); }
};

template <class L>
WalkStop WalkOwnAs(const WalkOptions& options, capture::SnapshotWriter& writer) {
  OwnMemory memory;
  Walker<L, OwnMemory> walker(memory, options, writer);
  if (!StartFaultGuard()) return WalkStop::kMemory;
  const WalkStop stop = walker.Run();
  StopFaultGuard();
  return stop;
}

template <class L>
WalkStop CanWalkOwnAs(uint64_t runtime) {
  OwnMemory memory;
  RootFinder<L, OwnMemory> finder(memory, runtime);
  uint64_t interpreter = finder.FirstInterpreter();
  return interpreter ? LookAtCollector<L>(memory, runtime, interpreter) : WalkStop::kNoInterpreter;
}

}  // namespace

WalkStop WalkOwn(const WalkOptions& options, capture::SnapshotWriter& writer) {
  return cpython::ForLayout(options.minor, WalkStop::kNoInterpreter,
                            [&](auto layout) { return WalkOwnAs<decltype(layout)>(options, writer); });
}

WalkStop CanWalkOwn(int minor, uint64_t runtime) {
  return cpython::ForLayout(minor, WalkStop::kNoInterpreter,
                            [&](auto layout) { return CanWalkOwnAs<decltype(layout)>(runtime); });
}

}  // namespace limpet::walk
