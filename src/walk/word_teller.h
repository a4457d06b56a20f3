// What words of unknown meaning refer to: those in instances of C types whose structure nobody knows, in the state of extension modules, and
// in memory of C code (native_memory.h).
#ifndef LIMPET_WALK_WORD_TELLER_H_
#define LIMPET_WALK_WORD_TELLER_H_

#include <cstdint>

#include "cpython/type_table.h"
#include "walk/lost_objects.h"
#include "walk/native_memory.h"
#include "walk/numbering.h"
#include "walk/reference_sink.h"
#include "walk/walk.h"

namespace limpet::walk {

template <class L, class Memory>
class WordTeller {
 public:
  WordTeller(Memory& memory, const WalkOptions& options, Numbering& numbers, cpython::TypeTable<L, Memory>& types,
             NativeMemory& native, ReferenceSink& sink)
      : memory_(memory), options_(options), numbers_(numbers), types_(types), native_(native), sink_(sink) {}

  // References to objects and to blocks from words [begin, end) of an instance; those to objects that were told already are left out.
  void Tell(uint64_t instance, uint64_t begin, uint64_t end) {
    ForEachWord(instance, begin, end, 8, [&](uint64_t offset, uint64_t word) {
      if (!TellBlockAt(word, offset) && MayBeObject(word) && !WasTold(word))
        sink_.One(base::RefKind::kScanned, base::RefStrength::kMaybe, cpython::Label::Index(offset), word);
      return true;
    });
  }

  // The same for blocks alone, where the type itself tells of the objects.
  void TellBlocks(uint64_t instance, uint64_t begin, uint64_t end) {
    if (native_.empty()) return;
    ForEachWord(instance, begin, end, 8, [&](uint64_t offset, uint64_t word) {
      TellBlockAt(word, offset);
      return true;
    });
  }

  // What a block of C code leads to. All its references are alike: other than those of an instance, places in it mean nothing to anybody.
  void TellOfBlock(const NativeMemory::Block& block) {
    const uint64_t size = MayScan(block.size);
    objects_.Clear();
    sink_.Run(base::RefKind::kScanned, base::RefStrength::kOwned, cpython::Label::Index(0), true);
    ForEachWord(block.begin, 0, size, kPacked, [&](uint64_t, uint64_t word) {
      if (const uint64_t other = BlockAt(word)) {
        if (other == block.begin) return true;
        native_.Number(other, numbers_);
        sink_.Target(other);
      } else if (MayBeObject(word)) {
        numbers_.NumberOf(word);
        return objects_.Push(word);
      }
      return true;
    });
    sink_.Run(base::RefKind::kScanned, base::RefStrength::kMaybe, cpython::Label::Index(0), true);
    for (const uint64_t object : objects_) sink_.Target(object);
  }

  bool WasTold(uint64_t target) const { return WasTold(target, sink_.targets().size()); }
  bool WasTold(uint64_t target, size_t count) const {
    for (size_t i = 0; i < count && i < kMostCompared; ++i) {
      if (sink_.targets()[i] == target) return true;
    }
    return false;
  }

 private:
  static constexpr size_t kMostCompared = 64;
  static constexpr uint64_t kPacked = 4;                        // packed structs: a letter and a pointer
  static constexpr uint64_t kMostOfBlock = uint64_t{64} << 20;  // of one block; what is larger is an array of numbers
  static constexpr uint64_t kMostInAll = uint64_t{1} << 30;     // about a second

  // visit(offset, word) for the words at [begin, end) of a piece of memory, up to the first that cannot be read, while it returns true.
  template <class Visit>
  void ForEachWord(uint64_t memory, uint64_t begin, uint64_t end, uint64_t step, Visit visit) {
    for (uint64_t offset = begin; offset + 8 <= end; offset += step) {
      uint64_t word = 0;
      if (!cpython::Get(memory_, memory + offset, &word)) return;
      if (!visit(offset, word)) return;
    }
  }

  bool TellBlockAt(uint64_t word, uint64_t offset) {
    const uint64_t block = BlockAt(word);
    if (block == 0) return false;
    if (sink_.Owns(block)) return true;  // counted as its storage
    native_.Number(block, numbers_);
    if (!WasTold(block))
      sink_.One(base::RefKind::kScanned, base::RefStrength::kOwned, cpython::Label::Index(offset), block);
    return true;
  }

  // Where the block of C code begins that the address lies in, or at which one begins that Python's allocators gave, but that is
  // no object; 0: no such block.
  uint64_t BlockAt(uint64_t word) {
    if (const NativeMemory::Block* block = native_.Find(word)) return block->begin;
    return IsBareBlock(word) ? word : 0;
  }

  bool IsBareBlock(uint64_t word) {
    if (!options_.size_of || (word & 15) != 0 || !IsPlausible(word)) return false;
    if (numbers_.IsKnown(word)) return native_.IsNumbered(numbers_.NumberOf(word));
    const uint64_t size = options_.size_of(word);
    if (size < 8) return false;
    // What stands before an object takes up to four words.
    for (uint64_t head = 0; head <= 32 && head + 16 <= size; head += 16) {
      uint64_t type = 0;
      if (numbers_.IsKnown(word + head) || !cpython::Get(memory_, word + head + L::kObjectType, &type) ||
          MayBeType(type))
        return false;
    }
    return true;
  }

  // Types are known objects, or variables of a library. Nothing else could be looked at.
  bool MayBeType(uint64_t address) {
    uint64_t meta = 0;
    if (!IsPlausible(address) || !(numbers_.IsKnown(address) || IsVariable(options_, address, L::kTypeSize)) ||
        !cpython::Get(memory_, address + L::kObjectType, &meta) || !numbers_.IsKnown(meta)) {
      return false;
    }
    const cpython::TypeInfo* info = types_.Find(meta);
    return info && info->form == cpython::Form::kType;
  }

  uint64_t MayScan(uint64_t size) {
    if (size > kMostOfBlock) size = kMostOfBlock;
    if (size > kMostInAll - scanned_) size = kMostInAll - scanned_;
    scanned_ += size;
    return size;
  }

  bool MayBeObject(uint64_t word) { return (numbers_.IsKnown(word) || IsUntracked(word)) && !IsDead(word); }

  // C types keep dead instances for reuse, too: nobody holds these.
  bool IsDead(uint64_t object) {
    uint32_t count = 1;  // the lower half of it; immortal ones have some
    return cpython::Get(memory_, object, &count) && count == 0;
  }

  // In our own memory nobody asks at random, as a word that is no address would fault: there has to be a live block.
  bool IsUntracked(uint64_t address) {
    if (!IsPlausible(address)) return false;
    if constexpr (Memory::kOwn) {
      if (!options_.size_of) return false;
      if (options_.size_of(address) == 0)
        return UntrackedContainerAt<L>(memory_, options_, numbers_, types_, address) != nullptr;
    }
    return UntrackedAt<L>(memory_, numbers_, types_, address) != nullptr;
  }

  Memory& memory_;
  const WalkOptions& options_;
  Numbering& numbers_;
  cpython::TypeTable<L, Memory>& types_;
  NativeMemory& native_;
  ReferenceSink& sink_;
  base::PageArray<uint64_t> objects_;  // of the block at hand
  uint64_t scanned_ = 0;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_WORD_TELLER_H_
