// Hooks in a program that runs already: each loaded object calls malloc and its kin through slots of its own (the global offset
// table), which the dynamic linker has filled; we put the hooks there, and the functions back.
//
//     _ctypes.so:  call malloc@plt -> jmp *slot        slot: libc's malloc  ->  our hook  ->  libc's malloc
//
// A slot is known by its relocation, whose symbol has the function's name, and is changed only while it holds what we expect: the function
// itself, or the object's own stub that has not been bound yet. A slot is a word, and words are written whole: no thread has to stop.
// What is not reached: pointers that the program keeps elsewhere, and functions that an object brings itself.
#ifndef LIMPET_AGENT_PATCH_H_
#define LIMPET_AGENT_PATCH_H_

#include <stddef.h>

namespace limpet::agent {

struct NativeHook;

// The definition that the program's calls of `name` reach, or null. Not a stub of the executable's that stands for it.
void* FindDefinition(const char* name);

// Puts the hooks into all objects that are loaded. From now on PatchNewObjects does it for those that come.
void PatchObjects();
// Takes them out of all objects.
void UnpatchObjects();

// Called at ticks: looks whether objects were loaded since. Cheap when not.
extern bool g_patching;
void PatchNewObjects();

// Puts these hooks into all objects that are loaded, or takes them out; `within`: only into the object that has this address.
void PatchSlots(const NativeHook* hooks, size_t count, bool install, const void* within);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_PATCH_H_
