// Memory that C or C++ code took for itself (malloc, operator new, PyMem_Malloc), as far as it hangs on Python objects: the nodes of a
// container in Rust or C++, the buffer of an extension type, what the variables of a library lead to. Its structure is known to nobody:
//
//     instance of an unknown C type --word--> block --word--> block --word--> Python object
//
// Any word of such an instance, of a library's variables or of such a block that is an address in a live block leads to that block (kOwned:
// a block has no count); one that is the address of a known object is a reference if the object's count has no other explanation
// (kMaybe). So what a container of C code holds is held by the object that owns the container, and is not taken for lost.
//
// The tracing of conservative collectors (Boehm and Weiser, "Garbage collection in an uncooperative environment", 1988), from what the
// walk cannot decode on.
#ifndef LIMPET_WALK_NATIVE_MEMORY_H_
#define LIMPET_WALK_NATIVE_MEMORY_H_

#include <cstdint>

#include "base/page_array.h"
#include "walk/numbering.h"

namespace limpet::walk {

class NativeMemory {
 public:
  struct Block {
    uint64_t begin;
    uint64_t size : 63;
    uint64_t is_leaf : 1;  // what is in it is not looked at
  };

  // REQUIRES: in order of address, no two overlap. What is more than can be kept is not known here.
  void Add(Block block) {
    if (blocks_.size() >= kMostBlocks || block.size < 8) return;
    if (blocks_.empty() || blocks_.back().begin < block.begin) blocks_.Push(block);
  }

  bool empty() const { return blocks_.empty(); }

  // The block in which the address lies; null: in none.
  const Block* Find(uint64_t address) const {
    if (blocks_.empty() || address < blocks_[0].begin) return nullptr;
    size_t low = 0, high = blocks_.size();
    if (address - blocks_[high - 1].begin >= blocks_[high - 1].size && address > blocks_[high - 1].begin)
      return nullptr;
    while (high - low > 1) {
      const size_t middle = low + (high - low) / 2;
      (blocks_[middle].begin <= address ? low : high) = middle;
    }
    return address - blocks_[low].begin < blocks_[low].size ? &blocks_[low] : nullptr;
  }

  // Makes the block a node, if it is none yet.
  void Number(uint64_t begin, Numbering& numbers) { nodes_.Number(begin, numbers); }
  bool IsNumbered(uint32_t number) const { return nodes_.Contains(number); }
  // The same. REQUIRES: asked for numbers in increasing order.
  bool IsBlock(uint32_t number) { return nodes_.Has(number); }

 private:
  static constexpr size_t kMostBlocks = 1 << 23;  // 128 MB, in the copy of the process that walks itself

  base::PageArray<Block> blocks_;
  NumbersOfASort nodes_;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_NATIVE_MEMORY_H_
