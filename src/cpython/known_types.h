// The types of the interpreter itself whose layout limpet knows: by what they are recognised, and what they refer to.
//
// A type is recognised without symbols: by its tp_name and basic size, and by not being made by a class statement. Most have a fixed
// set of references, told by a table of fields; those that need code of their own have a Form, see object_decoder.h.
#ifndef LIMPET_CPYTHON_KNOWN_TYPES_H_
#define LIMPET_CPYTHON_KNOWN_TYPES_H_

#include <cstdint>

#include "cpython/decode.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

// Which decoder an object's own part needs, besides its fields, slots and attributes.
enum class Form : uint8_t {
  kPlain,  // nothing more
  kUnknown,  // a C type that is not known by its structure
  kLong,
  kUnicode,
  kBytes,
  kTuple,
  kList,
  kDict,
  kSet,
  kFunction,
  kType,
  kCode,
};

// One reference at a fixed place of the object.
struct Field {
  int16_t offset;  // kAbsent: not in this version
  RefKind kind;
  RefStrength strength;
  const char* name;
};

struct FieldList {
  const Field* fields = nullptr;
  uint16_t count = 0;
};

struct KnownType {
  const char* name;  // tp_name; with a dot: a type made at run time by C code
  int basic_size;
  Form form;
  FieldList fields;
};

constexpr Field Attribute(int offset, const char* name) {
  return {static_cast<int16_t>(offset), RefKind::kAttribute, RefStrength::kOwned, name};
}
constexpr Field Hidden(int offset, const char* name) {
  return {static_cast<int16_t>(offset), RefKind::kField, RefStrength::kOwned, name};
}

template <int kCount>
constexpr FieldList List(const Field (&fields)[kCount]) {
  return {fields, kCount};
}

// The dict at tp_dictoffset is in no table: it is told for all types alike.
template <class L>
struct KnownFields {
  static constexpr Field kFunction[] = {
      Attribute(L::kFunctionCode, "__code__"),
      Attribute(L::kFunctionGlobals, "__globals__"),
      Attribute(L::kFunctionBuiltins, "__builtins__"),
      Attribute(L::kFunctionName, "__name__"),
      Attribute(L::kFunctionQualifiedName, "__qualname__"),
      Attribute(L::kFunctionDefaults, "__defaults__"),
      Attribute(L::kFunctionKeywordDefaults, "__kwdefaults__"),
      Attribute(L::kFunctionClosure, "__closure__"),
      Attribute(L::kFunctionDoc, "__doc__"),
      Attribute(L::kFunctionModule, "__module__"),
      Attribute(L::kFunctionAnnotations, "__annotations__"),
      Attribute(L::kFunctionAnnotate, "__annotate__"),
      Attribute(L::kFunctionTypeParams, "__type_params__"),
  };
  static constexpr Field kCell[] = {Attribute(L::kCellContents, "cell_contents")};
  static constexpr Field kMethod[] = {Attribute(L::kMethodFunction, "__func__"), Attribute(L::kMethodSelf, "__self__")};
  static constexpr Field kModule[] = {Hidden(L::kModuleName, "md_name")};
  static constexpr Field kCode[] = {
      Attribute(L::kCodeConsts, "co_consts"),         Attribute(L::kCodeNames, "co_names"),
      Attribute(L::kCodeFilename, "co_filename"),     Attribute(L::kCodeName, "co_name"),
      Attribute(L::kCodeQualifiedName, "co_qualname"), Attribute(L::kCodeLineTable, "co_linetable"),
      Attribute(L::kCodeExceptionTable, "co_exceptiontable"),
      Hidden(L::kCodeLocalsPlusNames, "co_localsplusnames"),
      Hidden(L::kCodeLocalsPlusKinds, "co_localspluskinds"),
      Hidden(L::kCodeBytecode, "_co_code"),
  };
};

template <class L>
inline constexpr KnownType kKnownTypes[] = {
    {"object", 16, Form::kPlain, {}},
    {"int", 24, Form::kLong, {}},
    {"bool", 32, Form::kLong, {}},
    {"float", 24, Form::kPlain, {}},
    {"complex", 32, Form::kPlain, {}},
    {"NoneType", 16, Form::kPlain, {}},
    {"NotImplementedType", 16, Form::kPlain, {}},
    {"ellipsis", 16, Form::kPlain, {}},
    {"str", L::kUnicodeLegacyData + 8, Form::kUnicode, {}},
    {"bytes", 33, Form::kBytes, {}},
    {"tuple", L::kTupleItems, Form::kTuple, {}},
    {"list", 40, Form::kList, {}},
    {"dict", 48, Form::kDict, {}},
    {"set", 200, Form::kSet, {}},
    {"frozenset", 200, Form::kSet, {}},
    {"function", L::kMinor == 11 ? 136 : L::kMinor < 14 ? 144 : 152, Form::kFunction, List(KnownFields<L>::kFunction)},
    {"cell", 24, Form::kPlain, List(KnownFields<L>::kCell)},
    {"method", 48, Form::kPlain, List(KnownFields<L>::kMethod)},
    {"module", L::kMinor < 15 ? 56 : 104, Form::kPlain, List(KnownFields<L>::kModule)},
    {"type", L::kHeapTypeModule + (L::kMinor == 11 ? 24 : L::kMinor == 12 ? 32 : L::kMinor == 13 ? 40 : 48), Form::kType, {}},
    {"code", L::kCodeInstructions, Form::kCode, List(KnownFields<L>::kCode)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_KNOWN_TYPES_H_
