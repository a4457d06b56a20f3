#include "agent/stacks.h"

#include "agent/counters.h"
#include "agent/ending.h"
#include "agent/look.h"
#include "agent/native_stacks.h"
#include "agent/source.h"

namespace limpet::agent {

using capture::CodeRecord;
using capture::Domain;
using capture::FrameRecord;
using capture::NodeRecord;
using capture::SiteRecord;
using capture::Table;

constinit Stacks g_stacks;

namespace {

constexpr uint32_t kMaxNodes = 4u << 20;  // beyond, new stacks are cut to their innermost frames
constexpr uint32_t kCutDepth = 16;
constexpr uint32_t kFoldNodes = 200'000;  // beyond, a call that stands in its stack already is taken for that one
constexpr uint32_t kFoldDepth = 64;       // calls that are looked back
constexpr uint64_t kMostFoldedHashes = 1 << 19;  // remembered of then
constexpr uint64_t kKeepBlocks =
    1024;  // dead code objects are kept back until so many, or so many bytes, came together
constexpr uint64_t kKeepBytes = 1 << 20;

struct KeptBack {
  void* first;
  uint64_t blocks;
  uint64_t bytes;
} g_kept;

// A new site; `next` is the next older one of its list.
uint32_t AddSite(uint32_t node, Domain domain, uint32_t native, uint32_t next) {
  DataFile& file = g_agent.file;
  auto* site = static_cast<SiteRecord*>(file.Next(Table::kSites));
  const uint32_t id = file.Count(Table::kSites);
  if (!site || !g_counters.sites.Ensure(id)) return kNoSiteId;
  *site = {};
  site->node = node;
  site->domain = uint8_t(domain);
  site->first_epoch = g_counters.epoch;
  site->native = native;
  g_counters.sites[id] = {0, next};
  file.Publish(Table::kSites);
  return id;
}

uint32_t InternSite(uint32_t node, Domain domain) {
  if (!g_stacks.site_of_node.Ensure(node)) return kNoSiteId;
  uint32_t& newest = g_stacks.site_of_node[node];
  for (uint32_t next = newest; next; next = g_counters.sites[next - 1].next) {
    if (g_agent.file.At<SiteRecord>(Table::kSites, next - 1)->domain == uint8_t(domain)) return next - 1;
  }
  const uint32_t id = AddSite(node, domain, 0, newest);
  if (id != kNoSiteId) newest = id + 1;
  return id;
}

// Native sites of one node may be many: they are found by a map and not in the node's list.
uint32_t InternNativeSite(uint32_t node, Domain domain, uint32_t native) {
  if (!native) return InternSite(node, domain);
  const uint64_t key = HashFinish((uint64_t(node) << 32 | native) ^ DomainSalt(domain)) | 1;
  uint32_t id = g_stacks.native_sites.Find(key);
  if (id != IdMap::kNone) return id;
  id = AddSite(node, domain, native, 0);
  if (id != kNoSiteId) g_stacks.native_sites.Insert(key, id);
  return id;
}

uint32_t InternNode(uint32_t parent, uint32_t frame) {
  const uint64_t key = (uint64_t(parent) << 32 | frame) + 1;
  uint32_t id = g_stacks.nodes.Find(key);
  if (id != IdMap::kNone) return id;
  DataFile& file = g_agent.file;
  if (file.Count(Table::kNodes) == 0) {  // node 0 is the empty stack
    auto* root = static_cast<NodeRecord*>(file.Next(Table::kNodes));
    if (!root) return 0;
    *root = {};
    file.Publish(Table::kNodes);
  }
  auto* node = static_cast<NodeRecord*>(file.Next(Table::kNodes));
  id = file.Count(Table::kNodes);
  if (!node || !g_stacks.nodes.Insert(key, id)) return parent;
  node->parent = parent;
  node->frame = frame;
  node->depth = parent ? file.At<NodeRecord>(Table::kNodes, parent)->depth + 1 : 1;
  node->pad = 0;
  file.Publish(Table::kNodes);
  return id;
}

// Two calls in a function that calls itself make 2^depth stacks. Here they are turned into a graph of a few nodes: where a call stands among
// the last ones of the stack, that is gone on from. The innermost line stays exact, and so does who called it last.
uint32_t InternFolded(uint32_t parent, uint32_t frame) {
  if (g_stacks.nodes.Find((uint64_t(parent) << 32 | frame) + 1) == IdMap::kNone) {
    uint32_t node = parent;
    for (uint32_t i = 0; i < kFoldDepth && node; ++i) {
      const auto* record = g_agent.file.At<NodeRecord>(Table::kNodes, node);
      if (record->frame == frame) return node;
      node = record->parent;
    }
  }
  return InternNode(parent, frame);
}

bool Folds() { return g_agent.file.Count(Table::kNodes) > kFoldNodes; }

// The code record of a live code object; IdMap::kNone when it does not look like one or there is no room.
template <class L>
uint32_t InternCode(Thread* thread, const char* code) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(code);
  // Only a code whose death will be noticed may be remembered by address.
  uint32_t* word = FindWord(address);
  const bool watched = word && *word && (*word & kTagMask) == kTagCode;
  if (watched) {
    const uint32_t known = g_stacks.code_of.Find(address);
    if (known != IdMap::kNone) return known;
  }
  CodeSource source;
  if (!ReadCode<L>(code, &source)) return IdMap::kNone;
  uint32_t id = g_stacks.codes.Find(source.identity);
  if (id == IdMap::kNone) {
    auto* record = static_cast<CodeRecord*>(g_agent.file.Next(Table::kCodes));
    id = g_agent.file.Count(Table::kCodes);
    if (!record || !g_stacks.codes.Insert(source.identity, id)) return IdMap::kNone;
    *record = {};
    record->filename = source.filename;
    record->name = source.name;
    record->qualname = source.qualname;
    record->first_line = source.first_line;
    record->address = address;
    g_agent.file.Publish(Table::kCodes);
    NoteNewCode(thread, *record);
  }
  const bool watchable = word && *word && (*word & kTagMask) == kTagLarge;
  if (watchable) *word = (*word & ~kTagMask) | kTagCode;
  if (watched || watchable) g_stacks.code_of.Insert(address, id);
  return id;
}

template <class L>
uint32_t InternFrame(Thread* thread, const char* frame) {
  const char* code = cpython::FrameCode<L>(frame);
  const uint32_t code_id = InternCode<L>(thread, code);
  if (code_id == IdMap::kNone) return IdMap::kNone;
  const int64_t offset = cpython::FrameInstruction<L>(frame) - cpython::FirstInstruction<L>(code);
  const uint32_t instruction = offset < 0 ? 0 : uint32_t(offset);
  const uint64_t key = (uint64_t(code_id) << 32 | instruction) + 1;
  uint32_t id = g_stacks.frames.Find(key);
  if (id != IdMap::kNone) return id;
  auto* record = static_cast<FrameRecord*>(g_agent.file.Next(Table::kFrames));
  id = g_agent.file.Count(Table::kFrames);
  if (!record || !g_stacks.frames.Insert(key, id)) return IdMap::kNone;
  *record = {};
  record->code = code_id;
  record->offset = instruction;
  ReadPosition<L>(code, offset, record);
  g_agent.file.Publish(Table::kFrames);
  return id;
}

// The frames of the stack that no level and no known node answers for into thread->pending; their number. `*hash` becomes the
// hash of the stack below them.
template <class L>
uint32_t Collect(Thread* thread, const char* top, uint64_t* hash) {
  uint32_t count = 0;
  *hash = kEmptyStack;
  const bool full = g_agent.file.Count(Table::kNodes) > kMaxNodes;
  for (const char* frame = top; frame; frame = cpython::PreviousFrame<L>(frame)) {
    if (full && count == kCutDepth) return count;
    const Level* level = LevelOf(thread, frame);
    if (count && IsIntact<L>(thread, level, frame) && g_stacks.node_of.Find(level->hash) != IdMap::kNone) {
      *hash = level->hash;
      return count;
    }
    if (count == thread->pending_capacity && !GrowPending(thread)) return kCutDepth;
    thread->pending[count++] = frame;
  }
  return count;
}

// Of a stack that was collected down to the bottom. REQUIRES: the main module has not returned.
template <class L>
void LookAtOutermost(Thread* thread, uint32_t count) {
  if (!IsMainThread(thread)) return;
  while (count && cpython::IsIncomplete<L>(thread->pending[count - 1]))
    --count;  // where C code entered the interpreter
  if (!count) return;
  const char* code = cpython::FrameCode<L>(thread->pending[count - 1]);
  if (code == g_ending.program) return;
  const uint32_t id = InternCode<L>(thread, code);
  if (id != IdMap::kNone) NoteOutermost(thread, code, *g_agent.file.At<CodeRecord>(Table::kCodes, id));
}

template <class L>
uint32_t ResolveNode(Thread* thread, const char* top) {
  uint64_t hash;
  uint32_t count = Collect<L>(thread, top, &hash);
  if (hash == kEmptyStack && !g_ending.returned) LookAtOutermost<L>(thread, count);
  const bool folds = Folds();
  uint32_t node = hash == kEmptyStack ? 0 : g_stacks.node_of.Find(hash);
  while (count-- > 0) {
    const char* frame = thread->pending[count];
    hash = HashStep(hash, InstructionOf<L>(frame));
    const uint32_t known = g_stacks.node_of.Find(hash);
    if (known != IdMap::kNone) {
      node = known;
      continue;
    }
    if (!cpython::IsIncomplete<L>(frame)) {
      const uint32_t id = InternFrame<L>(thread, frame);
      if (id != IdMap::kNone) node = folds ? InternFolded(node, id) : InternNode(node, id);
    }
    g_stacks.node_of.Insert(hash, node);
  }
  return node;
}

// Whether births at `site` are counted in `pair` now.
bool IsCurrent(uint32_t pair, uint32_t site) {
  if (!pair) return false;
  const CellRecord* h = PairAt(pair)->half;
  return h[0].site == site && h[0].epoch == g_counters.epoch && int32_t(h[0].births | h[1].births) >= 0;
}

template <class Resolve>
uint32_t FindOrAddSite(uint64_t key, Resolve resolve) {
  ErrnoGuard errno_guard;
  LockGuard guard(g_agent.lock);
  uint32_t site = g_stacks.by_hash.Find(key);
  if (site != IdMap::kNone) return site;
  if (LIMPET_UNLIKELY(Folds())) {
    g_agent.file.header()->limits |= capture::kLimitFolded;
    if (g_stacks.by_hash.size() > kMostFoldedHashes) ForgetStacks();
  }
  site = resolve();
  if (site != kNoSiteId && !g_stacks.by_hash.Insert(key, site)) return kNoSiteId;
  return site;
}

template <class Resolve>
inline uint32_t FindOrAddPair(uint64_t key, Resolve resolve) {
  IdMap::Slot* slot = g_stacks.by_hash.FindSlot(key);
  uint32_t site = kNoSiteId;
  if (LIMPET_LIKELY(slot != nullptr)) {
    site = __atomic_load_n(&slot->id, __ATOMIC_RELAXED);
    const uint32_t pair = __atomic_load_n(&slot->hint, __ATOMIC_RELAXED);
    if (LIMPET_LIKELY(IdMap::Holds(slot, key))) {
      if (LIMPET_LIKELY(IsCurrent(pair, site))) return pair;
    } else {
      slot = nullptr;  // cleared and reused meanwhile
    }
  }
  if (LIMPET_UNLIKELY(!slot)) {
    site = FindOrAddSite(key, resolve);
    if (site == kNoSiteId) return 0;
    slot = g_stacks.by_hash.FindSlot(key);
  }
  const uint32_t pair = PairOfSite(site);
  if (slot) __atomic_store_n(&slot->hint, pair, __ATOMIC_RELAXED);
  return pair;
}

}  // namespace

void ForgetStacks() {
  if (g_stacks.by_hash.size() == 0) return;
  g_stacks.by_hash.Clear();
  g_stacks.node_of.Clear();
  g_stacks.code_of.Clear();
  ForgetMarks();
  __atomic_add_fetch(&g_counters.tag, 1, __ATOMIC_RELEASE);
}

template <class L>
uint32_t PairOfStack(Thread* thread, uint64_t key, const char* top, Domain domain) {
  return FindOrAddPair(key, [&] { return InternSite(ResolveNode<L>(thread, top), domain); });
}
template uint32_t PairOfStack<cpython::Layout311>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfStack<cpython::Layout312>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfStack<cpython::Layout313>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfStack<cpython::Layout314>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfStack<cpython::Layout315>(Thread*, uint64_t, const char*, Domain);

uint32_t PairWithoutFrames(uint64_t key, Domain domain) {
  return FindOrAddPair(key, [=] { return InternSite(0, domain); });
}

template <class L>
uint32_t PairOfNativeStack(Thread* thread, uint64_t key, const char* top, Domain domain) {
  return FindOrAddPair(key,
                       [&] { return InternNativeSite(ResolveNode<L>(thread, top), domain, ResolveNative(thread)); });
}
template uint32_t PairOfNativeStack<cpython::Layout311>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfNativeStack<cpython::Layout312>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfNativeStack<cpython::Layout313>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfNativeStack<cpython::Layout314>(Thread*, uint64_t, const char*, Domain);
template uint32_t PairOfNativeStack<cpython::Layout315>(Thread*, uint64_t, const char*, Domain);

uint32_t PairOfNativeAlone(Thread* thread, uint64_t key, Domain domain) {
  return FindOrAddPair(key, [&] { return InternNativeSite(0, domain, ResolveNative(thread)); });
}

uint32_t InternString(const char* text, uint32_t length) {
  if (length == 0) return 0;
  const uint64_t key = HashBytes(text, length) | 1;
  uint32_t id = g_stacks.strings.Find(key);
  if (id != IdMap::kNone) return id;
  id = g_agent.file.AppendString(text, length);
  if (id) g_stacks.strings.Insert(key, id);
  return id;
}

LIMPET_COLD void* KeepBack(void* block, uint64_t size, bool of_main) {
  LockGuard guard(g_agent.lock);
  if (!of_main) {
    ForgetStacks();
    memset(block, 0, sizeof(void*));
    return block;
  }
  memcpy(block, &g_kept.first, sizeof(void*));
  g_kept.first = block;
  g_kept.bytes += size;
  if (++g_kept.blocks < kKeepBlocks && g_kept.bytes < kKeepBytes) return nullptr;
  ForgetStacks();
  void* list = g_kept.first;
  g_kept = {};
  return list;
}

void* GiveBackKept() {
  LockGuard guard(g_agent.lock);
  ForgetStacks();
  void* list = g_kept.first;
  g_kept = {};
  return list;
}

}  // namespace limpet::agent
