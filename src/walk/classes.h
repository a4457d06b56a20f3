// The classes of a snapshot: what combinations of type and outline were met, and the names in their outlines.
#ifndef LIMPET_WALK_CLASSES_H_
#define LIMPET_WALK_CLASSES_H_

#include <cstdint>
#include <cstring>

#include "capture/snapshot_writer.h"
#include "cpython/decode.h"
#include "cpython/dict_keys.h"
#include "walk/number_map.h"
#include "walk/reference_sink.h"

namespace limpet::walk {

template <class L, class Memory>
class Classes {
 public:
  Classes(Memory& memory, capture::SnapshotWriter& writer) : memory_(memory), writer_(writer) {}

  // The class of an object with this type (a number of the writer's) and what the sink was told. 0xffffffff: no memory.
  uint32_t Find(uint32_t type, ReferenceSink& sink) {
    const uint64_t key = MixHash(MixHash(sink.hash(), type), 1) | 1;
    if (key == last_key_) return last_class_;
    const uint32_t* known = by_key_.Find(key);
    const uint32_t number = known ? *known : Add(type, sink, key);
    last_key_ = key;
    last_class_ = number;
    return number;
  }

 private:
  uint32_t Add(uint32_t type, ReferenceSink& sink, uint64_t key) {
    runs_.Clear();
    for (const ReferenceSink::RunRecord& run : sink.runs()) {
      const capture::SnapshotRun record = {static_cast<uint8_t>(run.kind), static_cast<uint8_t>(run.strength), 0,
                                           NumberOf(run), run.open ? capture::kOpenRun : run.count};
      if (!runs_.Push(record)) return UINT32_MAX;
    }
    const uint32_t outline = writer_.AddOutline(runs_.data(), runs_.size());
    const uint32_t number = writer_.AddClass(type, outline);
    return by_key_.Insert(key, number) ? number : UINT32_MAX;
  }

  // The label as a number: an index, or the id of a name.
  uint32_t NumberOf(const ReferenceSink::RunRecord& run) {
    using base::RefKind;
    const bool named = run.kind == RefKind::kAttribute || run.kind == RefKind::kField || run.kind == RefKind::kLocal ||
                       run.kind == RefKind::kClosure;
    if (!named) return run.label.bits > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(run.label.bits);
    const uint64_t key = run.label.bits + 1;  // never 0
    if (const uint32_t* known = by_name_.Find(key)) return *known;
    char text[256];
    size_t length = 0;
    if (run.label.is_literal()) {
      length = strlen(run.label.literal());
      if (length > sizeof text) length = sizeof text;
      memcpy(text, run.label.literal(), length);
    } else {
      length = cpython::CopyObjectText<L>(memory_, run.label.bits, text, sizeof text);
    }
    const uint32_t number = length ? writer_.AddName(text, length) : capture::kNoName;
    by_name_.Insert(key, number);
    return number;
  }

  Memory& memory_;
  capture::SnapshotWriter& writer_;
  NumberMap by_key_;
  NumberMap by_name_;
  base::PageArray<capture::SnapshotRun> runs_;
  uint64_t last_key_ = 0;
  uint32_t last_class_ = 0;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_CLASSES_H_
