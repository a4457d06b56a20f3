// The references that objects of the interpreter's own types hold at fixed places, each with its name.
//
// Names are what Python code would write (.__code__) where there is such an attribute, and those of the C field (->en_sit) elsewhere. The dict
// at tp_dictoffset is in no list: it is told for all types alike. Where a struct is private to a .c file, the comment names it; the others are
// compared with their headers by object_layout_check.h.
#ifndef LIMPET_CPYTHON_KNOWN_FIELDS_H_
#define LIMPET_CPYTHON_KNOWN_FIELDS_H_

#include <cstdint>

#include "cpython/decode.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

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

constexpr Field Attribute(int offset, const char* name, RefStrength strength = RefStrength::kOwned) {
  return {static_cast<int16_t>(offset), RefKind::kAttribute, strength, name};
}
constexpr Field Hidden(int offset, const char* name, RefStrength strength = RefStrength::kOwned) {
  return {static_cast<int16_t>(offset), RefKind::kField, strength, name};
}

template <int kCount>
constexpr FieldList List(const Field (&fields)[kCount]) {
  return {fields, kCount};
}

template <class L>
struct CoreFields {
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
  static constexpr Field kInstanceMethod[] = {Attribute(16, "__func__")};
  static constexpr Field kModule[] = {Hidden(L::kModuleName, "md_name")};
  static constexpr Field kModuleDef[] = {Hidden(32, "m_copy")};  // moduleobject.h: PyModuleDef_Base
  static constexpr Field kCode[] = {
      Attribute(L::kCodeConsts, "co_consts"),
      Attribute(L::kCodeNames, "co_names"),
      Attribute(L::kCodeFilename, "co_filename"),
      Attribute(L::kCodeName, "co_name"),
      Attribute(L::kCodeQualifiedName, "co_qualname"),
      Attribute(L::kCodeLineTable, "co_linetable"),
      Attribute(L::kCodeExceptionTable, "co_exceptiontable"),
      Hidden(L::kCodeLocalsPlusNames, "co_localsplusnames"),
      Hidden(L::kCodeLocalsPlusKinds, "co_localspluskinds"),
      Hidden(L::kCodeBytecode, "_co_code"),
  };
  // A function of C code. The class of a builtin_method is the one that defines it.
  static constexpr Field kBuiltin[] = {Attribute(24, "__self__"), Attribute(32, "__module__")};
  static constexpr Field kBuiltinMethod[] = {Attribute(24, "__self__"), Attribute(32, "__module__"),
                                             Hidden(56, "mm_class")};
  static constexpr Field kDescriptor[] = {Attribute(16, "__objclass__"), Attribute(24, "__name__"),
                                          Attribute(32, "__qualname__")};
  static constexpr Field kMethodWrapper[] = {Hidden(16, "descr"), Attribute(24, "__self__")};  // descrobject.c
  static constexpr Field kProperty[] = {Attribute(16, "fget"), Attribute(24, "fset"), Attribute(32, "fdel"),
                                        Attribute(40, "__doc__"), Attribute(48, "__name__")};
  static constexpr Field kWrapped[] = {Attribute(16, "__func__")};   // funcobject.c: classmethod, staticmethod
  static constexpr Field kMappingProxy[] = {Hidden(16, "mapping")};  // descrobject.c
  static constexpr Field kSuper[] = {Attribute(16, "__thisclass__"), Attribute(24, "__self__"),
                                     Attribute(32, "__self_class__")};  // typeobject.c
  static constexpr Field kSlice[] = {Attribute(16, "start"), Attribute(24, "stop"), Attribute(32, "step")};
  static constexpr Field kRange[] = {Attribute(16, "start"), Attribute(24, "stop"), Attribute(32, "step"),
                                     Hidden(40, "length")};
  static constexpr Field kWeakref[] = {Hidden(16, "wr_object", RefStrength::kWeak), Attribute(24, "__callback__")};
  static constexpr Field kMemoryView[] = {Hidden(24, "mbuf"), Attribute(64, "obj", RefStrength::kBorrowed)};
  static constexpr Field kManagedBuffer[] = {Attribute(40, "obj")};
  static constexpr Field kPickleBuffer[] = {Attribute(24, "obj")};
  static constexpr Field kBufferWrapper[] = {Hidden(16, "mv"), Hidden(24, "obj")};  // typeobject.c, 3.12+
  static constexpr Field kTraceback[] = {Attribute(16, "tb_next"), Attribute(24, "tb_frame")};
  static constexpr Field kFrame[] = {
      Attribute(16, "f_back"), Attribute(32, "f_trace"), Hidden(L::kFrameExtraLocals, "f_extra_locals"),
      Hidden(L::kFrameLocalsCache, "f_locals_cache"), Hidden(L::kFrameOverwrittenLocals, "f_overwritten_fast_locals")};
  static constexpr Field kFrameLocals[] = {Hidden(16, "frame")};
};

// Iterators and views: none is shown by a header.
template <class L>
struct IteratorFields {
  // Behind an index: iterobject.c, listobject.c, tupleobject.c, unicodeobject.c, bytesobject.c, bytearrayobject.c, memoryobject.c, enumobject.c
  static constexpr Field kSequence[] = {Hidden(24, "it_seq")};
  static constexpr Field kCallable[] = {Hidden(16, "it_callable"), Hidden(24, "it_sentinel")};  // iterobject.c
  static constexpr Field kDict[] = {Hidden(16, "di_dict"), Hidden(40, "di_result")};            // dictobject.c
  static constexpr Field kDictView[] = {Hidden(16, "dv_dict")};
  static constexpr Field kSet[] = {Hidden(16, "si_set")};  // setobject.c
  // rangeobject.c: 3.11 has an index before them
  static constexpr int kLongRangeStart = L::kMinor == 11 ? 24 : 16;
  static constexpr Field kLongRange[] = {Hidden(L::kMinor == 11 ? 16 : kAbsent, "index"),
                                         Hidden(kLongRangeStart, "start"), Hidden(kLongRangeStart + 8, "step"),
                                         Hidden(kLongRangeStart + 16, "len")};
  static constexpr Field kEnumerate[] = {Hidden(24, "en_sit"), Hidden(32, "en_result"),
                                         Hidden(40, "en_longindex")};             // enumobject.c
  static constexpr Field kZip[] = {Hidden(24, "ittuple"), Hidden(32, "result")};  // bltinmodule.c
  static constexpr Field kMap[] = {Hidden(16, "iters"), Hidden(24, "func")};      // bltinmodule.c
  static constexpr Field kFilter[] = {Hidden(16, "func"), Hidden(24, "it")};      // bltinmodule.c
  static constexpr Field kCode[] = {Hidden(16, "code")};                          // codeobject.c: lines, positions
  static constexpr Field kText[] = {Hidden(16, "str")};                           // unicode_format.h
  static constexpr Field kGenericAlias[] = {Hidden(16, "obj")};                   // genericaliasobject.c
  static constexpr Field kTemplate[] = {Hidden(16, "stringsiter"),
                                        Hidden(24, "interpolationsiter")};                 // templateobject.c
  static constexpr Field kAnext[] = {Hidden(16, "wrapped"), Hidden(24, "default_value")};  // iterobject.c
  // genobject.c
  static constexpr Field kCoroutineWrapper[] = {Hidden(16, "cw_coroutine")};
  static constexpr Field kAsyncSend[] = {Hidden(16, "ags_gen"), Hidden(24, "ags_sendval")};
  static constexpr Field kAsyncThrow[] = {Hidden(16, "agt_gen"), Hidden(24, L::kMinor < 15 ? "agt_args" : "agt_typ"),
                                          Hidden(L::kMinor < 15 ? kAbsent : 32, "agt_val"),
                                          Hidden(L::kMinor < 15 ? kAbsent : 40, "agt_tb")};
  static constexpr Field kAsyncValue[] = {Hidden(16, "agw_val")};
};

// Exceptions (pyerrors.h): what BaseException has, then the fields of one kind. __notes__ and `dict` apart, as Python shows them.
template <class L>
struct ExceptionFields {
#define LIMPET_EXCEPTION_FIELDS                                                                             \
  Attribute(24, "args"), Hidden(32, "notes"), Attribute(40, "__traceback__"), Attribute(48, "__context__"), \
      Attribute(56, "__cause__")
  static constexpr Field kBase[] = {LIMPET_EXCEPTION_FIELDS};
  static constexpr Field kGroup[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "message"), Attribute(80, "exceptions")};
  static constexpr Field kGroupWithText[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "message"),
                                             Attribute(80, "exceptions"), Hidden(88, "excs_str")};
  static constexpr Field kSyntax[] = {LIMPET_EXCEPTION_FIELDS,
                                      Attribute(72, "msg"),
                                      Attribute(80, "filename"),
                                      Attribute(88, "lineno"),
                                      Attribute(96, "offset"),
                                      Attribute(104, "end_lineno"),
                                      Attribute(112, "end_offset"),
                                      Attribute(120, "text"),
                                      Attribute(128, "print_file_and_line"),
                                      Hidden(L::kMinor < 14 ? kAbsent : 136, "metadata")};
  static constexpr Field kImport[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "msg"), Attribute(80, "name"),
                                      Attribute(88, "path"), Attribute(L::kMinor < 12 ? kAbsent : 96, "name_from")};
  static constexpr Field kUnicode[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "encoding"), Attribute(80, "object"),
                                       Attribute(104, "reason")};
  static constexpr Field kExit[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "code")};
  static constexpr Field kStop[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "value")};
  static constexpr Field kName[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "name")};
  static constexpr Field kAttribute[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "obj"), Attribute(80, "name")};
  static constexpr Field kOs[] = {LIMPET_EXCEPTION_FIELDS, Attribute(72, "errno"), Attribute(80, "strerror"),
                                  Attribute(88, "filename"), Attribute(96, "filename2")};
#undef LIMPET_EXCEPTION_FIELDS
};

// What type hints are made of: genericaliasobject.c, unionobject.c, typevarobject.c; and templatelib's parts.
template <class L>
struct TypingFields {
  static constexpr Field kGenericAlias[] = {Attribute(16, "__origin__"), Attribute(24, "__args__"),
                                            Attribute(32, "__parameters__")};
  static constexpr bool kNewUnion = L::kMinor >= 14;
  static constexpr Field kUnion[] = {Attribute(16, "__args__"), Hidden(kNewUnion ? 24 : kAbsent, "hashable_args"),
                                     Hidden(kNewUnion ? 32 : kAbsent, "unhashable_args"),
                                     Attribute(kNewUnion ? 40 : 24, "__parameters__")};
  static constexpr Field kTypeVar[] = {Attribute(16, "__name__"),
                                       Attribute(24, "__bound__"),
                                       Hidden(32, "evaluate_bound"),
                                       Attribute(40, "__constraints__"),
                                       Hidden(48, "evaluate_constraints"),
                                       Attribute(L::kMinor < 13 ? kAbsent : 56, "__default__"),
                                       Hidden(L::kMinor < 13 ? kAbsent : 64, "evaluate_default")};
  static constexpr Field kParamSpec[] = {Attribute(16, "__name__"), Attribute(24, "__bound__"),
                                         Attribute(L::kMinor < 13 ? kAbsent : 32, "__default__"),
                                         Hidden(L::kMinor < 13 ? kAbsent : 40, "evaluate_default")};
  static constexpr int kTupleDefault = L::kMinor < 13 ? kAbsent : L::kMinor < 15 ? 24 : 32;
  static constexpr Field kTypeVarTuple[] = {
      Attribute(16, "__name__"), Attribute(L::kMinor < 15 ? kAbsent : 24, "__bound__"),
      Attribute(kTupleDefault, "__default__"),
      Hidden(kTupleDefault == kAbsent ? kAbsent : kTupleDefault + 8, "evaluate_default")};
  static constexpr int kAliasStart = L::kMinor < 15 ? 24 : 32;
  static constexpr Field kTypeAlias[] = {Attribute(16, "__name__"),
                                         Attribute(L::kMinor < 15 ? kAbsent : 24, "__qualname__"),
                                         Attribute(kAliasStart, "__type_params__"),
                                         Hidden(kAliasStart + 8, "compute_value"),
                                         Attribute(kAliasStart + 16, "__value__"),
                                         Attribute(kAliasStart + 24, "__module__")};
  static constexpr Field kParamSpecPart[] = {Attribute(16, "__origin__")};
  static constexpr Field kConstEvaluator[] = {Hidden(16, "value")};
  static constexpr Field kTemplate[] = {Attribute(16, "strings"), Attribute(24, "interpolations")};
  static constexpr Field kInterpolation[] = {Attribute(16, "value"), Attribute(24, "expression"),
                                             Attribute(32, "conversion"), Attribute(40, "format_spec")};
  static constexpr Field kSentinel[] = {Attribute(16, "__name__"), Attribute(24, "__module__"),
                                        Hidden(32, "repr")};  // sentinelobject.c
};

// Generators, coroutines, asynchronous generators (their frame apart). The last field is one of the latter two alone: in a plain
// generator nobody ever writes it.
template <class L>
struct GeneratorFields {
#define LIMPET_GENERATOR_FIELDS(prefix)                                                   \
  Attribute(L::kGeneratorCode, prefix "_code"), Attribute(L::kGeneratorName, "__name__"), \
      Attribute(L::kGeneratorName + 8, "__qualname__"), Hidden(L::kGeneratorName + 16, prefix "_exc_state")
  static constexpr Field kGenerator[] = {LIMPET_GENERATOR_FIELDS("gi")};
  static constexpr Field kCoroutine[] = {LIMPET_GENERATOR_FIELDS("cr"), Attribute(L::kGeneratorName + 32, "cr_origin")};
  static constexpr Field kAsyncGenerator[] = {LIMPET_GENERATOR_FIELDS("ag"),
                                              Hidden(L::kGeneratorName + 32, "ag_finalizer")};
#undef LIMPET_GENERATOR_FIELDS
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_KNOWN_FIELDS_H_
