#include "agent/ending.h"

#include <string.h>

#include "agent/counters.h"
#include "agent/python.h"

namespace limpet::agent {

constinit Ending g_ending = {};

namespace {

// The next birth on this thread, mostly the one that is being counted, looks whether a snapshot is due.
void NoteReturned(Thread* thread) {
  g_ending.returned = g_ending.snapshot_due = true;
  thread->next_tick = 0;
}

bool BeginsWith(DataFile::Text text, const char* start) {
  const size_t size = strlen(start);
  return text.size >= size && memcmp(text.begin, start, size) == 0;
}

bool EndsWith(DataFile::Text text, const char* end) {
  const size_t size = strlen(end);
  return text.size >= size && memcmp(text.begin + text.size - size, end, size) == 0;
}

bool Is(DataFile::Text text, const char* other) { return text.size == strlen(other) && BeginsWith(text, other); }

}  // namespace

void NoteOutermost(Thread* thread, const char* code, const capture::CodeRecord& record) {
  if (g_ending.program) return NoteReturned(thread);
  const DataFile::Text name = g_agent.file.TextAt(record.name);
  // A module that is frozen into the interpreter runs at its start.
  const bool module = Is(name, "<module>") && !BeginsWith(g_agent.file.TextAt(record.filename), "<frozen ");
  if (module || Is(name, "_run_module_as_main")) g_ending.program = code;
}

LIMPET_COLD void NoteNewCode(Thread* thread, const capture::CodeRecord& record) {
  if (g_ending.returned || !Is(g_agent.file.TextAt(record.name), "_cancel_all_tasks")) return;
  if (!EndsWith(g_agent.file.TextAt(record.filename), "/asyncio/runners.py")) return;
  g_ending.snapshot_due = true;
  thread->next_tick = 0;
}

LIMPET_COLD void NoteNoFrame(Thread* thread) {
  if (g_ending.program && !g_ending.returned && IsMainThread(thread)) NoteReturned(thread);
  if (g_python.is_finalizing && g_python.is_finalizing()) NoteFinalizing();
}

}  // namespace limpet::agent
