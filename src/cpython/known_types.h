// The types of the interpreter itself whose layout limpet knows, and by what they are recognised.
//
// A type is recognised without symbols: by its tp_name and basic size, and by not being made by a class statement. Most have a fixed
// set of references (known_fields.h); those that need code of their own have a Form, see object_decoder.h.
#ifndef LIMPET_CPYTHON_KNOWN_TYPES_H_
#define LIMPET_CPYTHON_KNOWN_TYPES_H_

#include <cstdint>

#include "cpython/decode.h"
#include "cpython/known_fields.h"
#include "cpython/layouts.h"

namespace limpet::cpython {

// Which decoder an object's own part needs, besides its fields, slots and attributes.
enum class Form : uint8_t {
  kPlain,    // nothing more
  kUnknown,  // a C type that is not known by its structure
  kLibrary,  // one of library_types.h
  kLong,
  kUnicode,
  kBytes,
  kByteArray,
  kTuple,
  kStructSequence,
  kList,
  kDict,
  kSet,
  kFunction,
  kType,
  kCode,
  kFrame,
  kGenerator,
  kCapsule,
};

struct KnownType {
  const char* name;  // tp_name; with a dot: also a type made at run time by C code
  int basic_size;    // 0: this version has no such type
  Form form;
  FieldList fields;
};

// The value for the version L of five, from 3.11 on.
template <class L>
constexpr int Of(int v11, int v12, int v13, int v14, int v15) {
  constexpr int kMinor = L::kMinor;
  return kMinor == 11 ? v11 : kMinor == 12 ? v12 : kMinor == 13 ? v13 : kMinor == 14 ? v14 : v15;
}

template <class L>
inline constexpr KnownType kKnownTypes[] = {
    {"object", 16, Form::kPlain, {}},
    {"type", Of<L>(904, 920, 928, 936, 944), Form::kType, {}},
    // Values.
    {"int", 24, Form::kLong, {}},
    {"bool", Of<L>(32, 24, 24, 24, 24), Form::kLong, {}},
    {"float", 24, Form::kPlain, {}},
    {"complex", 32, Form::kPlain, {}},
    {"NoneType", 16, Form::kPlain, {}},
    {"NotImplementedType", 16, Form::kPlain, {}},
    {"ellipsis", 16, Form::kPlain, {}},
    {"str", L::kUnicodeLegacyData + 8, Form::kUnicode, {}},
    {"bytes", L::kBytesData + 1, Form::kBytes, {}},
    {"bytearray", Of<L>(56, 56, 56, 56, 64), Form::kByteArray, {}},
    {"memoryview", 144, Form::kPlain, List(CoreFields<L>::kMemoryView)},
    {"managedbuffer", 112, Form::kPlain, List(CoreFields<L>::kManagedBuffer)},
    {"pickle.PickleBuffer", 104, Form::kPlain, List(CoreFields<L>::kPickleBuffer)},
    {"_buffer_wrapper", Of<L>(0, 32, 32, 32, 32), Form::kPlain, List(CoreFields<L>::kBufferWrapper)},
    {"slice", 40, Form::kPlain, List(CoreFields<L>::kSlice)},
    {"range", 48, Form::kPlain, List(CoreFields<L>::kRange)},
    {"PyCapsule", Of<L>(48, 48, 64, 64, 64), Form::kCapsule, {}},
    {"sentinel", Of<L>(0, 0, 0, 0, 40), Form::kPlain, List(TypingFields<L>::kSentinel)},
    {"EncodingMap", 64, Form::kPlain, {}},
    {"stderrprinter", 24, Form::kPlain, {}},
    // Containers.
    {"tuple", L::kTupleItems, Form::kTuple, {}},
    {"list", 40, Form::kList, {}},
    {"dict", 48, Form::kDict, {}},
    {"frozendict", Of<L>(0, 0, 0, 0, 56), Form::kDict, {}},
    {"set", 200, Form::kSet, {}},
    {"frozenset", 200, Form::kSet, {}},
    {"mappingproxy", 24, Form::kPlain, List(CoreFields<L>::kMappingProxy)},
    {"types.SimpleNamespace", 24, Form::kPlain, {}},
    {"dict_keys", 24, Form::kPlain, List(IteratorFields<L>::kDictView)},
    {"dict_values", 24, Form::kPlain, List(IteratorFields<L>::kDictView)},
    {"dict_items", 24, Form::kPlain, List(IteratorFields<L>::kDictView)},
    // Code and what runs it.
    {"function", Of<L>(136, 144, 144, 152, 152), Form::kFunction, List(CoreFields<L>::kFunction)},
    {"cell", 24, Form::kPlain, List(CoreFields<L>::kCell)},
    {"method", 48, Form::kPlain, List(CoreFields<L>::kMethod)},
    {"instancemethod", 24, Form::kPlain, List(CoreFields<L>::kInstanceMethod)},
    {"builtin_function_or_method", 56, Form::kPlain, List(CoreFields<L>::kBuiltin)},
    {"builtin_method", 64, Form::kPlain, List(CoreFields<L>::kBuiltinMethod)},
    {"method_descriptor", 56, Form::kPlain, List(CoreFields<L>::kDescriptor)},
    {"classmethod_descriptor", 56, Form::kPlain, List(CoreFields<L>::kDescriptor)},
    {"wrapper_descriptor", 56, Form::kPlain, List(CoreFields<L>::kDescriptor)},
    {"getset_descriptor", 48, Form::kPlain, List(CoreFields<L>::kDescriptor)},
    {"member_descriptor", 48, Form::kPlain, List(CoreFields<L>::kDescriptor)},
    {"method-wrapper", 32, Form::kPlain, List(CoreFields<L>::kMethodWrapper)},
    {"classmethod", 32, Form::kPlain, List(CoreFields<L>::kWrapped)},
    {"staticmethod", 32, Form::kPlain, List(CoreFields<L>::kWrapped)},
    {"property", 64, Form::kPlain, List(CoreFields<L>::kProperty)},
    {"super", 40, Form::kPlain, List(CoreFields<L>::kSuper)},
    {"module", Of<L>(56, 56, 56, 56, 104), Form::kPlain, List(CoreFields<L>::kModule)},
    {"moduledef", 104, Form::kPlain, List(CoreFields<L>::kModuleDef)},
    {"code", L::kCodeInstructions, Form::kCode, List(CoreFields<L>::kCode)},
    {"frame", L::kFrameObjectData + L::kFrameLocalsPlus, Form::kFrame, List(CoreFields<L>::kFrame)},
    {"FrameLocalsProxy", Of<L>(0, 0, 24, 24, 24), Form::kPlain, List(CoreFields<L>::kFrameLocals)},
    {"generator", L::kGeneratorFrame + L::kFrameLocalsPlus, Form::kGenerator, List(GeneratorFields<L>::kGenerator)},
    {"coroutine", L::kGeneratorFrame + L::kFrameLocalsPlus, Form::kGenerator, List(GeneratorFields<L>::kCoroutine)},
    {"async_generator", L::kGeneratorFrame + L::kFrameLocalsPlus, Form::kGenerator,
     List(GeneratorFields<L>::kAsyncGenerator)},
    {"coroutine_wrapper", 24, Form::kPlain, List(IteratorFields<L>::kCoroutineWrapper)},
    {"async_generator_asend", 40, Form::kPlain, List(IteratorFields<L>::kAsyncSend)},
    {"async_generator_athrow", Of<L>(40, 40, 40, 40, 56), Form::kPlain, List(IteratorFields<L>::kAsyncThrow)},
    {"async_generator_wrapped_value", 24, Form::kPlain, List(IteratorFields<L>::kAsyncValue)},
    {"anext_awaitable", 32, Form::kPlain, List(IteratorFields<L>::kAnext)},
    {"traceback", 40, Form::kPlain, List(CoreFields<L>::kTraceback)},
    {"weakref.ReferenceType", 64, Form::kPlain, List(CoreFields<L>::kWeakref)},
    {"weakref", 64, Form::kPlain, List(CoreFields<L>::kWeakref)},
    {"weakref.ProxyType", 64, Form::kPlain, List(CoreFields<L>::kWeakref)},
    {"weakref.CallableProxyType", 64, Form::kPlain, List(CoreFields<L>::kWeakref)},
    // Iterators.
    {"iterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"callable_iterator", 32, Form::kPlain, List(IteratorFields<L>::kCallable)},
    {"list_iterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"list_reverseiterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"tuple_iterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"str_iterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"str_ascii_iterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"bytes_iterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"bytearray_iterator", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"memory_iterator", 48, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"dict_keyiterator", 56, Form::kPlain, List(IteratorFields<L>::kDict)},
    {"dict_valueiterator", 56, Form::kPlain, List(IteratorFields<L>::kDict)},
    {"dict_itemiterator", 56, Form::kPlain, List(IteratorFields<L>::kDict)},
    {"dict_reversekeyiterator", 56, Form::kPlain, List(IteratorFields<L>::kDict)},
    {"dict_reversevalueiterator", 56, Form::kPlain, List(IteratorFields<L>::kDict)},
    {"dict_reverseitemiterator", 56, Form::kPlain, List(IteratorFields<L>::kDict)},
    {"set_iterator", 48, Form::kPlain, List(IteratorFields<L>::kSet)},
    {"range_iterator", Of<L>(48, 40, 40, 40, 40), Form::kPlain, {}},
    {"longrange_iterator", Of<L>(48, 40, 40, 40, 40), Form::kPlain, List(IteratorFields<L>::kLongRange)},
    {"reversed", 32, Form::kPlain, List(IteratorFields<L>::kSequence)},
    {"enumerate", 56, Form::kPlain, List(IteratorFields<L>::kEnumerate)},
    {"zip", 48, Form::kPlain, List(IteratorFields<L>::kZip)},
    {"map", Of<L>(32, 32, 32, 40, 40), Form::kPlain, List(IteratorFields<L>::kMap)},
    {"filter", 32, Form::kPlain, List(IteratorFields<L>::kFilter)},
    {"line_iterator", 64, Form::kPlain, List(IteratorFields<L>::kCode)},
    {"positions_iterator", 80, Form::kPlain, List(IteratorFields<L>::kCode)},
    {"formatteriterator", 48, Form::kPlain, List(IteratorFields<L>::kText)},
    {"fieldnameiterator", 56, Form::kPlain, List(IteratorFields<L>::kText)},
    {"generic_alias_iterator", 24, Form::kPlain, List(IteratorFields<L>::kGenericAlias)},
    {"string.templatelib.TemplateIter", Of<L>(0, 0, 0, 40, 40), Form::kPlain, List(IteratorFields<L>::kTemplate)},
    // Exceptions: those not named here are like the nearest base that is.
    {"BaseException", 72, Form::kPlain, List(ExceptionFields<L>::kBase)},
    {"BaseExceptionGroup", 88, Form::kPlain, List(ExceptionFields<L>::kGroup)},
    {"BaseExceptionGroup", 96, Form::kPlain,
     List(ExceptionFields<L>::kGroupWithText)},  // later releases of 3.13, and after
    {"SyntaxError", Of<L>(136, 136, 136, 144, 144), Form::kPlain, List(ExceptionFields<L>::kSyntax)},
    {"ImportError", Of<L>(96, 104, 104, 104, 104), Form::kPlain, List(ExceptionFields<L>::kImport)},
    {"UnicodeEncodeError", 112, Form::kPlain, List(ExceptionFields<L>::kUnicode)},
    {"UnicodeDecodeError", 112, Form::kPlain, List(ExceptionFields<L>::kUnicode)},
    {"UnicodeTranslateError", 112, Form::kPlain, List(ExceptionFields<L>::kUnicode)},
    {"SystemExit", 80, Form::kPlain, List(ExceptionFields<L>::kExit)},
    {"StopIteration", 80, Form::kPlain, List(ExceptionFields<L>::kStop)},
    {"NameError", 80, Form::kPlain, List(ExceptionFields<L>::kName)},
    {"AttributeError", 88, Form::kPlain, List(ExceptionFields<L>::kAttribute)},
    {"OSError", 112, Form::kPlain, List(ExceptionFields<L>::kOs)},
    // Type hints and templates.
    {"types.GenericAlias", 64, Form::kPlain, List(TypingFields<L>::kGenericAlias)},
    {"types.UnionType", Of<L>(32, 32, 32, 0, 0), Form::kPlain, List(TypingFields<L>::kUnion)},
    {"typing.Union", Of<L>(0, 0, 0, 56, 56), Form::kPlain, List(TypingFields<L>::kUnion)},
    {"typing.TypeVar", Of<L>(0, 64, 80, 80, 80), Form::kPlain, List(TypingFields<L>::kTypeVar)},
    {"typing.ParamSpec", Of<L>(0, 40, 56, 56, 56), Form::kPlain, List(TypingFields<L>::kParamSpec)},
    {"typing.TypeVarTuple", Of<L>(0, 24, 40, 40, 56), Form::kPlain, List(TypingFields<L>::kTypeVarTuple)},
    {"typing.TypeAliasType", Of<L>(0, 56, 56, 56, 64), Form::kPlain, List(TypingFields<L>::kTypeAlias)},
    {"typing.ParamSpecArgs", Of<L>(0, 24, 24, 24, 24), Form::kPlain, List(TypingFields<L>::kParamSpecPart)},
    {"typing.ParamSpecKwargs", Of<L>(0, 24, 24, 24, 24), Form::kPlain, List(TypingFields<L>::kParamSpecPart)},
    {"_typing._ConstEvaluator", Of<L>(0, 0, 0, 24, 24), Form::kPlain, List(TypingFields<L>::kConstEvaluator)},
    {"string.templatelib.Template", Of<L>(0, 0, 0, 32, 32), Form::kPlain, List(TypingFields<L>::kTemplate)},
    {"string.templatelib.Interpolation", Of<L>(0, 0, 0, 48, 48), Form::kPlain, List(TypingFields<L>::kInterpolation)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_KNOWN_TYPES_H_
