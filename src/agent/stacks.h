// From a stack's hash to its site: what is done once for each new stack, and never again.
//
// by_hash and node_of are caches keyed by addresses (of instructions): quick, and wrong as soon as a code object dies and another takes its
// place. The tables behind it are keyed by content, so a code that is compiled anew each day gets the same ids each day and the
// recording does not grow. A code object that stands in some stack is marked in its shadow row; when it dies, its memory is kept
// back until by_hash has been cleared (in batches), so no address is ever reused while a stale hash could match it.
#ifndef LIMPET_AGENT_STACKS_H_
#define LIMPET_AGENT_STACKS_H_

#include "agent/thread.h"

namespace limpet::agent {

struct Stacks {
  IdMap by_hash;   // stack hash and domain -> site
  IdMap node_of;   // stack hash -> node
  IdMap code_of;   // address of a code object that is alive -> code
  IdMap strings;   // hash of the text -> string
  IdMap codes;     // hash of what identifies a code -> code
  IdMap frames;    // code, instruction offset -> frame
  IdMap nodes;     // parent node, frame -> node
  IdMap sites;     // node, domain -> site
};
extern Stacks g_stacks;

inline constexpr uint32_t kNoSiteId = 0xffffffff;

constexpr uint64_t DomainSalt(capture::Domain domain) { return (uint64_t(domain) + 1) * 0xD6E8FEB86659FD93ull; }

// The site of the stack whose running frame is `top` (null: no Python frames), of hash `key ^ DomainSalt(domain)`.
// kNoSiteId: no room. Takes the lock when the stack is new.
template <class L>
uint32_t SiteOf(Thread* thread, uint64_t key, const char* top, capture::Domain domain);
// The same for processes and threads without Python.
uint32_t SiteWithoutFrames(uint64_t key, capture::Domain domain);

// REQUIRES: the agent's lock.
uint32_t InternString(const char* text, uint32_t length);

// Keeps the memory of a dead code object until no stale hash can name it; returns blocks to free now in a list linked
// through their first word (null: none).
void* KeepBack(void* block, uint64_t size);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_STACKS_H_
