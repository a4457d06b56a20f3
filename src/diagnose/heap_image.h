// One heap snapshot as the diagnosis sees it: every line of the program with the objects that were born there, where these pile up, and
// whether two lines' objects are one heap of things or two.
#ifndef LIMPET_DIAGNOSE_HEAP_IMAGE_H_
#define LIMPET_DIAGNOSE_HEAP_IMAGE_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/recording.h"
#include "capture/snapshot_files.h"
#include "diagnose/subtrees.h"
#include "diagnose/suspects.h"
#include "diagnose/unit.h"
#include "heap/analysis.h"
#include "heap/load.h"
#include "heap/pile.h"

namespace limpet::diagnose {

class HeapImage {
 public:
  // REQUIRES: all outlive this.
  HeapImage(std::unique_ptr<heap::Snapshot> snapshot, const capture::Process& process, const UnitTable& table,
            const std::vector<Suspect>& suspects);

  const heap::Snapshot& snapshot() const { return *snapshot_; }
  const heap::Graph& graph() const { return snapshot_->graph; }
  heap::Analysis& analysis() { return analysis_; }

  // The objects of the snapshot that were born at the lines of a suspect, or whose storage was, ascending.
  const std::vector<heap::NodeId>& objects(size_t suspect) const { return objects_[suspect]; }
  // The suspect at whose lines an object was born, if one.
  std::optional<size_t> SuspectOf(heap::NodeId node) const;
  // Whether the blocks of a suspect are seen to be storage of objects: of lists that grow there, of bytearrays.
  bool IsStorage(size_t suspect) const;
  // The same of memory that C code took for itself, as far as objects or variables lead to it.
  const std::vector<heap::NodeId>& blocks(size_t suspect) const { return blocks_[suspect]; }
  bool IsBlock(heap::NodeId node) const { return graph().type(graph().type_of(node)).native(); }
  // The object on whose way the block is, else the block that a variable of C code leads to; kNoNode: nothing does. REQUIRES: a block.
  heap::NodeId HolderOfBlock(heap::NodeId block);
  // Where the objects of one suspect pile up. Native memory and raw blocks are no objects, and pile up nowhere: what is found at such
  // a line was handed on by a free list.
  const heap::Pile& pile(size_t suspect);
  // Their objects are held in different places, and those of neither hang on those of the other: they are two leaks.
  bool AreApart(size_t a, size_t b);
  // What of these suspects' live blocks was born before the snapshot.
  capture::Amount LiveBefore(std::span<const size_t> suspects) const;
  // Whether so many blocks as were born before are also seen here; few: they were freed before.
  bool Shows(std::span<const size_t> suspects) const;
  // Whether the snapshot is whole, and shows what these suspects' blocks were said to be of.
  bool ShowsAllOf(std::span<const size_t> suspects) const;
  // Whether the blocks of these suspects, though Python's allocator for objects gave them, are no objects: hardly any was found in them,
  // and they are too small to be the table of a dict.
  bool AreNoObjects(std::span<const size_t> suspects) const;
  // See OwnerOfContainer (bounded.h); of memory of C code, the object that it is part of.
  heap::NodeId OwnerOf(heap::NodeId container);
  // The epoch group in which an object's memory was allocated; none: not known.
  std::optional<capture::GroupId> BornIn(heap::NodeId node) const;
  // Whether an object's memory was allocated after the (fine) epoch; false where it is not known.
  bool BornAfter(heap::NodeId node, uint32_t epoch) const;
  bool HasObjects(size_t suspect) const;

 private:
  std::optional<size_t> SuspectOfBirth(uint32_t birth) const;
  void AddOwnersOfStorage();
  bool HangsOn(size_t part, size_t whole);
  heap::NodeId Before(heap::NodeId block);
  heap::NodeId OwnerOfPile(size_t suspect);

  std::unique_ptr<heap::Snapshot> snapshot_;
  const capture::Process& process_;
  const std::vector<Suspect>& suspects_;
  heap::Analysis analysis_;
  std::vector<uint32_t> suspect_of_birth_;          // by Graph::birth()
  std::vector<std::vector<heap::NodeId>> objects_;  // by suspect
  std::vector<std::vector<heap::NodeId>> blocks_;   // by suspect
  std::vector<capture::Amount> live_before_;        // by suspect
  std::vector<uint64_t> storage_;                   // by suspect: blocks that are storage of objects
  std::vector<heap::NodeId> holder_of_block_;       // by node; filled where it was asked for
  std::optional<heap::Referrers> referrers_;
  std::unordered_map<size_t, heap::Pile> piles_;
  std::unordered_map<size_t, Subtrees> retained_;                // of the suspect's objects
  std::unordered_map<size_t, std::vector<uint32_t>> positions_;  // of the suspect's objects
  std::unordered_map<size_t, heap::NodeId> owners_;              // of the suspect's pile
};

// The snapshots of a process that are worth a look, each loaded when it is asked for.
class HeapImages {
 public:
  HeapImages(const capture::Recording& recording, const capture::Process& process, const UnitTable& table,
             const std::vector<Suspect>& suspects);

  // 0: the last one, 1: the one before it. Null: there is none that can be read.
  HeapImage* Newest(size_t n = 0);
  // One from about half as long after the start as `image`: what piles up has grown since. Null: there is none.
  HeapImage* Earlier(const HeapImage& image);
  // The newest that a tenth of the run lies behind. Null: there is none.
  HeapImage* ShortlyBefore(const HeapImage& image);
  // The one before `image`. Null: there is none.
  HeapImage* Previous(const HeapImage& image);
  // Those that were asked for so far.
  std::vector<HeapImage*> loaded() const;

 private:
  HeapImage* Load(size_t file);
  HeapImage* NewestUpTo(double time_ns);

  const capture::Process& process_;
  const UnitTable& table_;
  const std::vector<Suspect>& suspects_;
  std::vector<capture::NumberedSnapshot> files_;  // oldest first
  std::vector<std::unique_ptr<HeapImage>> images_;
  std::vector<bool> tried_;
};

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_HEAP_IMAGE_H_
