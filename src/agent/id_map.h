// A hash map from a 64-bit key to a 32-bit id, for the agent's tables: linear probing in memory from the kernel, at most half
// full, no deletion but Clear. Readers need no lock: a slot's key is published after its id, and outgrown arrays stay mapped, since
// a reader may still be in one (together they are as large as the last).
#ifndef LIMPET_AGENT_ID_MAP_H_
#define LIMPET_AGENT_ID_MAP_H_

#include "agent/platform.h"

namespace limpet::agent {

class IdMap {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // The id of `key`, or kNone. Any thread, no lock. REQUIRES: key != 0.
  uint32_t Find(uint64_t key) const {
    const Array* array = __atomic_load_n(&array_, __ATOMIC_ACQUIRE);
    if (LIMPET_UNLIKELY(!array)) return kNone;
    for (uint64_t i = HashFinish(key) & array->mask;; i = (i + 1) & array->mask) {
      const uint64_t found = __atomic_load_n(&array->slots[i].key, __ATOMIC_ACQUIRE);
      if (found == key) {
        const uint32_t id = __atomic_load_n(&array->slots[i].id, __ATOMIC_ACQUIRE);
        if (LIMPET_LIKELY(__atomic_load_n(&array->slots[i].key, __ATOMIC_RELAXED) == key)) return id;
        return kNone;  // cleared and reused meanwhile
      }
      if (found == 0) return kNone;
    }
  }

  // Adds `key`, which is not there. False without memory. REQUIRES: the caller holds the agent's lock.
  bool Insert(uint64_t key, uint32_t id);

  // Gives the memory back. REQUIRES: nobody else uses the map.
  void Free();

  // Forgets all keys. Readers may still see some of them until they look again. REQUIRES: the agent's lock.
  void Clear();

  uint64_t size() const { return used_; }
  uint64_t bytes() const { return array_ ? Bytes(array_->mask + 1) : 0; }

 private:
  struct Slot {
    uint64_t key;
    uint32_t id;
    uint32_t pad;
  };
  struct Array {
    uint64_t mask;
    uint64_t pad;
    Slot slots[];
  };
  static size_t Bytes(uint64_t slots) { return sizeof(Array) + slots * sizeof(Slot); }
  static void Put(Array* array, uint64_t key, uint32_t id);
  bool Grow();

  Array* array_ = nullptr;
  uint64_t used_ = 0;
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_ID_MAP_H_
