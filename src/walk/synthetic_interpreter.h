// An interpreter made up around objects of an image (cpython/memory_image.h), for tests: what a walk needs to begin.
//
//     runtime -> interpreter -> thread state -> frame (the image's first object, whatever it is)
//                     `-- collector: one list with all objects of the image, two empty ones and the permanent one
#ifndef LIMPET_WALK_SYNTHETIC_INTERPRETER_H_
#define LIMPET_WALK_SYNTHETIC_INTERPRETER_H_

#include <cstring>
#include <vector>

#include "cpython/gc_find.h"
#include "cpython/memory_image.h"
#include "cpython/state_layouts.h"

namespace limpet::walk {

inline constexpr uint64_t kSyntheticRuntime = 0x1000000;
inline constexpr uint64_t kSyntheticInterpreter = 0x2000000;
inline constexpr uint64_t kSyntheticThread = 0x3000000;
inline constexpr uint64_t kSyntheticCframe = 0x4000000;

template <class L>
class SyntheticInterpreter {
  using State = cpython::StateLayout<L>;

 public:
  explicit SyntheticInterpreter(cpython::MemoryImage* memory) : memory_(memory) {
    memory->Add(kSyntheticRuntime, std::vector<char>(State::kRuntimeSize).data(), State::kRuntimeSize);
    memory->Add(kSyntheticInterpreter, std::vector<char>(State::kInterpreterSize).data(), State::kInterpreterSize);
    memory->Add(kSyntheticThread, std::vector<char>(State::kThreadSize).data(), State::kThreadSize);
    memory->Add(kSyntheticCframe, std::vector<char>(64).data(), 64);
    Set(kSyntheticRuntime + L::kRuntimeInterpreters, kSyntheticInterpreter);
    Set(kSyntheticInterpreter + State::kInterpreterThreads, kSyntheticThread);
    Set(kSyntheticThread + L::kThreadInterpreter, kSyntheticInterpreter);
    const uint64_t frame = memory->objects().empty() ? 0 : memory->objects()[0];
    if constexpr (L::kThreadCframe != cpython::kAbsent) {
      Set(kSyntheticThread + L::kThreadCframe, kSyntheticCframe);
      Set(kSyntheticCframe + L::kCframeFrame, frame);
    } else {
      Set(kSyntheticThread + L::kThreadFrame, frame);
    }
    AddCollector();
  }

  uint64_t collector() const { return kSyntheticInterpreter + static_cast<uint64_t>(L::kInterpreterGc); }

 private:
  void Set(uint64_t address, uint64_t value) { memory_->Set(address, value); }

  void AddCollector() {
    const uint64_t gc = collector();
    memory_->Set(gc + L::kGcEnabled, int32_t{1});
    Set(gc + L::kGcGeneration0, gc + L::kGcGenerations);
    std::vector<uint64_t> lists;
    for (int i = 0; i < L::kGenerations; ++i)
      lists.push_back(gc + static_cast<uint64_t>(L::kGcGenerations + i * L::kGenerationSize));
    lists.push_back(gc + static_cast<uint64_t>(State::kGcPermanent));
    for (const uint64_t list : lists) Link(list, {});
    Link(lists[0], memory_->objects());
  }

  // Objects that share their head with the end of another piece are left out.
  void Link(uint64_t list, const std::vector<uint64_t>& objects) {
    uint64_t before = list;
    for (const uint64_t object : objects) {
      const uint64_t head = object - cpython::kGcHeadSize;
      if (!memory_->Span(head, cpython::kGcHeadSize))
        memory_->Add(head, std::vector<char>(cpython::kGcHeadSize).data(), cpython::kGcHeadSize);
      Set(before, head);
      Set(head + 8, before);
      before = head;
    }
    Set(before, list);
    Set(list + 8, before);
  }

  cpython::MemoryImage* memory_;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_SYNTHETIC_INTERPRETER_H_
