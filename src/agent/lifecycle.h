// The agent's own life in a process: start, fork, exit.
#ifndef LIMPET_AGENT_LIFECYCLE_H_
#define LIMPET_AGENT_LIFECYCLE_H_

#include "agent/thread.h"

namespace limpet::agent {

// True while the interpreter may still be on its way: not loaded yet, or about to put its own allocators in front of ours.
extern bool g_early;

// Called by native hooks while g_early: looks again whether there is an interpreter, and whether our hooks are in place.
void LookForPython(Thread* thread);

// Makes the recording's file in g_agent.options.directory, and all tables; hooks may count once the gate is open. Once in a process's life.
bool StartRecording();

// argv and the executable's path into the recording, for the report.
void NoteProgram();
void SetState(capture::State state);

// True in a forked child that is not traced: what it sees as the recording is its parent's.
extern bool g_silent_child;

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_LIFECYCLE_H_
