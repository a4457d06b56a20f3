// Switches off the interpreter's free lists of tuples (and of lists and dicts where they are of the same kind), so that the line
// that makes an object is the line that its block was born at.
//
// CPython keeps dead tuples and hands them out again without asking its allocator. A line that churns then feeds a line that
// leaks: the blocks stay born at the first, and the leak shows at the wrong line. tracemalloc is told of each reuse; allocator
// hooks are not. But a list that believes itself full takes nothing in, and once it is empty each tuple comes from the allocator.
//
//     head -> dead tuple -> dead tuple -> null        count: 2         pop looks at the head only
//                                                     count + 2^20     push finds the list full: it runs empty and stays so
//
// Where head and count lie differs from build to build, so nothing is assumed: two objects are made and let go, and the two words
// that follow suit exactly, there and back again, are the ones. If there is any doubt, that list is left alone.
#ifndef LIMPET_AGENT_FREE_LISTS_H_
#define LIMPET_AGENT_FREE_LISTS_H_

namespace limpet::agent {

// Asks the interpreter to run the experiment at its next safe moment. REQUIRES: the interpreter lock.
void PlanFreeListsOff();

// A full collection empties the lists and sets their counts to zero: puts that right. REQUIRES: the interpreter lock.
void KeepFreeListsOff();

// Gives the lists back to the interpreter. REQUIRES: the interpreter lock.
void LetFreeListsOn();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_FREE_LISTS_H_
