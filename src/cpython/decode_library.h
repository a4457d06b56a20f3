// What the decoders of the standard library's C types have in common: how such a type is described, and how plain parts are told.
//
// Most of these types are a C struct whose pointers to objects, and to blocks of memory, stand at fixed places: a table says all about
// them. What tables cannot say (chains of blocks, arrays with a length of their own) is code, one function template to a form:
//
//     template <class L, class Memory, class Sink> bool DecodeDeque(Memory& memory, uint64_t object, Sink& sink);   // false: torn
//
// Figures were read from the debug information and the C sources (named at each table) of 3.11.2, 3.11.7, 3.12.1, 3.13.0, 3.13.18,
// 3.14.10 and 3.15.2; tests/cpython/test_library_types.py holds them against live interpreters. A type whose basic size is another one
// is not recognised at all.
#ifndef LIMPET_CPYTHON_DECODE_LIBRARY_H_
#define LIMPET_CPYTHON_DECODE_LIBRARY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode.h"
#include "cpython/decode_containers.h"
#include "cpython/known_types.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

// Which function template tells what the tables leave out.
enum class LibraryForm : uint8_t {
  kTables,  // none: the tables say it all
  kDeque,
  kOrderedDict,
  kLruCache,
  kMethodCaller,
  kHamtBitmap,
  kHamtArray,
  kHamtCollision,
  kSimpleQueue,
  kStringWriter,
  kArray,
  kMemoryMap,
  kCtypesData,
  kCtypesDict,
  kCtypesType,
  kTeeData,
  kProduct,
  kPermutations,
  kStruct,
  kReScanner,
  kReTemplate,
  kMultibyte,
  kPickler,
  kUnpickler,
  kPickleData,
  kElement,
  kElementIterator,
  kExpatParser,
  kSqliteConnection,
  kDateTime,
  kTime,
  kDecimal,
  kZoneInfo,
  kNumpyArray,
  kNumpyVoid,
  kNumpyType1,
  kNumpyType2,
};

// A block of memory that the object owns: where its address stands, and how long it is.
struct Block {
  int16_t pointer;      // offset of the pointer
  int16_t count;        // offset of the number of units; kAbsent: one unit
  uint8_t count_bytes;  // 8, or 4: an int
  uint8_t unit;         // bytes
};
constexpr Block OneBlock(int pointer, int bytes) {
  return {static_cast<int16_t>(pointer), kAbsent, 8, static_cast<uint8_t>(bytes)};
}
constexpr Block Counted(int pointer, int count, int unit, int count_bytes = 8) {
  return {static_cast<int16_t>(pointer), static_cast<int16_t>(count), static_cast<uint8_t>(count_bytes),
          static_cast<uint8_t>(unit)};
}

struct BlockList {
  const Block* blocks = nullptr;
  uint8_t count = 0;
};
template <int kCount>
constexpr BlockList Blocks(const Block (&blocks)[kCount]) {
  return {blocks, kCount};
}

// A C type as some minor versions have it. Not in the tables, because told for all types alike: the object's type, the dict at
// tp_dictoffset, and the list of weak references (which is followed by nobody).
struct LibraryType {
  const char* name;     // tp_name as the type object holds it; a trailing * stands for any end
  uint8_t first_minor;  // the minor versions
  uint8_t last_minor;
  int16_t basic_size;  // with exactly this basic size
  FieldList fields = {};
  BlockList blocks = {};
  LibraryForm form = LibraryForm::kTables;
  bool extends_base = false;  // what the base's decoder says holds, too; otherwise this replaces it
};

constexpr Field Borrowed(int offset, const char* name) {
  return {static_cast<int16_t>(offset), RefKind::kField, RefStrength::kBorrowed, name};
}

template <class T = uint64_t>
inline T WordAt(const char* bytes, int offset) {
  T value;
  memcpy(&value, bytes + offset, sizeof value);
  return value;
}

template <class Sink>
inline void TellOne(Sink& sink, RefKind kind, const char* name, uint64_t target) {
  if (target == 0) return;
  sink.Run(kind, RefStrength::kOwned, Label::Literal(name), false);
  sink.Target(target);
}
template <class Sink>
inline void TellAttribute(Sink& sink, const char* name, uint64_t target) {
  TellOne(sink, RefKind::kAttribute, name, target);
}
template <class Sink>
inline void TellField(Sink& sink, const char* name, uint64_t target) {
  TellOne(sink, RefKind::kField, name, target);
}
template <class Sink>
inline void TellBlock(Sink& sink, uint64_t address, int64_t bytes) {
  if (address != 0 && bytes > 0) sink.OwnBlock(address, static_cast<uint64_t>(bytes));
}

// How many units of `unit` bytes something is long that says `count`, or -1: that cannot be.
inline int64_t Plausible(int64_t count) { return count < 0 || count > kMaxItems ? -1 : count; }

// The `count` words at `address` become targets of the run that was begun. False: they cannot be read.
template <class Memory, class Sink>
inline bool TellWords(Memory& memory, Sink& sink, uint64_t address, int64_t count) {
  return count >= 0 && TellTargets(memory, address, static_cast<uint64_t>(count), sink);
}

// What the tables say of an object whose first basic_size bytes are at `bytes`. False: a length that cannot be.
template <class Sink>
bool TellTables(const LibraryType& type, const char* bytes, Sink& sink) {
  for (uint16_t i = 0; i < type.fields.count; ++i) {
    const Field& field = type.fields.fields[i];
    if (field.offset == kAbsent) continue;
    const uint64_t target = WordAt(bytes, field.offset);
    if (target == 0) continue;
    sink.Run(field.kind, field.strength, Label::Literal(field.name), false);
    sink.Target(target);
  }
  bool plausible = true;
  for (uint8_t i = 0; i < type.blocks.count; ++i) {
    const Block& block = type.blocks.blocks[i];
    const uint64_t address = WordAt(bytes, block.pointer);
    if (address == 0) continue;
    int64_t count = 1;
    if (block.count != kAbsent) {
      count = block.count_bytes == 4 ? WordAt<int32_t>(bytes, block.count) : WordAt<int64_t>(bytes, block.count);
    }
    plausible &= Plausible(count) >= 0;
    if (plausible) TellBlock(sink, address, count * block.unit);
  }
  return plausible;
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_LIBRARY_H_
