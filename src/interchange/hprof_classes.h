// Which Java classes the objects of a Python heap are instances of.
//
// Objects of one type with the same outline share a class. Where an outline has a run that is open (items of a list), the references of
// that run are in an array; 8 bytes for each of them are then taken from the object's size. An object that is too small for that (a
// thread, a dict that shares its keys) has a class of its own kind with a field for each reference instead.
#ifndef LIMPET_INTERCHANGE_HPROF_CLASSES_H_
#define LIMPET_INTERCHANGE_HPROF_CLASSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include <tsl/robin_map.h>

#include "base/mixed_hash.h"
#include "heap/graph.h"

namespace limpet::interchange {

struct HprofClass {
  heap::ClassId class_id = 0;
  bool array = false;                // the open run is in an array
  uint32_t open = 0;                 // else: how many references it has
  uint64_t declared = ~uint64_t{0};  // bytes of an instance: the least that any of them has to spare
  bool storage = false;              // some instance has more
};

class HprofClasses {
 public:
  explicit HprofClasses(const heap::Graph& graph);

  const std::vector<HprofClass>& all() const { return all_; }
  // Of an object: the index of its class in all().
  uint32_t Of(heap::NodeId node) const;
  // What of the object's size is neither declared by its class nor in its array.
  uint64_t StorageBytes(heap::NodeId node, const HprofClass& cls) const;

  // More open references than that are always in an array: HPROF counts fields in 16 bits.
  static constexpr uint32_t kMostFields = 60'000;

 private:
  uint32_t OpenCount(heap::NodeId node) const;
  static uint64_t Key(heap::ClassId class_id, bool array, uint32_t open) {
    return uint64_t{class_id} << 32 | (array ? 0xffffffffu : open);
  }
  uint64_t KeyOf(heap::NodeId node) const;
  // What is left of an object's size behind its array.
  uint64_t Spare(heap::NodeId node, bool array) const;

  const heap::Graph& graph_;
  std::vector<bool> has_array_;  // by heap class: its open run holds what it refers to
  std::vector<bool> has_open_;
  std::vector<HprofClass> all_;
  tsl::robin_map<uint64_t, uint32_t, base::MixedHash> index_of_;
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_HPROF_CLASSES_H_
