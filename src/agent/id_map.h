// A hash map from a 64-bit key to a 32-bit id, for the agent's tables: linear probing in memory from the kernel, at most three
// quarters full, no deletion but Clear.
//
// A shared map may be read without a lock while it is written: a slot's key is published after its id, and outgrown arrays stay
// mapped, since a reader may still be in one; their pages are given back, so that such a reader finds zeros, which is nothing.
#ifndef LIMPET_AGENT_ID_MAP_H_
#define LIMPET_AGENT_ID_MAP_H_

#include "agent/platform.h"

namespace limpet::agent {

class IdMap {
 public:
  static constexpr uint32_t kNone = 0xffffffff;
  enum class Use { kLocked, kShared };

  struct Slot {
    uint64_t key;
    uint32_t id;
    uint32_t hint;  // for the user; 0 at first. Any thread may store to it, even after the slot went to another key
  };

  constexpr explicit IdMap(Use use = Use::kLocked) : shared_(use == Use::kShared) {}

  // The slot of `key`, or null. Shared maps: any thread, no lock; who uses the id then asks Holds(). REQUIRES: key != 0.
  Slot* FindSlot(uint64_t key) const {
    Array* array = __atomic_load_n(&array_, __ATOMIC_ACQUIRE);
    if (LIMPET_UNLIKELY(!array)) return nullptr;
    const uint64_t mask = array->mask;
    for (uint64_t i = HashFinish(key) & mask;; i = (i + 1) & mask) {
      const uint64_t found = __atomic_load_n(&array->slots[i].key, __ATOMIC_ACQUIRE);
      if (found == key) return &array->slots[i];
      if (found == 0) return nullptr;
    }
  }
  // Whether `slot` was still the key's after what was read from it.
  static bool Holds(const Slot* slot, uint64_t key) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&slot->key, __ATOMIC_RELAXED) == key;
  }

  // The id of `key`, or kNone; otherwise as FindSlot.
  uint32_t Find(uint64_t key) const {
    const Slot* slot = FindSlot(key);
    if (!slot) return kNone;
    const uint32_t id = __atomic_load_n(&slot->id, __ATOMIC_RELAXED);
    return LIMPET_LIKELY(Holds(slot, key)) ? id : kNone;
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
  bool shared_;
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_ID_MAP_H_
