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
  switch (options.minor) {
    case 11:
      return WalkOwnAs<cpython::Layout311>(options, writer);
    case 12:
      return WalkOwnAs<cpython::Layout312>(options, writer);
    case 13:
      return WalkOwnAs<cpython::Layout313>(options, writer);
    case 14:
      return WalkOwnAs<cpython::Layout314>(options, writer);
    case 15:
      return WalkOwnAs<cpython::Layout315>(options, writer);
    default:
      return WalkStop::kNoInterpreter;
  }
}

WalkStop CanWalkOwn(int minor, uint64_t runtime) {
  switch (minor) {
    case 11:
      return CanWalkOwnAs<cpython::Layout311>(runtime);
    case 12:
      return CanWalkOwnAs<cpython::Layout312>(runtime);
    case 13:
      return CanWalkOwnAs<cpython::Layout313>(runtime);
    case 14:
      return CanWalkOwnAs<cpython::Layout314>(runtime);
    case 15:
      return CanWalkOwnAs<cpython::Layout315>(runtime);
    default:
      return WalkStop::kNoInterpreter;
  }
}

}  // namespace limpet::walk
