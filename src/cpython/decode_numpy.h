// numpy's arrays, scalars and data types, recognised without numpy: versions 1.22 to 2.x. All from numpy/ndarraytypes.h and
// arrayscalars.h, which numpy installs for everybody.
//
// An array owns its data (OWNDATA) or has it from its base. The elements of an object array belong to whoever owns the data. References
// inside structured elements are not told.
#ifndef LIMPET_CPYTHON_DECODE_NUMPY_H_
#define LIMPET_CPYTHON_DECODE_NUMPY_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

struct NumpyLayout {
  // PyArrayObject_fields
  static constexpr int kData = 16;
  static constexpr int kDimensionCount = 24;
  static constexpr int kDimensions = 32;  // the strides follow in the same block
  static constexpr int kDescription = 56;
  static constexpr int kFlags = 64;
  static constexpr int kSize = 96;
  static constexpr int kMaxDimensions = 64;
  static constexpr int32_t kOwnData = 4;
  // PyArray_Descr. numpy 1 has 32 bits of element size where numpy 2 has 64 bits of flags, which are below 2^31.
  static constexpr int kTypeNumber = 28;
  static constexpr int32_t kObjectNumber = 17;
  static constexpr int kItemSize1 = 32;
  static constexpr int kItemSize2 = 40;
  static constexpr int kBasicSize1 = 96;  // of numpy.dtype and all that derives from it
  // PyVoidScalarObject
  static constexpr int kVoidData = 24;
  static constexpr int kVoidFlags = 40;
};

// How many bytes an element of this data type takes, or -1.
template <class L, class Memory>
int64_t NumpyItemSize(Memory& memory, uint64_t description, int32_t* type_number) {
  using N = NumpyLayout;
  uint64_t type = 0;
  int64_t basic_size = 0;
  if (!Get(memory, description + N::kTypeNumber, type_number) || !Get(memory, description + L::kObjectType, &type) ||
      !Get(memory, type + L::kTypeBasicSize, &basic_size)) {
    return -1;
  }
  if (basic_size == N::kBasicSize1) {
    int32_t size = -1;
    return Get(memory, description + N::kItemSize1, &size) ? size : -1;
  }
  int64_t size = -1;
  return Get(memory, description + N::kItemSize2, &size) ? Plausible(size) : -1;
}

template <class L, class Memory, class Sink>
bool DecodeNumpyArray(Memory& memory, uint64_t object, Sink& sink) {
  using N = NumpyLayout;
  const char* bytes = memory.Span(object, N::kSize);
  if (!bytes) return false;
  const uint64_t data = WordAt(bytes, N::kData), dimensions = WordAt(bytes, N::kDimensions);
  const uint64_t description = WordAt(bytes, N::kDescription);
  const bool owner = (WordAt<int32_t>(bytes, N::kFlags) & N::kOwnData) != 0;
  const int32_t count = WordAt<int32_t>(bytes, N::kDimensionCount);
  if (count < 0 || count > N::kMaxDimensions) return false;
  TellBlock(sink, dimensions, int64_t{16} * count);
  int32_t type_number = 0;
  const int64_t item_size = NumpyItemSize<L>(memory, description, &type_number);
  if (!owner) return true;
  if (item_size < 0) return false;
  int64_t items = 1;
  for (int i = 0; i < count; ++i) {
    int64_t length = 0;
    if (!Get(memory, dimensions + 8 * static_cast<uint64_t>(i), &length)) return false;
    if (Plausible(length) < 0 || __builtin_mul_overflow(items, length, &items) || Plausible(items) < 0) return false;
  }
  int64_t size = 0;
  if (__builtin_mul_overflow(items, item_size, &size) || size > kMaxItems * 16) return false;
  TellBlock(sink, data, size == 0 ? 1 : size);
  if (type_number != N::kObjectNumber) return true;
  sink.Run(RefKind::kItem, RefStrength::kOwned, Label::Index(0), true);
  return TellWords(memory, sink, data, items);
}

template <class L, class Memory, class Sink>
bool DecodeNumpyVoid(Memory& memory, uint64_t object, Sink& sink) {
  using N = NumpyLayout;
  const char* bytes = memory.Span(object, 64);
  if (!bytes) return false;
  const int64_t size = Plausible(WordAt<int64_t>(bytes, L::kObjectSize));
  if (size < 0) return false;
  if ((WordAt<int32_t>(bytes, N::kVoidFlags) & N::kOwnData) != 0) TellBlock(sink, WordAt(bytes, N::kVoidData), size);
  return true;
}

// A data type's subarray is a block of two references: what its elements are, and their shape.
template <class L, class Memory, class Sink>
bool DecodeNumpyType(Memory& memory, uint64_t object, int subarray_offset, Sink& sink) {
  uint64_t subarray = 0;
  if (!Get(memory, object + static_cast<uint64_t>(subarray_offset), &subarray)) return false;
  if (subarray == 0) return true;
  const char* content = memory.Span(subarray, 16);
  if (!content) return false;
  const uint64_t base = WordAt(content, 0), shape = WordAt(content, 8);
  TellBlock(sink, subarray, 16);
  TellAttribute(sink, "base", base);
  TellAttribute(sink, "shape", shape);
  return true;
}

struct NumpyFields {
  static constexpr Field kArray[] = {Attribute(48, "base"), Attribute(56, "dtype"), Hidden(88, "mem_handler")};
  static constexpr Field kVoid[] = {Attribute(32, "dtype"), Attribute(48, "base")};
  static constexpr Field kObject[] = {Hidden(16, "obval")};
  static constexpr Field kType1[] = {Attribute(16, "type"), Attribute(48, "fields"), Attribute(56, "names"),
                                     Attribute(72, "metadata")};
  static constexpr Field kTypeBase2[] = {Attribute(16, "type"), Attribute(56, "metadata")};
  static constexpr Field kType2[] = {Attribute(16, "type"), Attribute(56, "metadata"), Attribute(96, "fields"),
                                     Attribute(104, "names")};
};

// PyArray_DTypeMeta: the class of data types' classes, what it adds to a type of this size.
template <int kTypeSize>
struct NumpyMetaFields {
  static constexpr Field kFields[] = {Hidden(kTypeSize, "singleton"), Attribute(kTypeSize + 16, "type")};
};

inline constexpr LibraryType kNumpyTypes[] = {
    {"numpy.ndarray", 11, 15, 96, List(NumpyFields::kArray), {}, LibraryForm::kNumpyArray},
    {"numpy.dtype", 11, 15, 96, List(NumpyFields::kType1), {}, LibraryForm::kNumpyType1},
    {"numpy.dtype", 11, 15, 88, List(NumpyFields::kTypeBase2)},
    {"numpy.dtypes.*", 11, 15, 120, List(NumpyFields::kType2), {}, LibraryForm::kNumpyType2},
    {"numpy.void", 11, 15, 64, List(NumpyFields::kVoid), {}, LibraryForm::kNumpyVoid},
    {"numpy.object_", 11, 15, 24, List(NumpyFields::kObject)},
    {"numpy._DTypeMeta", 11, 11, 968, List(NumpyMetaFields<904>::kFields), {}, LibraryForm::kTables, true},
    {"numpy._DTypeMeta", 12, 12, 984, List(NumpyMetaFields<920>::kFields), {}, LibraryForm::kTables, true},
    {"numpy._DTypeMeta", 13, 13, 992, List(NumpyMetaFields<928>::kFields), {}, LibraryForm::kTables, true},
    {"numpy._DTypeMeta", 14, 14, 1000, List(NumpyMetaFields<936>::kFields), {}, LibraryForm::kTables, true},
    {"numpy._DTypeMeta", 15, 15, 1008, List(NumpyMetaFields<944>::kFields), {}, LibraryForm::kTables, true},
    {"numpy.generic", 11, 15, 16},
    {"numpy.number", 11, 15, 16},
    {"numpy.integer", 11, 15, 16},
    {"numpy.signedinteger", 11, 15, 16},
    {"numpy.unsignedinteger", 11, 15, 16},
    {"numpy.inexact", 11, 15, 16},
    {"numpy.floating", 11, 15, 16},
    {"numpy.complexfloating", 11, 15, 16},
    {"numpy.flexible", 11, 15, 16},
    {"numpy.character", 11, 15, 16},
    {"numpy.bool", 11, 15, 24},
    {"numpy.bool_", 11, 15, 24},
    {"numpy.int8", 11, 15, 24},
    {"numpy.int16", 11, 15, 24},
    {"numpy.int32", 11, 15, 24},
    {"numpy.int64", 11, 15, 24},
    {"numpy.longlong", 11, 15, 24},
    {"numpy.uint8", 11, 15, 24},
    {"numpy.uint16", 11, 15, 24},
    {"numpy.uint32", 11, 15, 24},
    {"numpy.uint64", 11, 15, 24},
    {"numpy.ulonglong", 11, 15, 24},
    {"numpy.float16", 11, 15, 24},
    {"numpy.float32", 11, 15, 24},
    {"numpy.float64", 11, 15, 24},
    {"numpy.longdouble", 11, 15, 32},
    {"numpy.complex64", 11, 15, 24},
    {"numpy.complex128", 11, 15, 32},
    {"numpy.clongdouble", 11, 15, 48},
    {"numpy.datetime64", 11, 15, 32},
    {"numpy.timedelta64", 11, 15, 32},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_NUMPY_H_
