// One cause, one finding: what hangs on the objects of another finding, or in the same container, is told as its part and not as a
// second leak.
//
//     SESSIONS -> Session (app.py:40) -> list (app.py:12) -> str (app.py:13)       three lines, one leak: the sessions
//
// It also catches births that lie: CPython hands freed headers of dicts and lists out again without asking an allocator, so that a leaked
// one may carry the line of an innocent one that died. In the heap it hangs where it really is.
#ifndef LIMPET_DIAGNOSE_MERGE_BY_HOLDER_H_
#define LIMPET_DIAGNOSE_MERGE_BY_HOLDER_H_

#include <vector>

#include "diagnose/finding.h"
#include "heap/analysis.h"

namespace limpet::diagnose {

class HeapImage;

// Adds the figures, lines and types of `part` to those of `into`.
void TakeAsPart(Finding& into, const Finding& part);

// The objects of one finding in a snapshot, and the container that most of them are kept in (kNoNode: none is known).
struct FindingObjects {
  std::vector<heap::NodeId> nodes;
  heap::NodeId container = heap::kNoNode;
  bool made_held = false;  // what the container holds was made by the finding, and not only what hangs on that
  const HeapImage* image = nullptr;  // the snapshot
  bool own_code = true;              // the finding is called after a line of the program itself, not of a library
  bool blocks = false;               // they are no objects, but memory of C code that hangs on some
  bool keys = false;                 // they are what the entries of a dict are found by
  // Those of `nodes` that may lie in memory which a free list handed on from another line; sorted.
  std::vector<heap::NodeId> lent = {};
};

// A finding may become a part of one that is at least as sure, as far as that matters.
bool IsSureEnough(const Finding& whole, const Finding& part);

// Removes the findings that became a part of another.
void EraseGone(const std::vector<bool>& gone, std::vector<Finding>& findings, std::vector<FindingObjects>& objects);

// `objects` belong to `findings` by index; those of `image`, which `analysis` is of, are looked at. Findings that became a part of another
// are removed from both.
void MergeByHolder(const HeapImage* image, heap::Analysis& analysis, std::vector<Finding>& findings,
                   std::vector<FindingObjects>& objects);

// What is told to be held by way of another finding's objects is its part, though something of the moment holds it as well (the locks of
// timers in a list, which running threads wait for), or another snapshot showed it.
void MergeByWay(std::vector<Finding>& findings, std::vector<FindingObjects>& objects);

// C code that keeps objects in a list of its own (a block of malloc with a pointer in it for each) is one leak, not one of objects and one of
// native memory: as many blocks as objects that only a count holds, taken where the objects come from, and less memory than these.
void MergeHoldersInC(std::vector<Finding>& findings);

// A class is entered with its base under a number, its address: these numbers go when the class goes, and are part of a leak of classes.
void MergeSubclassKeys(std::vector<Finding>& findings);

// Objects of C types often own memory that only their library knows of (the tree of an lxml element, the pixels of an image): a native
// finding in whose function objects pile up as well, with at least a block for each, tells who holds these.
void HintAtOwners(std::vector<Finding>& findings);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_MERGE_BY_HOLDER_H_
