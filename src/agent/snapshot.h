// Heap snapshots of the traced program: taken by a forked child, so that the program stands still for the fork only.
//
// When one is due, the next tick of a thread that holds the interpreter lock makes a bare copy of the process (clone, without the
// handlers of fork, and without a signal at its end, so that the program never sees it). The copy walks its frozen heap
// (walk/walk.h), writes p<pid>/heap.<k>.part, renames it to heap.<k> when it is whole, and is gone. No Python code runs in it, nothing
// is allocated, no reference count is touched. One that dies leaves the .part file: whoever reads the recording says so.
#ifndef LIMPET_AGENT_SNAPSHOT_H_
#define LIMPET_AGENT_SNAPSHOT_H_

#include "agent/thread.h"
#include "capture/snapshot_format.h"

namespace limpet::agent {

// Asked for from outside (limpet snapshot) or by the policy: called at ticks, without the agent's lock, by a thread inside a hook.
void ConsiderSnapshot(uint64_t now_ns);

// Takes one now if this thread holds the interpreter lock and none is under way: the program marked a checkpoint, or is about to finalise.
void TakeSnapshot(capture::SnapshotTrigger trigger, uint64_t now_ns);

// For the program itself, which asks by a function call: the number of the one begun now, or 0 (one is under way, the collector runs, the
// system gives no process; then ask again). REQUIRES: inside a hook, holding the interpreter lock.
uint32_t BeginSnapshot(uint64_t now_ns);
// Takes notice of one that has ended; whether one is still under way. Any thread.
bool PollSnapshot();

// Whether a child may still be reading the cells: they must not change their meaning meanwhile.
bool SnapshotRunning();

// In a forked child of the program: snapshots under way are the parent's.
void ForgetSnapshots();

// Before the program forks. Orphans of a subreaper's children become its own: it would be told of the end of a child that it never had,
// when one of its children ends before the copy that takes its snapshot. Those take none by themselves. (One that
// executes another program does not know of it any more.)
void NoteReaper();

// Before this process image ends: the next one would be told of a child that it never had. REQUIRES: not in a child of vfork.
void GiveUpSnapshot();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_SNAPSHOT_H_
