// From a stack's hash to the pair that counts it: what is done once for each new stack, and never again.
//
//     hash of instruction addresses, domain --by_hash--> site, and the pair that counted it last     read by all threads, no lock
//     new: frames -> nodes (content: parent, frame) -> site (node, domain)                           under the agent's lock
//
// by_hash, node_of and code_of are keyed by addresses: quick, and wrong as soon as a code object dies and another takes its
// place. The tables behind them are keyed by content, so a code that is compiled anew each day gets the same ids each day and
// the recording does not grow. A code object that stands in some stack is marked in its shadow row; when it dies, its memory is
// kept back until they have been cleared (in batches), so no address is ever reused while a stale hash could match it.
#ifndef LIMPET_AGENT_STACKS_H_
#define LIMPET_AGENT_STACKS_H_

#include "agent/chunked.h"
#include "agent/thread.h"

namespace limpet::agent {

// Which node a stack's hash stands for, as far as remembered: a new stack mostly differs from a recent one in a frame or two.
class NodeCache {
 public:
  uint32_t Find(uint64_t hash) const {
    const Entry& entry = entries_[hash & (kEntries - 1)];
    return entry.hash == hash ? entry.node : IdMap::kNone;
  }
  void Insert(uint64_t hash, uint32_t node) { entries_[hash & (kEntries - 1)] = {hash, node}; }
  void Clear() { memset(entries_, 0, sizeof entries_); }
  static constexpr uint64_t bytes() { return sizeof entries_; }

 private:
  static constexpr uint32_t kEntries = 4096;
  struct Entry {
    uint64_t hash;  // 0: none
    uint32_t node;
  };
  Entry entries_[kEntries] = {};
};

struct Stacks {
  IdMap by_hash{IdMap::Use::kShared};  // stack hash and domain -> site; hint: its pair, to be checked
  NodeCache node_of;                   // stack hash -> node
  IdMap code_of;                       // address of a code object that is alive -> code
  IdMap strings;                       // hash of the text -> string
  IdMap codes;                         // hash of what identifies a code -> code
  IdMap frames;                        // code, instruction offset -> frame
  IdMap nodes;                         // parent node, frame -> node
  IdMap native_sites;                  // node, native node, domain -> site; sites without native node: see below
  Chunked<uint32_t, 65536, 128> site_of_node;  // node -> its newest site + 1; the others by SiteState::next
};
extern Stacks g_stacks;

inline constexpr uint32_t kNoSiteId = 0xffffffff;

constexpr uint64_t DomainSalt(capture::Domain domain) { return (uint64_t(domain) + 1) * 0xD6E8FEB86659FD93ull; }

// The pair that counts births of the stack whose running frame is `top` (null: no Python frames), of hash
// `key ^ DomainSalt(domain)`. 0: no room. Takes the lock when the stack is new or the epoch is.
template <class L>
uint32_t PairOfStack(Thread* thread, uint64_t key, const char* top, capture::Domain domain);
// The same for processes and threads without Python.
uint32_t PairWithoutFrames(uint64_t key, capture::Domain domain);

// The same with the native stack in thread->native_frames, whose hash is a part of `key`.
template <class L>
uint32_t PairOfNativeStack(Thread* thread, uint64_t key, const char* top, capture::Domain domain);
uint32_t PairOfNativeAlone(Thread* thread, uint64_t key, capture::Domain domain);

// No stack is known any more, nor the code in them. REQUIRES: the agent's lock.
void ForgetStacks();

// REQUIRES: the agent's lock.
uint32_t InternString(const char* text, uint32_t length);

// Keeps the memory of a dead code object until no stale hash can name it; returns blocks to free now in a list linked
// through their first word (null: none). A block of another interpreter than the main one is not kept: its allocator may be of
// its own, and gone with it; so stacks are forgotten at once.
void* KeepBack(void* block, uint64_t size, bool of_main);
// Forgets all stacks, and returns what was kept back, linked in the same way. REQUIRES: nobody is inside a hook.
void* GiveBackKept();

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_STACKS_H_
