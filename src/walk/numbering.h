// Gives every object a number, in the order in which the walk first hears of it. The numbers are the queue, too: the walk takes objects
// apart in order of number, and is done when it has caught up.
#ifndef LIMPET_WALK_NUMBERING_H_
#define LIMPET_WALK_NUMBERING_H_

#include <cstdint>

#include "base/page_array.h"
#include "walk/object_ids.h"

namespace limpet::walk {

// Objects are aligned, and not in the first or the kernel's pages.
inline bool IsPlausible(uint64_t address) { return (address & 7) == 0 && address >= 4096 && address < kAddressLimit; }

class Numbering {
 public:
  bool Init() { return ids_.Init(); }

  // The number of what is at `address`, a new one if need be; `nowhere` for what cannot be an object's address.
  uint32_t NumberOf(uint64_t address) {
    if (!IsPlausible(address)) {
      ++implausible_;
      return nowhere_;
    }
    uint32_t* word = ids_.WordOf(address);
    if (__builtin_expect(!word, 0)) return NoMemory();
    if (*word == 0) {
      if (addresses_.size() >= UINT32_MAX - 1 || !addresses_.Push(address)) return NoMemory();
      *word = static_cast<uint32_t>(addresses_.size());
    }
    return *word - 1;
  }

  // Ends the roots: a node that stands for what is no object, and numbers above it are those of objects.
  bool AddNowhere() {
    nowhere_ = static_cast<uint32_t>(addresses_.size());
    return addresses_.Push(0);
  }

  // A node that no reference leads to.
  bool AddNode(uint64_t address) { return addresses_.Push(address); }

  // REQUIRES: the last number given was by AddNode.
  void DropNode() { addresses_.Pop(); }

  // Whether an object at exactly this address has a number. Makes none.
  bool IsKnown(uint64_t address) const {
    if (!IsPlausible(address)) return false;
    const uint32_t word = ids_.Peek(address);
    return word > nowhere_ + 1 && addresses_[word - 1] == address;
  }
  // The root at this address: a number below nowhere(), or UINT32_MAX.
  uint32_t RootAt(uint64_t address) const {
    const uint32_t word = ids_.Peek(address);
    return word != 0 && word <= nowhere_ && addresses_[word - 1] == address ? word - 1 : UINT32_MAX;
  }
  void Prefetch(uint64_t address) const { ids_.Prefetch(address); }

  uint32_t size() const { return static_cast<uint32_t>(addresses_.size()); }
  uint64_t address(uint32_t number) const { return addresses_[number]; }
  uint32_t nowhere() const { return nowhere_; }
  uint64_t implausible() const { return implausible_; }
  bool no_memory() const { return no_memory_; }

 private:
  uint32_t NoMemory() {
    no_memory_ = true;
    return nowhere_;
  }

  ObjectIds ids_;
  base::PageArray<uint64_t> addresses_;  // by number
  uint32_t nowhere_ = 0;
  uint64_t implausible_ = 0;
  bool no_memory_ = false;
};

// The numbers of one sort of nodes among all: given in increasing order, and asked for in that order.
class NumbersOfASort {
 public:
  // Gives what is at the address a number, if it has none: then it is of this sort.
  void Number(uint64_t address, Numbering& numbers) {
    const uint32_t before = numbers.size();
    const uint32_t number = numbers.NumberOf(address);
    if (numbers.size() > before) Add(number);
  }
  // A number that was given already, which is below others here, is not noted.
  void Add(uint32_t number) {
    if (given_.empty() || given_.back() < number) given_.Push(number);
  }

  bool Contains(uint32_t number) const {
    size_t low = 0, high = given_.size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (given_[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low < given_.size() && given_[low] == number;
  }

  // The same in no time. REQUIRES: asked for numbers in increasing order.
  bool Has(uint32_t number) {
    while (next_ < given_.size() && given_[next_] < number) ++next_;
    return next_ < given_.size() && given_[next_] == number;
  }

 private:
  base::PageArray<uint32_t> given_;
  size_t next_ = 0;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_NUMBERING_H_
