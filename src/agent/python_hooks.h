// See python_hooks.cc.
#ifndef LIMPET_AGENT_PYTHON_HOOKS_H_
#define LIMPET_AGENT_PYTHON_HOOKS_H_

#include <stdint.h>

namespace limpet::agent {

// Wraps whatever allocators are in place now, for CPython 3.minor. REQUIRES: g_python's entry points are known.
bool InstallPythonHooks(uint32_t minor);

// False when somebody has put other allocators in front of ours, or in our place.
bool PythonHooksInPlace();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_PYTHON_HOOKS_H_
