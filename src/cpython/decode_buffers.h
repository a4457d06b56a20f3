// Objects around a piece of memory: array, mmap, ctypes' instances and types.
#ifndef LIMPET_CPYTHON_DECODE_BUFFERS_H_
#define LIMPET_CPYTHON_DECODE_BUFFERS_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

// Modules/arraymodule.c: arrayobject, arraydescr.
template <class L, class Memory, class Sink>
bool DecodeArray(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kItems = 24, kAllocated = 32, kDescription = 40, kItemSize = 4;
  const char* bytes = memory.Span(object, 64);
  if (!bytes) return false;
  const uint64_t items = WordAt(bytes, kItems);
  const int64_t allocated = Plausible(WordAt<int64_t>(bytes, kAllocated));
  int32_t item_size = 0;
  if (!Get(memory, WordAt(bytes, kDescription) + kItemSize, &item_size)) return false;
  if (allocated < 0 || item_size < 1 || item_size > 16) return false;
  TellBlock(sink, items, allocated * item_size);
  return true;
}

// Modules/mmapmodule.c: mmap_object begins the same in all versions. The mapping is no block of an allocator.
template <class L, class Memory, class Sink>
bool DecodeMemoryMap(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, 80);
  if (!bytes) return false;
  const int64_t size = Plausible(WordAt<int64_t>(bytes, 24));
  if (size < 0) return false;
  if (WordAt(bytes, 16) != 0) sink.Bytes(static_cast<uint64_t>(size));
  return true;
}

// Modules/_ctypes/ctypes.h: CDataObject. Its memory is a block of its own where it does not fit into the object; with b_needsfree clear
// it belongs to somebody else (b_base, or C code).
template <class L, class Memory, class Sink>
bool DecodeCtypesData(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kPointer = 16, kNeedsFree = 24, kSize = 40, kValue = 80;
  const char* bytes = memory.Span(object, 96);
  if (!bytes) return false;
  const uint64_t pointer = WordAt(bytes, kPointer);
  const int64_t size = Plausible(WordAt<int64_t>(bytes, kSize));
  if (size < 0) return false;
  if (WordAt<int32_t>(bytes, kNeedsFree) != 0 && pointer != object + kValue) TellBlock(sink, pointer, size);
  return true;
}

// What ctypes knows of a C type (ctypes.h: StgDictObject, the type's __dict__ up to 3.12; StgInfo, behind the type from 3.13 on): the
// types of its members for libffi, its format as text, its shape.
template <class Memory, class Sink>
bool TellStorage(Memory& memory, uint64_t elements, uint64_t format, uint64_t shape, int32_t dimensions, Sink& sink) {
  static constexpr int kMaxElements = 1 << 16, kMaxText = 1 << 16, kMaxDimensions = 1 << 16;
  if (dimensions < 0 || dimensions > kMaxDimensions) return false;
  TellBlock(sink, shape, int64_t{8} * dimensions);
  if (elements != 0) {
    uint64_t element = 1;
    int count = 0;
    for (; element != 0 && count < kMaxElements; ++count) {
      if (!Get(memory, elements + 8 * static_cast<uint64_t>(count), &element)) return false;
    }
    TellBlock(sink, elements, int64_t{8} * count);
  }
  if (format != 0) {
    char letter = 1;
    int length = 0;
    for (; letter != 0 && length < kMaxText; ++length) {
      if (!Get(memory, format + static_cast<uint64_t>(length), &letter)) return false;
    }
    TellBlock(sink, format, length);
  }
  return true;
}

template <class L, class Memory, class Sink>
bool DecodeCtypesDict(Memory& memory, uint64_t object, Sink& sink) {
  const char* bytes = memory.Span(object, 192);
  if (!bytes) return false;
  return TellStorage(memory, WordAt(bytes, 88), WordAt(bytes, 168), WordAt(bytes, 184), WordAt<int32_t>(bytes, 176),
                     sink);
}

struct StorageLayout {
  int begin;  // of StgInfo, from the start of the type
  int argtypes, converters, restype, checker, pointer_type, module, format, dimensions, shape;
};
inline constexpr int kStorageProto = 56;
inline constexpr int kStorageElements = 48;

template <class L>
constexpr StorageLayout StorageOf() {
  if (L::kMinor == 13) return {928, 88, 96, 104, 112, kAbsent, 120, 136, 144, 152};
  return {944, 88, 96, 104, 112, 120, 128, 144, 152, 160};
}

template <class L, class Memory, class Sink>
bool DecodeCtypesType(Memory& memory, uint64_t object, Sink& sink) {
  constexpr StorageLayout kLayout = StorageOf<L>();
  const char* bytes = memory.Span(object + kLayout.begin, static_cast<size_t>(kLayout.shape) + 8);
  if (!bytes) return false;
  if (WordAt<int32_t>(bytes, 0) == 0) return true;  // an abstract class: not initialised
  TellField(sink, "proto", WordAt(bytes, kStorageProto));
  TellField(sink, "argtypes", WordAt(bytes, kLayout.argtypes));
  TellField(sink, "converters", WordAt(bytes, kLayout.converters));
  TellField(sink, "restype", WordAt(bytes, kLayout.restype));
  TellField(sink, "checker", WordAt(bytes, kLayout.checker));
  if (kLayout.pointer_type != kAbsent) TellField(sink, "pointer_type", WordAt(bytes, kLayout.pointer_type));
  TellField(sink, "module", WordAt(bytes, kLayout.module));
  return TellStorage(memory, WordAt(bytes, kStorageElements), WordAt(bytes, kLayout.format),
                     WordAt(bytes, kLayout.shape), WordAt<int32_t>(bytes, kLayout.dimensions), sink);
}

struct BufferFields {
  static constexpr Field kArrayIterator[] = {Hidden(24, "ao")};
  // Modules/_ctypes/ctypes.h
  static constexpr Field kData[] = {Attribute(32, "_b_base_"), Attribute(64, "_objects")};
  static constexpr Field kFunction[] = {
      Attribute(32, "_b_base_"),  Attribute(64, "_objects"),  Hidden(96, "thunk"),       Hidden(104, "callable"),
      Hidden(112, "converters"),  Attribute(120, "argtypes"), Attribute(128, "restype"), Hidden(136, "checker"),
      Attribute(144, "errcheck"), Hidden(152, "paramflags")};
  static constexpr Field kDict[] = {Hidden(96, "proto"), Hidden(128, "argtypes"), Hidden(136, "converters"),
                                    Hidden(144, "restype"), Hidden(152, "checker")};
  static constexpr Field kThunk[] = {Hidden(80, "converters"), Hidden(88, "callable"), Hidden(96, "restype")};
  static constexpr Field kMember[] = {Hidden(40, "proto")};
  static constexpr Field kMember14[] = {Hidden(40, "proto"), Attribute(72, "name")};
  static constexpr Field kArgument[] = {Attribute(48, "_obj")};
  static constexpr Field kArgument14[] = {Attribute(64, "_obj")};
  static constexpr Field kStructArgument[] = {Hidden(24, "keep")};
  static constexpr Field kDictRemover[] = {Hidden(16, "key"), Hidden(24, "dict")};
};

inline constexpr LibraryType kBufferTypes[] = {
    {"array.array", 11, 15, 64, {}, {}, LibraryForm::kArray},
    {"array.arrayiterator", 11, 15, 40, List(BufferFields::kArrayIterator)},
    {"mmap.mmap", 11, 15, 80, {}, {}, LibraryForm::kMemoryMap},
    {"mmap.mmap", 13, 14, 88, {}, {}, LibraryForm::kMemoryMap},
    {"_ctypes._CData", 11, 15, 96, List(BufferFields::kData), {}, LibraryForm::kCtypesData},
    {"_ctypes.CFuncPtr", 11, 15, 160, List(BufferFields::kFunction), {}, LibraryForm::kCtypesData},
    {"StgDict", 11, 12, 192, List(BufferFields::kDict), {}, LibraryForm::kCtypesDict, true},
    {"_ctypes.CType_Type", 13, 13, 1088, {}, {}, LibraryForm::kCtypesType, true},
    {"_ctypes.CType_Type", 14, 15, 1120, {}, {}, LibraryForm::kCtypesType, true},
    {"_ctypes.CThunkObject", 11, 15, 128, List(BufferFields::kThunk)},
    {"_ctypes.CField", 11, 13, 72, List(BufferFields::kMember)},
    {"ctypes.CField", 14, 15, 80, List(BufferFields::kMember14)},
    {"CArgObject", 11, 11, 64, List(BufferFields::kArgument)},
    {"_ctypes.CArgObject", 12, 13, 64, List(BufferFields::kArgument)},
    {"_ctypes.CArgObject", 14, 15, 80, List(BufferFields::kArgument14)},
    {"_ctypes.StructParam_Type", 11, 15, 32, List(BufferFields::kStructArgument)},
    {"_ctypes.DictRemover", 11, 15, 32, List(BufferFields::kDictRemover)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_BUFFERS_H_
