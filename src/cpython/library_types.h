// The C types of the standard library (and numpy's) that limpet knows by their structure.
//
// A type is recognised by its tp_name and its basic size alone, on the minor version at hand. What does not fit is not known: a wrong
// guess would invent references, while an unknown type is only told without names.
#ifndef LIMPET_CPYTHON_LIBRARY_TYPES_H_
#define LIMPET_CPYTHON_LIBRARY_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cpython/decode_buffers.h"
#include "cpython/decode_collections.h"
#include "cpython/decode_data.h"
#include "cpython/decode_io.h"
#include "cpython/decode_itertools.h"
#include "cpython/decode_library.h"
#include "cpython/decode_numpy.h"
#include "cpython/decode_tasks.h"
#include "cpython/decode_text.h"

namespace limpet::cpython {

inline bool HasName(const LibraryType& type, const char* name) {
  const size_t length = strlen(type.name);
  return type.name[length - 1] == '*' ? strncmp(type.name, name, length - 1) == 0 : strcmp(type.name, name) == 0;
}

template <int kCount>
inline const LibraryType* FindAmong(const LibraryType (&types)[kCount], int minor, const char* name,
                                    int64_t basic_size) {
  for (const LibraryType& type : types) {
    if (type.basic_size == basic_size && type.first_minor <= minor && minor <= type.last_minor && HasName(type, name)) {
      return &type;
    }
  }
  return nullptr;
}

// The known type of this tp_name and basic size, or null. `heap`: the type was made at run time.
template <class L>
const LibraryType* FindLibraryType(const char* name, int64_t basic_size, bool heap) {
  constexpr int kMinor = L::kMinor;
  // A class statement names its type without a module: `class keys` is none of ours.
  if (heap && strchr(name, '.') == nullptr) return nullptr;
  if (const LibraryType* type = FindAmong(kCollectionsTypes, kMinor, name, basic_size)) return type;
  if (const LibraryType* type = FindAmong(kTaskTypes, kMinor, name, basic_size)) return type;
  if (const LibraryType* type = FindAmong(kIoTypes, kMinor, name, basic_size)) return type;
  if (const LibraryType* type = FindAmong(kItertoolsTypes, kMinor, name, basic_size)) return type;
  if (const LibraryType* type = FindAmong(kBufferTypes, kMinor, name, basic_size)) return type;
  if (const LibraryType* type = FindAmong(kTextTypes, kMinor, name, basic_size)) return type;
  if (const LibraryType* type = FindAmong(kDataTypes, kMinor, name, basic_size)) return type;
  return FindAmong(kNumpyTypes, kMinor, name, basic_size);
}

// What the form says that the tables leave out: of modules that read text, stand for things outside Python, or hold values.
template <class L, class Memory, class Sink>
bool DecodeModuleForm(const LibraryType& type, Memory& memory, uint64_t object, Sink& sink) {
  switch (type.form) {
    case LibraryForm::kStruct:
      return DecodeStruct<L>(memory, object, sink);
    case LibraryForm::kReScanner:
      return DecodeReScanner<L>(memory, object, sink);
    case LibraryForm::kReTemplate:
      return DecodeReTemplate<L>(memory, object, sink);
    case LibraryForm::kMultibyte:
      return DecodeMultibyte<L>(memory, object, sink);
    case LibraryForm::kPickler:
      return DecodePickler<L>(memory, object, sink);
    case LibraryForm::kUnpickler:
      return DecodeUnpickler<L>(memory, object, sink);
    case LibraryForm::kPickleData:
      return DecodePickleData<L>(memory, object, sink);
    case LibraryForm::kElement:
      return DecodeElement<L>(memory, object, sink);
    case LibraryForm::kElementIterator:
      return DecodeElementIterator<L>(memory, object, sink);
    case LibraryForm::kExpatParser:
      return DecodeExpatParser<L>(memory, object, type.basic_size, sink);
    case LibraryForm::kSqliteConnection:
      return DecodeSqliteConnection<L>(memory, object, sink);
    case LibraryForm::kDateTime:
      return DecodeDateTime<L>(memory, object, sink);
    case LibraryForm::kTime:
      return DecodeTime<L>(memory, object, sink);
    case LibraryForm::kDecimal:
      return DecodeDecimal<L>(memory, object, sink);
    case LibraryForm::kZoneInfo:
      return DecodeZoneInfo<L>(memory, object, sink);
    case LibraryForm::kNumpyArray:
      return DecodeNumpyArray<L>(memory, object, sink);
    case LibraryForm::kNumpyVoid:
      return DecodeNumpyVoid<L>(memory, object, sink);
    case LibraryForm::kNumpyType1:
      return DecodeNumpyType<L>(memory, object, 40, sink);
    case LibraryForm::kNumpyType2:
      return DecodeNumpyType<L>(memory, object, 88, sink);
    default:
      return true;
  }
}

// The same for all forms. False: torn or unreadable; what was told so far holds.
template <class L, class Memory, class Sink>
bool DecodeLibraryForm(const LibraryType& type, Memory& memory, uint64_t object, Sink& sink) {
  switch (type.form) {
    case LibraryForm::kDeque:
      return DecodeDeque<L>(memory, object, sink);
    case LibraryForm::kOrderedDict:
      return DecodeOrderedDict<L>(memory, object, sink);
    case LibraryForm::kLruCache:
      return DecodeLruCache<L>(memory, object, sink);
    case LibraryForm::kMethodCaller:
      return DecodeMethodCaller<L>(memory, object, sink);
    case LibraryForm::kHamtBitmap:
      return DecodeHamtBitmap<L>(memory, object, sink);
    case LibraryForm::kHamtArray:
      return DecodeHamtArray<L>(memory, object, sink);
    case LibraryForm::kHamtCollision:
      return DecodeHamtCollision<L>(memory, object, sink);
    case LibraryForm::kSimpleQueue:
      return DecodeSimpleQueue<L>(memory, object, sink);
    case LibraryForm::kStringWriter:
      return DecodeStringWriter<L>(memory, object, sink);
    case LibraryForm::kArray:
      return DecodeArray<L>(memory, object, sink);
    case LibraryForm::kMemoryMap:
      return DecodeMemoryMap<L>(memory, object, sink);
    case LibraryForm::kCtypesData:
      return DecodeCtypesData<L>(memory, object, sink);
    case LibraryForm::kCtypesDict:
      return DecodeCtypesDict<L>(memory, object, sink);
    case LibraryForm::kCtypesType:
      return DecodeCtypesType<L>(memory, object, sink);
    case LibraryForm::kTeeData:
      return DecodeTeeData<L>(memory, object, sink);
    case LibraryForm::kProduct:
      return DecodeProduct<L>(memory, object, sink);
    case LibraryForm::kPermutations:
      return DecodePermutations<L>(memory, object, sink);
    default:
      return DecodeModuleForm<L>(type, memory, object, sink);
  }
}

// All that a library type says of one of its objects (or of an object of a derived type): tables and form. Not told: see LibraryType.
template <class L, class Memory, class Sink>
bool DecodeLibraryObject(const LibraryType& type, Memory& memory, uint64_t object, Sink& sink) {
  if (type.fields.count != 0 || type.blocks.count != 0) {
    const char* bytes = memory.Span(object, static_cast<size_t>(type.basic_size));
    if (!bytes || !TellTables(type, bytes, sink)) return false;
  }
  return DecodeLibraryForm<L>(type, memory, object, sink);
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_LIBRARY_TYPES_H_
