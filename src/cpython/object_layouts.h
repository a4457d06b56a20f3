// Where each CPython minor version keeps the fields of the objects that limpet takes apart (object_decoder.h). The rules are those of
// layouts.h, whose LayoutXyz structs inherit from these: a member `kXxx` is a byte offset, kAbsent means "no such field".
//
// Structs that no header shows are private to one .c file, named at the constant; the tests hold them against live objects.
#ifndef LIMPET_CPYTHON_OBJECT_LAYOUTS_H_
#define LIMPET_CPYTHON_OBJECT_LAYOUTS_H_

#include <cstdint>

namespace limpet::cpython {

inline constexpr int kAbsent = -1;

struct ObjectLayoutCommon {
  static constexpr int kGcHead = 16;  // PyGC_Head, right before the object

  // PyTypeObject.
  static constexpr int kTypeTraverse = 184;
  static constexpr int kTypeWeakListOffset = 208;
  static constexpr int kTypeMembers = 240;
  static constexpr int kTypeBase = 256;
  static constexpr int kTypeDictOffset = 288;
  static constexpr int kTypeBases = 336;
  static constexpr int kTypeMro = 344;
  static constexpr int kTypeCache = 352;
  static constexpr int kTypeSubclasses =
      360;                               // 3.12+, builtin static types: 1 + their index in the interpreter's state
  static constexpr int kTypeSize = 416;  // of a static type
  static constexpr uint64_t kTypeFlagStaticBuiltin = 1ull << 1;   // 3.12+
  static constexpr uint64_t kTypeFlagInlineValues = 1ull << 2;    // 3.13+
  static constexpr uint64_t kTypeFlagManagedWeakref = 1ull << 3;  // 3.12+
  static constexpr uint64_t kTypeFlagManagedDict = 1ull << 4;
  static constexpr uint64_t kTypeFlagHeap = 1ull << 9;
  static constexpr uint64_t kTypeFlagReady = 1ull << 12;
  static constexpr uint64_t kTypeFlagDict = 1ull << 29;
  static constexpr uint64_t kTypeFlagGc = 1ull << 14;
  // Types with one of these have two words more before the GC head.
  static constexpr uint64_t kTypeFlagsPreHeader = kTypeFlagManagedWeakref | kTypeFlagManagedDict;
  static constexpr int kPreHeader = 16;

  // PyHeapTypeObject.
  static constexpr int kHeapTypeName = 856;
  static constexpr int kHeapTypeSlots = 864;
  static constexpr int kHeapTypeQualifiedName = 872;
  static constexpr int kHeapTypeCachedKeys = 880;
  static constexpr int kHeapTypeModule = 888;

  // What an interpreter keeps of a static type (3.12+): the type, flags, its dict, its subclasses.
  static constexpr int kStaticTypeSize = 48;
  static constexpr int kStaticTypeDict = 24;

  // PyMemberDef.
  static constexpr int kMemberName = 0;
  static constexpr int kMemberType = 8;
  static constexpr int kMemberOffset = 16;
  static constexpr int kMemberSize = 40;
  static constexpr int kMemberObject = 6;     // values of kMemberType: a reference, null shown as None
  static constexpr int kMemberObjectEx = 16;  // a reference, null is an AttributeError

  // Where an instance keeps its attributes, from the start of the object.
  static constexpr int kManagedDict = -24;
  static constexpr int kManagedValues = kAbsent;     // 3.11: a pointer of its own
  static constexpr bool kManagedDictTagged = false;  // 3.12: bit 0 of the word says that it points to values, 1 too low
  static constexpr bool kInlineValues = false;       // 3.13+: values follow the object

  // PyUnicodeObject, what text.h does not need.
  static constexpr uint32_t kUnicodeInterned = 3;  // bits of the state
  static constexpr int kUnicodeUtf8Length = 40;
  static constexpr int kUnicodeUtf8 = 48;

  // int: 3.12+ keeps the count of digits above three bits of flags.
  static constexpr int kLongTag = 16;
  static constexpr int kLongTagShift = 3;
  static constexpr int kLongDigits = 24;

  // Containers.
  static constexpr int kListItems = 24;
  static constexpr int kListAllocated = 32;
  static constexpr int kTupleItems = 24;
  static constexpr int kSetMask = 32;
  static constexpr int kSetTable = 40;
  static constexpr int kSetSmallTable = 64;
  static constexpr int kSetEntrySize = 16;  // key, hash; hash -1 marks a deleted entry

  static constexpr int kDictKeys = 32;
  static constexpr int kDictValues = 40;

  // PyDictKeysObject.
  static constexpr int kKeysRefcount = 0;
  static constexpr int kKeysLog2Size = 8;
  static constexpr int kKeysLog2IndexBytes = 9;
  static constexpr int kKeysKind = 10;
  static constexpr int kKeysUsable = 16;
  static constexpr int kKeysEntryCount = 24;
  static constexpr int kKeysIndices = 32;  // 1 << log2_index_bytes of them, then the entries
  static constexpr int kKeysGeneral = 0;   // kinds: hash, key, value
  static constexpr int kKeysUnicode = 1;   // key, value
  static constexpr int kKeysSplit = 2;     // key, value; the values are elsewhere

  // PyDictValues of 3.13+; before, the values are preceded by bytes the last of which tells how many.
  static constexpr int kValuesCapacity = 0;
  static constexpr int kValuesEmbedded = 2;
  static constexpr int kValuesValid = 3;
  static constexpr int kValuesItems = 8;

  // PyFunctionObject.
  static constexpr int kFunctionGlobals = 16;
  static constexpr int kFunctionBuiltins = 24;
  static constexpr int kFunctionName = 32;
  static constexpr int kFunctionQualifiedName = 40;
  static constexpr int kFunctionCode = 48;
  static constexpr int kFunctionDefaults = 56;
  static constexpr int kFunctionKeywordDefaults = 64;
  static constexpr int kFunctionClosure = 72;
  static constexpr int kFunctionDoc = 80;
  static constexpr int kFunctionModule = 104;
  static constexpr int kFunctionAnnotations = 112;
  static constexpr int kFunctionAnnotate = kAbsent;
  static constexpr int kFunctionTypeParams = kAbsent;

  static constexpr int kCellContents = 16;
  static constexpr int kMethodFunction = 16;
  static constexpr int kMethodSelf = 24;

  // PyModuleObject.
  static constexpr int kModuleDict = 16;
  static constexpr int kModuleDef = 24;  // 3.15: kAbsent
  static constexpr int kModuleState = 32;
  static constexpr int kModuleName = 48;

  // PyCodeObject, what frames do not need.
  static constexpr int kCodeConsts = 24;
  static constexpr int kCodeNames = 32;
  static constexpr int kCodeExceptionTable = 40;
  static constexpr int kCodeBytecode = kAbsent;   // 3.11: _co_code
  static constexpr int kCodeCached = kAbsent;     // 3.12+: points to _PyCoCached: code, varnames, cellvars, freevars
  static constexpr int kCodeLineArray = kAbsent;  // 3.11

  // PyFrameObject.
  static constexpr int kFrameObjectFrame = 24;  // the _PyInterpreterFrame that it shows
  static constexpr int kFrameExtraLocals = kAbsent;
  static constexpr int kFrameLocalsCache = kAbsent;
  static constexpr int kFrameOverwrittenLocals = kAbsent;
  static constexpr int kFrameObjectData = 48;  // the frame itself, once it returned

  // Generators, coroutines and asynchronous generators begin alike.
  static constexpr int kGeneratorCode = kAbsent;  // 3.11
  static constexpr int kGeneratorName =
      24;  // then qualname, the exception being handled, previous_item, origin or finalizer
  static constexpr int kGeneratorState = 67;   // a signed byte
  static constexpr int kGeneratorCleared = 4;  // its value when there is no frame any more
  static constexpr int kGeneratorFrame = 72;

  // _PyInterpreterFrame, what is not on the hot path.
  static constexpr int kFrameBuiltins = 32;
  static constexpr uint64_t kReferenceTags =
      0;  // 3.14+: tag bits of a stack reference: 1 borrowed, 3 a small int, 2 nothing

  // Kinds of a code object's names: bits.
  static constexpr uint8_t kLocalCell = 0x40;
  static constexpr uint8_t kLocalFree = 0x80;

  static constexpr int kCapsuleTraverse = kAbsent;  // 3.13+, capsule.c: a function like tp_traverse

  // bytearray: the block, or in 3.15 the bytes object that has it.
  static constexpr int kByteArrayAllocated = 24;
  static constexpr int kByteArrayBlock = 32;
  static constexpr int kByteArrayObject = kAbsent;
};

struct ObjectLayout311 : ObjectLayoutCommon {
  static constexpr int kTypeSize = 408;
  static constexpr uint64_t kTypeFlagStaticBuiltin = 0;
  static constexpr uint64_t kTypeFlagInlineValues = 0;
  static constexpr uint64_t kTypeFlagManagedWeakref = 0;
  static constexpr uint64_t kTypeFlagsPreHeader = kTypeFlagManagedDict;
  static constexpr int kHeapTypeName = 848;
  static constexpr int kHeapTypeSlots = 856;
  static constexpr int kHeapTypeQualifiedName = 864;
  static constexpr int kHeapTypeCachedKeys = 872;
  static constexpr int kHeapTypeModule = 880;
  static constexpr int kManagedValues = -32;
  static constexpr int kUnicodeUtf8Length = 48;
  static constexpr int kUnicodeUtf8 = 56;
  static constexpr int kLongTagShift = 0;  // ob_size, its sign that of the number
  static constexpr int kCodeBytecode = 152;
  static constexpr int kGeneratorCode = 16;
  static constexpr int kGeneratorName = 32;
  static constexpr int kGeneratorState = 75;
  static constexpr int kGeneratorFrame = 80;
  static constexpr int kFrameBuiltins = 16;
  static constexpr int kCodeLineArray = 160;
  static constexpr int kCodeLineEntrySize = 54;  // int16_t
  static constexpr int kCodeExtra = 176;
};

struct ObjectLayout312 : ObjectLayoutCommon {
  static constexpr int kStaticTypeSize = 40;
  static constexpr int kStaticTypeDict = 16;
  static constexpr bool kManagedDictTagged = true;
  static constexpr int kFunctionTypeParams = 120;
  static constexpr int kCodeCached = 152;
  static constexpr int kCodeExtra = 184;
};

struct ObjectLayout313 : ObjectLayoutCommon {
  static constexpr bool kInlineValues = true;
  static constexpr int kCapsuleTraverse = 48;
  static constexpr int kFrameExtraLocals = 48;
  static constexpr int kFrameLocalsCache = 56;
  static constexpr int kFrameObjectData = 64;
  static constexpr int kFunctionTypeParams = 120;
  static constexpr int kCodeCached = 160;
  static constexpr int kCodeExtra = 192;
};

struct ObjectLayout314 : ObjectLayoutCommon {
  static constexpr bool kInlineValues = true;
  static constexpr int kCapsuleTraverse = 48;
  static constexpr int kFrameExtraLocals = 48;
  static constexpr int kFrameLocalsCache = 56;
  static constexpr int kFrameOverwrittenLocals = 64;
  static constexpr int kFrameObjectData = 72;
  static constexpr uint64_t kReferenceTags = 3;
  static constexpr int kTupleItems = 32;
  static constexpr int kFunctionAnnotate = 120;
  static constexpr int kFunctionTypeParams = 128;
  static constexpr int kCodeCached = 160;
  static constexpr int kCodeExtra = 200;
};

struct ObjectLayout315 : ObjectLayoutCommon {
  static constexpr bool kInlineValues = true;
  static constexpr int kCapsuleTraverse = 48;
  static constexpr int kFrameExtraLocals = 48;
  static constexpr int kFrameLocalsCache = 56;
  static constexpr int kFrameOverwrittenLocals = 64;
  static constexpr int kFrameObjectData = 72;
  static constexpr uint64_t kReferenceTags = 3;
  static constexpr int kGeneratorCleared = 5;
  static constexpr int kByteArrayObject = 56;
  static constexpr int kTypeSize = 424;
  static constexpr int kHeapTypeName = 864;
  static constexpr int kHeapTypeSlots = 872;
  static constexpr int kHeapTypeQualifiedName = 880;
  static constexpr int kHeapTypeCachedKeys = 888;
  static constexpr int kHeapTypeModule = 896;
  static constexpr int kTupleItems = 32;
  static constexpr int kFunctionAnnotate = 120;
  static constexpr int kFunctionTypeParams = 128;
  static constexpr int kModuleDef = kAbsent;
  static constexpr int kModuleState = 24;
  static constexpr int kModuleName = 40;
  static constexpr int kCodeCached = 160;
  static constexpr int kCodeExtra = 200;
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_OBJECT_LAYOUTS_H_
