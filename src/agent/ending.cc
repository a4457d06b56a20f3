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

bool BeginsWith(uint32_t string, const char* text) {
  if (string == 0) return false;
  const char* record = g_agent.file.StringAt(string);
  uint32_t length;
  memcpy(&length, record, sizeof length);
  return length >= strlen(text) && memcmp(record + sizeof length, text, strlen(text)) == 0;
}

bool Is(uint32_t string, const char* text) {
  uint32_t length = 0;
  if (string) memcpy(&length, g_agent.file.StringAt(string), sizeof length);
  return length == strlen(text) && BeginsWith(string, text);
}

}  // namespace

void NoteOutermost(Thread* thread, const char* code, const capture::CodeRecord& record) {
  if (g_ending.returned || code == g_ending.program || !IsMainThread(thread)) return;
  if (g_ending.program) return NoteReturned(thread);
  // A module that is frozen into the interpreter runs at its start.
  const bool module = Is(record.name, "<module>") && !BeginsWith(record.filename, "<frozen ");
  if (module || Is(record.name, "_run_module_as_main")) g_ending.program = code;
}

LIMPET_COLD void NoteNoFrame(Thread* thread) {
  if (g_ending.program && !g_ending.returned && IsMainThread(thread)) NoteReturned(thread);
  if (g_python.is_finalizing && g_python.is_finalizing()) NoteFinalizing();
}

}  // namespace limpet::agent
