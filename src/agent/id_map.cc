#include "agent/id_map.h"

namespace limpet::agent {

void IdMap::Put(Array* array, uint64_t key, uint32_t id) {
  uint64_t i = HashFinish(key) & array->mask;
  while (array->slots[i].key != 0) i = (i + 1) & array->mask;
  // Atomic: a reader that found the slot under an older key may look at the id right now (and then drops it, see Holds).
  __atomic_store_n(&array->slots[i].id, id, __ATOMIC_RELAXED);
  array->slots[i].hint = 0;
  __atomic_store_n(&array->slots[i].key, key, __ATOMIC_RELEASE);
}

bool IdMap::Grow() {
  const uint64_t slots = array_ ? (array_->mask + 1) * 2 : 256;
  Array* bigger = static_cast<Array*>(MapMemory(Bytes(slots)));
  if (!bigger) return false;
  Prefault(bigger, Bytes(slots));  // the keys go everywhere in it at once
  bigger->mask = slots - 1;
  Array* old = array_;
  for (uint64_t i = 0; old && i <= old->mask; ++i) {
    if (old->slots[i].key) Put(bigger, old->slots[i].key, old->slots[i].id);
  }
  __atomic_store_n(&array_, bigger, __ATOMIC_RELEASE);
  if (!old) return true;
  const size_t old_bytes = Bytes(old->mask + 1);
  if (shared_) madvise(old, old_bytes, MADV_DONTNEED);
  else UnmapMemory(old, old_bytes);
  return true;
}

bool IdMap::Insert(uint64_t key, uint32_t id) {
  if (LIMPET_UNLIKELY(!array_ || used_ * 4 > array_->mask * 3)) {
    // When there is no memory, a table that is nearly full still answers; a full one would never end a search.
    if (!Grow() && (!array_ || used_ * 8 > array_->mask * 7)) return false;
  }
  Put(array_, key, id);
  ++used_;
  return true;
}

void IdMap::Free() {
  if (array_) UnmapMemory(array_, Bytes(array_->mask + 1));
  array_ = nullptr;
  used_ = 0;
}

void IdMap::Clear() {
  if (!array_) return;
  for (uint64_t i = 0; i <= array_->mask; ++i) __atomic_store_n(&array_->slots[i].key, uint64_t(0), __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);  // pairs with Holds: who sees a new id sees that the old key has gone
  used_ = 0;
}

}  // namespace limpet::agent
