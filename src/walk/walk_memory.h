// Walks the heap of another process or of a core file: walk.h over any memory that has Span (cpython/decode.h). The interpreter's code
// cannot be called there, so objects of C types that are not known by structure are searched word by word.
#ifndef LIMPET_WALK_WALK_MEMORY_H_
#define LIMPET_WALK_WALK_MEMORY_H_

#include "walk/walk.h"
#include "walk/walker.h"

namespace limpet::walk {

template <class L, class Memory>
WalkStop WalkMemoryAs(Memory& memory, const WalkOptions& options, capture::SnapshotWriter& writer) {
  Walker<L, Memory> walker(memory, options, writer);
  return walker.Run();
}

template <class Memory>
WalkStop WalkMemory(Memory& memory, const WalkOptions& options, capture::SnapshotWriter& writer) {
  static_assert(!Memory::kOwn);
  return cpython::ForLayout(options.minor, WalkStop::kNoInterpreter,
                            [&](auto layout) { return WalkMemoryAs<decltype(layout)>(memory, options, writer); });
}

}  // namespace limpet::walk

#endif  // LIMPET_WALK_WALK_MEMORY_H_
