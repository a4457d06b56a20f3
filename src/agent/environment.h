// How the agent comes in and stays out of sight: LIMPET_AGENT and LD_PRELOAD are taken out of the program's environment at the
// start and given to the programs that it executes.
//
//     LIMPET_AGENT = 1:<recording directory>:<option>,<option>...      options: main=1 follow=0|1 epoch=<ms>|auto|iterations shadow=1
//                                                    snapshots=auto|off|asked|<ms> redact=0|1 native=0|1
#ifndef LIMPET_AGENT_ENVIRONMENT_H_
#define LIMPET_AGENT_ENVIRONMENT_H_

#include <stddef.h>

namespace limpet::agent {

// Reads and removes our variables; fills g_agent.options. False when the agent was not asked for.
bool TakeEnvironment();

inline constexpr size_t kMaxPreload = 4096;

// The environment for an executed program: `old` plus our variables. Writes pointers to `fresh` (room for kMaxVariables + 3)
// and text to `preload`. Returns `old` itself when nothing is to be added. Only reads and writes its arguments: safe after vfork.
inline constexpr size_t kMaxVariables = 32768;
size_t CountVariables(char* const* environment);
char* const* AddEnvironment(char* const* old, char** fresh, char* preload);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_ENVIRONMENT_H_
