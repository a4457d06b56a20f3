// itertools, all from Modules/itertoolsmodule.c.
#ifndef LIMPET_CPYTHON_DECODE_ITERTOOLS_H_
#define LIMPET_CPYTHON_DECODE_ITERTOOLS_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

// teedataobject: up to 57 values that one of the iterators has still to see, and the next such object.
template <class L, class Memory, class Sink>
bool DecodeTeeData(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kCount = 24, kValues = 40, kCells = 57;
  int32_t count = 0;
  if (!Get(memory, object + kCount, &count) || count < 0 || count > kCells) return false;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  return TellWords(memory, sink, object + kValues, count);
}

// The combinatoric iterators keep arrays of indices: as many as the tuple of pools (or the pool) is long, or as r says.
template <class L, class Memory>
int64_t TupleLength(Memory& memory, uint64_t tuple) {
  int64_t count = 0;
  return tuple != 0 && Get(memory, tuple + L::kObjectSize, &count) ? Plausible(count) : -1;
}

template <class L, class Memory, class Sink>
bool DecodeProduct(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, 48);
  if (!bytes) return false;
  const uint64_t indices = WordAt(bytes, 24);
  const int64_t pools = TupleLength<L>(memory, WordAt(bytes, 16));
  if (pools < 0) return false;
  TellBlock(sink, indices, pools * 8);
  return true;
}

template <class L, class Memory, class Sink>
bool DecodePermutations(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, 64);
  if (!bytes) return false;
  const uint64_t indices = WordAt(bytes, 24), cycles = WordAt(bytes, 32);
  const int64_t chosen = Plausible(WordAt<int64_t>(bytes, 48));
  const int64_t length = TupleLength<L>(memory, WordAt(bytes, 16));
  if (chosen < 0 || length < 0) return false;
  TellBlock(sink, indices, length * 8);
  TellBlock(sink, cycles, chosen * 8);
  return true;
}

struct ItertoolsFields {
  static constexpr Field kChain[] = {Hidden(16, "source"), Hidden(24, "active")};
  static constexpr Field kCycle[] = {Hidden(16, "it"), Hidden(24, "saved")};
  static constexpr Field kRepeat[] = {Hidden(16, "element")};
  static constexpr Field kCount[] = {Hidden(24, "long_cnt"), Hidden(32, "long_step")};
  static constexpr Field kIterator[] = {Hidden(16, "it")};
  static constexpr Field kTee[] = {Hidden(16, "dataobj")};
  static constexpr Field kTeeData[] = {Hidden(16, "it"), Hidden(32, "nextlink")};
  static constexpr Field kGroupBy[] = {Hidden(16, "it"), Hidden(24, "keyfunc"), Hidden(32, "tgtkey"),
                                       Hidden(40, "currkey"), Hidden(48, "currvalue")};
  static constexpr Field kGrouper[] = {Hidden(16, "parent"), Hidden(24, "tgtkey")};
  static constexpr Field kProduct[] = {Hidden(16, "pools"), Hidden(32, "result")};
  static constexpr Field kPermutations[] = {Hidden(16, "pool"), Hidden(40, "result")};
  static constexpr Field kCombinations[] = {Hidden(16, "pool"), Hidden(32, "result")};
  static constexpr Block kCombinationsBlocks[] = {Counted(24, 40, 8)};
  static constexpr Field kAccumulate[] = {Hidden(16, "total"), Hidden(24, "it"), Hidden(32, "binop"),
                                          Hidden(40, "initial")};
  static constexpr Field kFunction[] = {Hidden(16, "func"), Hidden(24, "it")};
  static constexpr Field kCompress[] = {Hidden(16, "data"), Hidden(24, "selectors")};
  static constexpr Field kZipLongest[] = {Hidden(32, "ittuple"), Hidden(40, "result"), Hidden(48, "fillvalue")};
  static constexpr Field kPairwise[] = {Hidden(16, "it"), Hidden(24, "old")};
  static constexpr Field kPairwise13[] = {Hidden(16, "it"), Hidden(24, "old"), Hidden(32, "result")};
};

inline constexpr LibraryType kItertoolsTypes[] = {
    {"itertools.chain", 11, 15, 32, List(ItertoolsFields::kChain)},
    {"itertools.cycle", 11, 13, 48, List(ItertoolsFields::kCycle)},
    {"itertools.cycle", 14, 15, 40, List(ItertoolsFields::kCycle)},
    {"itertools.repeat", 11, 15, 32, List(ItertoolsFields::kRepeat)},
    {"itertools.count", 11, 15, 40, List(ItertoolsFields::kCount)},
    {"itertools.islice", 11, 15, 56, List(ItertoolsFields::kIterator)},
    {"itertools._tee", 11, 11, 40, List(ItertoolsFields::kTee)},
    {"itertools._tee", 12, 15, 48, List(ItertoolsFields::kTee)},
    {"itertools._tee_dataobject", 11, 15, 496, List(ItertoolsFields::kTeeData), {}, LibraryForm::kTeeData},
    {"itertools.groupby", 11, 11, 64, List(ItertoolsFields::kGroupBy)},
    {"itertools.groupby", 12, 15, 72, List(ItertoolsFields::kGroupBy)},
    {"itertools._grouper", 11, 15, 32, List(ItertoolsFields::kGrouper)},
    {"itertools.product", 11, 15, 48, List(ItertoolsFields::kProduct), {}, LibraryForm::kProduct},
    {"itertools.permutations", 11, 15, 64, List(ItertoolsFields::kPermutations), {}, LibraryForm::kPermutations},
    {"itertools.combinations", 11, 15, 56, List(ItertoolsFields::kCombinations),
     Blocks(ItertoolsFields::kCombinationsBlocks)},
    {"itertools.combinations_with_replacement", 11, 15, 56, List(ItertoolsFields::kCombinations),
     Blocks(ItertoolsFields::kCombinationsBlocks)},
    {"itertools.accumulate", 11, 11, 48, List(ItertoolsFields::kAccumulate)},
    {"itertools.accumulate", 12, 15, 56, List(ItertoolsFields::kAccumulate)},
    {"itertools.starmap", 11, 15, 32, List(ItertoolsFields::kFunction)},
    {"itertools.takewhile", 11, 15, 40, List(ItertoolsFields::kFunction)},
    {"itertools.dropwhile", 11, 15, 40, List(ItertoolsFields::kFunction)},
    {"itertools.filterfalse", 11, 15, 32, List(ItertoolsFields::kFunction)},
    {"itertools.compress", 11, 15, 32, List(ItertoolsFields::kCompress)},
    {"itertools.zip_longest", 11, 15, 56, List(ItertoolsFields::kZipLongest)},
    {"itertools.pairwise", 11, 12, 32, List(ItertoolsFields::kPairwise)},
    {"itertools.pairwise", 13, 15, 40, List(ItertoolsFields::kPairwise13)},
    {"itertools.batched", 12, 12, 32, List(ItertoolsFields::kIterator)},
    {"itertools.batched", 13, 15, 40, List(ItertoolsFields::kIterator)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_ITERTOOLS_H_
