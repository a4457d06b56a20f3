// collections and functools: deque, OrderedDict, defaultdict, partial, lru_cache; operator's callables.
//
//     deque --> block --> block --> block          lru_cache_wrapper --> link --> link --.
//               [31..63]  [0..63]   [0..7]                ^______________________________|
#ifndef LIMPET_CPYTHON_DECODE_COLLECTIONS_H_
#define LIMPET_CPYTHON_DECODE_COLLECTIONS_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

// Modules/_collectionsmodule.c: dequeobject, block.
struct DequeLayout {
  static constexpr int kLeftBlock = 24;
  static constexpr int kRightBlock = 32;
  static constexpr int kLeftIndex = 40;
  static constexpr int kMaxLength = 64;   // -1: none
  static constexpr int kFreeBlocks = 72;  // their number, then the blocks
  static constexpr int kMaxFreeBlocks = 16;
  static constexpr int kSize = 216;
  static constexpr int kBlockItems = 8;  // in a block: left link, items, right link
  static constexpr int kBlockLength = 64;
  static constexpr int kBlockRight = 520;
  static constexpr int kBlockSize = 528;
};

template <class L, class Memory, class Sink>
bool DecodeDeque(Memory& memory, uint64_t object, Sink& sink) {
  using D = DequeLayout;
  const char* bytes = memory.Span(object, D::kSize);
  if (!bytes) return false;
  const int64_t free_blocks = WordAt<int64_t>(bytes, D::kFreeBlocks);
  if (free_blocks < 0 || free_blocks > D::kMaxFreeBlocks) return false;
  for (int i = 0; i < free_blocks; ++i) TellBlock(sink, WordAt(bytes, D::kFreeBlocks + 8 + 8 * i), D::kBlockSize);

  int64_t left = Plausible(WordAt<int64_t>(bytes, L::kObjectSize));
  int64_t index = WordAt<int64_t>(bytes, D::kLeftIndex);
  uint64_t block = WordAt(bytes, D::kLeftBlock);
  const uint64_t last = WordAt(bytes, D::kRightBlock);
  if (left < 0 || index < 0 || index > D::kBlockLength) return false;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  while (true) {
    const char* content = memory.Span(block, D::kBlockSize);
    if (!content) return false;
    TellBlock(sink, block, D::kBlockSize);
    const int64_t count = left < D::kBlockLength - index ? left : D::kBlockLength - index;
    sink.Targets(reinterpret_cast<const uint64_t*>(content + D::kBlockItems + 8 * index), static_cast<size_t>(count));
    left -= count;
    index = 0;
    if (left == 0) return true;
    if (block == last) return false;
    block = WordAt(content, D::kBlockRight);
  }
}

// Objects/odictobject.c: _odictobject, _odictnode. What makes it a dict is the base's; here is the order: a chain of nodes, each with a
// counted reference to its key, and a table of them.
struct OrderedDictLayout {
  static constexpr int kUsed = 16;
  static constexpr int kFirst = 48;
  static constexpr int kFastNodes = 64;
  static constexpr int kFastNodesSize = 72;
  static constexpr int kSize = 112;
  static constexpr int kNodeKey = 0;
  static constexpr int kNodeNext = 16;
  static constexpr int kNodeSize = 32;
};

template <class L, class Memory, class Sink>
bool DecodeOrderedDict(Memory& memory, uint64_t object, Sink& sink) {
  using D = OrderedDictLayout;
  const char* bytes = memory.Span(object, D::kSize);
  if (!bytes) return false;
  int64_t left = Plausible(WordAt<int64_t>(bytes, D::kUsed));
  const int64_t table = Plausible(WordAt<int64_t>(bytes, D::kFastNodesSize));
  if (left < 0 || table < 0) return false;
  TellBlock(sink, WordAt(bytes, D::kFastNodes), table * 8);
  uint64_t node = WordAt(bytes, D::kFirst);
  // Not the open run: that is the base's, the dict entries.
  sink.Run(RefKind::kElement, RefStrength::kOwned, Label::Index(0), false);
  for (; node != 0; --left) {
    const char* content = memory.Span(node, D::kNodeSize);
    if (!content || left <= 0) return false;
    TellBlock(sink, node, D::kNodeSize);
    sink.Target(WordAt(content, D::kNodeKey));
    node = WordAt(content, D::kNodeNext);
  }
  return true;
}

// Modules/_functoolsmodule.c: lru_cache_object, lru_list_elem. The ring of links holds one of the two references to each link; the
// cache's dict holds the other. Keys and results are the links'.
struct LruCacheLayout {
  static constexpr int kNext = 24;  // in a link, and in the wrapper, which is the ring's beginning and end
  static constexpr int kCache = 72;
  static constexpr int kMaxSize = 96;  // -1: none
  static constexpr int kSize = 152;
  static constexpr int kLinkSize = 56;
};

template <class L, class Memory, class Sink>
bool DecodeLruCache(Memory& memory, uint64_t object, Sink& sink) {
  using D = LruCacheLayout;
  const char* bytes = memory.Span(object, D::kSize);
  if (!bytes) return false;
  uint64_t link = WordAt(bytes, D::kNext);
  const uint64_t cache = WordAt(bytes, D::kCache);
  int64_t left = 0;
  if (cache != 0 && !Get(memory, cache + OrderedDictLayout::kUsed, &left)) return false;
  if (Plausible(left) < 0) return false;
  left += 64;  // links that the dict lost stay in the ring
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  for (; link != object && link != 0; --left) {
    const char* content = memory.Span(link, D::kLinkSize);
    if (!content || left <= 0) return false;
    sink.Target(link);
    link = WordAt(content, D::kNext);
  }
  return true;
}

// Modules/_operator.c, methodcallerobject of 3.13: arguments laid out for a call, borrowed from the tuple and the dict.
template <class L, class Memory, class Sink>
bool DecodeMethodCaller(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, 64);
  if (!bytes) return false;
  const uint64_t tuples[] = {WordAt(bytes, 24), WordAt(bytes, 48)};  // xargs, vectorcall_kwnames
  const uint64_t block = WordAt(bytes, 40);                          // vectorcall_args
  if (block == 0) return true;  // not called so far; the names are not even initialised
  TellField(sink, "vectorcall_kwnames", tuples[1]);
  int64_t words = 0;
  for (const uint64_t tuple : tuples) {
    int64_t size = 0;
    if (tuple == 0) continue;
    if (!Get(memory, tuple + L::kObjectSize, &size) || Plausible(size) < 0) return false;
    words += size;
  }
  TellBlock(sink, block, words * 8);
  return true;
}

struct CollectionsFields {
  // Modules/_collectionsmodule.c
  static constexpr Field kDequeIterator[] = {Hidden(32, "deque")};
  static constexpr Field kDefaultDict[] = {Attribute(48, "default_factory")};
  static constexpr Field kTupleGetter[] = {Attribute(24, "__doc__")};
  // Objects/odictobject.c
  static constexpr Field kOrderedDictIterator[] = {Hidden(24, "di_odict"), Hidden(48, "di_current"),
                                                   Hidden(56, "di_result")};
  // Modules/_functoolsmodule.c
  static constexpr Field kPartial[] = {Attribute(16, "func"), Attribute(24, "args"), Attribute(32, "keywords")};
  static constexpr Field kPartial14[] = {Attribute(16, "func"), Attribute(24, "args"), Attribute(32, "keywords"),
                                         Borrowed(56, "placeholder")};
  static constexpr Field kLruCache[] = {Hidden(72, "cache"), Hidden(88, "func"), Hidden(112, "kwd_mark"),
                                        Hidden(120, "lru_list_elem_type"), Hidden(128, "cache_info_type")};
  static constexpr Field kLruLink[] = {Hidden(40, "key"), Hidden(48, "result")};
  static constexpr Field kKeyWrapper[] = {Hidden(16, "cmp"), Attribute(24, "obj")};
  // Modules/_operator.c
  static constexpr Field kItemGetter[] = {Hidden(24, "item")};
  static constexpr Field kAttributeGetter[] = {Hidden(24, "attr")};
  static constexpr Field kMethodCaller[] = {Hidden(16, "name"), Hidden(24, "args"), Hidden(32, "kwds")};
  static constexpr Field kMethodCaller13[] = {Hidden(16, "name"), Hidden(24, "args"), Hidden(32, "kwds")};
  static constexpr Field kMethodCaller14[] = {Hidden(16, "name"), Hidden(24, "args"), Hidden(32, "kwds"),
                                              Hidden(40, "vectorcall_args"), Hidden(48, "vectorcall_kwnames")};
};

inline constexpr LibraryType kCollectionsTypes[] = {
    {"collections.deque", 11, 15, 216, {}, {}, LibraryForm::kDeque},
    {"_collections._deque_iterator", 11, 11, 56, List(CollectionsFields::kDequeIterator)},
    {"_collections._deque_reverse_iterator", 11, 11, 56, List(CollectionsFields::kDequeIterator)},
    {"collections._deque_iterator", 12, 15, 56, List(CollectionsFields::kDequeIterator)},
    {"collections._deque_reverse_iterator", 12, 15, 56, List(CollectionsFields::kDequeIterator)},
    {"collections.OrderedDict", 11, 15, 112, {}, {}, LibraryForm::kOrderedDict, true},
    {"odict_iterator", 11, 15, 64, List(CollectionsFields::kOrderedDictIterator)},
    {"collections.defaultdict", 11, 15, 56, List(CollectionsFields::kDefaultDict), {}, LibraryForm::kTables, true},
    {"_collections._tuplegetter", 11, 11, 32, List(CollectionsFields::kTupleGetter)},
    {"collections._tuplegetter", 12, 15, 32, List(CollectionsFields::kTupleGetter)},
    {"functools.partial", 11, 13, 64, List(CollectionsFields::kPartial)},
    {"functools.partial", 14, 15, 80, List(CollectionsFields::kPartial14)},
    {"functools._PlaceholderType", 14, 15, 16},
    {"functools._lru_cache_wrapper", 11, 15, 152, List(CollectionsFields::kLruCache), {}, LibraryForm::kLruCache},
    {"functools._lru_list_elem", 11, 15, 56, List(CollectionsFields::kLruLink)},
    {"functools.KeyWrapper", 11, 15, 32, List(CollectionsFields::kKeyWrapper)},
    {"operator.itemgetter", 11, 15, 48, List(CollectionsFields::kItemGetter)},
    {"operator.attrgetter", 11, 15, 40, List(CollectionsFields::kAttributeGetter)},
    {"operator.methodcaller", 11, 12, 40, List(CollectionsFields::kMethodCaller)},
    {"operator.methodcaller", 13, 13, 64, List(CollectionsFields::kMethodCaller13), {}, LibraryForm::kMethodCaller},
    {"operator.methodcaller", 14, 15, 64, List(CollectionsFields::kMethodCaller14)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_COLLECTIONS_H_
