// The moment at which the program has done its work: its main module has returned, and neither the callbacks registered with atexit nor the
// end of other threads have changed anything yet. A leak that a callback clears away at the end was held by somebody up to then.
//
// The interpreter tells of its finalisation only after those callbacks. But the outermost frame of the main thread tells: it is that of the
// main module (or of runpy, for `python -m`) while the program runs, and another (threading._shutdown, a callback) or none from then on.
//
// asyncio.run() takes down before that: it cancels the tasks that still wait, and the leaked ones among them are gone when the main module
// returns. So the heap is looked at when it first does so, too.
#ifndef LIMPET_AGENT_ENDING_H_
#define LIMPET_AGENT_ENDING_H_

#include <stdint.h>

#include "agent/thread.h"

namespace limpet::agent {

struct Ending {
  const char* program;  // the code object of the main thread's outermost frame; null: not seen yet
  bool returned;        // once: it is gone
  bool snapshot_due;    // and its heap was not looked at yet
};
extern Ending g_ending;

inline bool IsMainThread(const Thread* thread) { return thread->record->tid == g_agent.pid; }

// The outermost frame of a stack that is new runs `code`, of which `record` tells. REQUIRES: the agent's lock, the main thread, not returned,
// and a code that is not the program's.
void NoteOutermost(Thread* thread, const char* code, const capture::CodeRecord& record);

// A stack runs `record`'s code for the first time. REQUIRES: the agent's lock.
void NoteNewCode(Thread* thread, const capture::CodeRecord& record);

// A thread of the interpreter allocates with no Python frame at all.
LIMPET_COLD void NoteNoFrame(Thread* thread);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_ENDING_H_
