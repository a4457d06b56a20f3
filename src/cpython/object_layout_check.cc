// As layout_check.cc, for object_layouts.h and known_fields.h: compiling it against one CPython's own headers is the check. What no header
// shows is held against live objects by tests/cpython.
#define Py_BUILD_CORE_MODULE 1
#include <pyconfig.h>
#undef HAVE_STD_ATOMIC
#include <Python.h>
#include <structmember.h>

#include <cstddef>

#include "internal/pycore_code.h"
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_moduleobject.h"
#include "internal/pycore_object.h"
#include "internal/pycore_typeobject.h"
#if PY_VERSION_HEX >= 0x030E0000
#include "internal/pycore_genobject.h"
#include "internal/pycore_interp_structs.h"
#include "internal/pycore_interpframe_structs.h"
#include "internal/pycore_stackref.h"
#endif

#include "cpython/known_types.h"

namespace {

using namespace limpet::cpython;

#if PY_VERSION_HEX >= 0x030F0000
using L = Layout315;
#elif PY_VERSION_HEX >= 0x030E0000
using L = Layout314;
#elif PY_VERSION_HEX >= 0x030D0000
using L = Layout313;
#elif PY_VERSION_HEX >= 0x030C0000
using L = Layout312;
#else
using L = Layout311;
#endif

#define CHECK_OFFSET(constant, type, member) static_assert(L::constant == offsetof(type, member), #type "." #member)
#define CHECK_EQUAL(constant, value) static_assert(L::constant == (value), #value)
#define CHECK_ABSENT(constant) static_assert(L::constant == kAbsent, #constant)

constexpr bool Same(const char* a, const char* b) { return *a == *b && (*a == 0 || Same(a + 1, b + 1)); }

template <int kCount>
constexpr int OffsetOf(const Field (&fields)[kCount], const char* name) {
  for (const Field& field : fields) {
    if (Same(field.name, name)) return field.offset;
  }
  return -2;
}
#define CHECK_FIELD(list, name, type, member) \
  static_assert(OffsetOf(list, name) == offsetof(type, member), #type "." #member)

constexpr int SizeOf(const char* name) {
  for (const KnownType& known : kKnownTypes<L>) {
    if (Same(known.name, name)) return known.basic_size;
  }
  return -2;
}

// Types.
CHECK_OFFSET(kTypeTraverse, PyTypeObject, tp_traverse);
CHECK_OFFSET(kTypeWeakListOffset, PyTypeObject, tp_weaklistoffset);
CHECK_OFFSET(kTypeMembers, PyTypeObject, tp_members);
CHECK_OFFSET(kTypeBase, PyTypeObject, tp_base);
CHECK_OFFSET(kTypeDictOffset, PyTypeObject, tp_dictoffset);
CHECK_OFFSET(kTypeBases, PyTypeObject, tp_bases);
CHECK_OFFSET(kTypeMro, PyTypeObject, tp_mro);
CHECK_OFFSET(kTypeCache, PyTypeObject, tp_cache);
CHECK_OFFSET(kTypeSubclasses, PyTypeObject, tp_subclasses);
CHECK_EQUAL(kTypeSize, sizeof(PyTypeObject));
CHECK_EQUAL(kTypeFlagHeap, Py_TPFLAGS_HEAPTYPE);
CHECK_EQUAL(kTypeFlagReady, Py_TPFLAGS_READY);
CHECK_EQUAL(kTypeFlagDict, Py_TPFLAGS_DICT_SUBCLASS);
CHECK_EQUAL(kTypeFlagGc, Py_TPFLAGS_HAVE_GC);
CHECK_EQUAL(kTypeFlagManagedDict, Py_TPFLAGS_MANAGED_DICT);
CHECK_OFFSET(kHeapTypeName, PyHeapTypeObject, ht_name);
CHECK_OFFSET(kHeapTypeSlots, PyHeapTypeObject, ht_slots);
CHECK_OFFSET(kHeapTypeQualifiedName, PyHeapTypeObject, ht_qualname);
CHECK_OFFSET(kHeapTypeCachedKeys, PyHeapTypeObject, ht_cached_keys);
CHECK_OFFSET(kHeapTypeModule, PyHeapTypeObject, ht_module);
static_assert(SizeOf("type") == sizeof(PyHeapTypeObject));
CHECK_OFFSET(kMemberName, PyMemberDef, name);
CHECK_OFFSET(kMemberType, PyMemberDef, type);
CHECK_OFFSET(kMemberOffset, PyMemberDef, offset);
CHECK_EQUAL(kMemberSize, sizeof(PyMemberDef));
CHECK_EQUAL(kMemberObject, T_OBJECT);
CHECK_EQUAL(kMemberObjectEx, T_OBJECT_EX);
CHECK_EQUAL(kGcHead, sizeof(PyGC_Head));
#if PY_VERSION_HEX >= 0x030C0000
CHECK_EQUAL(kTypeFlagStaticBuiltin, _Py_TPFLAGS_STATIC_BUILTIN);
CHECK_EQUAL(kTypeFlagManagedWeakref, Py_TPFLAGS_MANAGED_WEAKREF);
#if PY_VERSION_HEX >= 0x030D0000
using StaticState = managed_static_type_state;
#else
using StaticState = static_builtin_state;
#endif
CHECK_EQUAL(kStaticTypeSize, sizeof(StaticState));
CHECK_OFFSET(kStaticTypeDict, StaticState, tp_dict);
static_assert(offsetof(StaticState, type) == 0 && offsetof(StaticState, tp_subclasses) == L::kStaticTypeDict + 8);
CHECK_EQUAL(kTypeFlagsPreHeader, Py_TPFLAGS_PREHEADER);
#else
CHECK_EQUAL(kTypeFlagStaticBuiltin, 0u);
#endif
#if PY_VERSION_HEX >= 0x030D0000
CHECK_EQUAL(kTypeFlagInlineValues, Py_TPFLAGS_INLINE_VALUES);
CHECK_EQUAL(kManagedDict, MANAGED_DICT_OFFSET);
CHECK_OFFSET(kValuesCapacity, PyDictValues, capacity);
CHECK_OFFSET(kValuesEmbedded, PyDictValues, embedded);
CHECK_OFFSET(kValuesValid, PyDictValues, valid);
CHECK_OFFSET(kValuesItems, PyDictValues, values);
CHECK_EQUAL(kInlineValues, true);
#else
CHECK_EQUAL(kInlineValues, false);
#endif

// Values.
static_assert(__builtin_bit_cast(decltype(PyASCIIObject::state), L::kUnicodeInterned).interned == 3);
CHECK_OFFSET(kUnicodeUtf8Length, PyCompactUnicodeObject, utf8_length);
CHECK_OFFSET(kUnicodeUtf8, PyCompactUnicodeObject, utf8);
static_assert(SizeOf("str") == sizeof(PyUnicodeObject));
static_assert(SizeOf("bytes") == offsetof(PyBytesObject, ob_sval) + 1);
#if PY_VERSION_HEX >= 0x030C0000
CHECK_OFFSET(kLongTag, PyLongObject, long_value.lv_tag);
CHECK_OFFSET(kLongDigits, PyLongObject, long_value.ob_digit);
#else
CHECK_OFFSET(kLongTag, PyVarObject, ob_size);
CHECK_OFFSET(kLongDigits, PyLongObject, ob_digit);
#endif
static_assert(SizeOf("bytearray") == sizeof(PyByteArrayObject));
CHECK_OFFSET(kByteArrayAllocated, PyByteArrayObject, ob_alloc);
CHECK_OFFSET(kByteArrayBlock, PyByteArrayObject, ob_bytes);
#if PY_VERSION_HEX >= 0x030F0000
CHECK_OFFSET(kByteArrayObject, PyByteArrayObject, ob_bytes_object);
#else
CHECK_ABSENT(kByteArrayObject);
#endif
CHECK_FIELD(CoreFields<L>::kMemoryView, "mbuf", PyMemoryViewObject, mbuf);
CHECK_FIELD(CoreFields<L>::kMemoryView, "obj", PyMemoryViewObject, view.obj);
CHECK_FIELD(CoreFields<L>::kManagedBuffer, "obj", _PyManagedBufferObject, master.obj);
static_assert(SizeOf("memoryview") == offsetof(PyMemoryViewObject, ob_array));
static_assert(SizeOf("managedbuffer") == sizeof(_PyManagedBufferObject));
CHECK_FIELD(CoreFields<L>::kSlice, "start", PySliceObject, start);
CHECK_FIELD(CoreFields<L>::kSlice, "stop", PySliceObject, stop);
CHECK_FIELD(CoreFields<L>::kSlice, "step", PySliceObject, step);
CHECK_FIELD(CoreFields<L>::kWeakref, "wr_object", PyWeakReference, wr_object);
CHECK_FIELD(CoreFields<L>::kWeakref, "__callback__", PyWeakReference, wr_callback);
static_assert(SizeOf("weakref.ReferenceType") == sizeof(PyWeakReference));

// Containers.
CHECK_OFFSET(kTupleItems, PyTupleObject, ob_item);
static_assert(SizeOf("tuple") == offsetof(PyTupleObject, ob_item));
CHECK_OFFSET(kListItems, PyListObject, ob_item);
CHECK_OFFSET(kListAllocated, PyListObject, allocated);
static_assert(SizeOf("list") == sizeof(PyListObject));
CHECK_OFFSET(kDictKeys, PyDictObject, ma_keys);
CHECK_OFFSET(kDictValues, PyDictObject, ma_values);
static_assert(SizeOf("dict") == sizeof(PyDictObject));
CHECK_OFFSET(kKeysRefcount, PyDictKeysObject, dk_refcnt);
CHECK_OFFSET(kKeysLog2Size, PyDictKeysObject, dk_log2_size);
CHECK_OFFSET(kKeysLog2IndexBytes, PyDictKeysObject, dk_log2_index_bytes);
CHECK_OFFSET(kKeysKind, PyDictKeysObject, dk_kind);
CHECK_OFFSET(kKeysUsable, PyDictKeysObject, dk_usable);
CHECK_OFFSET(kKeysEntryCount, PyDictKeysObject, dk_nentries);
CHECK_OFFSET(kKeysIndices, PyDictKeysObject, dk_indices);
CHECK_EQUAL(kKeysGeneral, DICT_KEYS_GENERAL);
CHECK_EQUAL(kKeysUnicode, DICT_KEYS_UNICODE);
CHECK_EQUAL(kKeysSplit, DICT_KEYS_SPLIT);
static_assert(sizeof(PyDictUnicodeEntry) == 16 && offsetof(PyDictUnicodeEntry, me_value) == 8);
static_assert(sizeof(PyDictKeyEntry) == 24 && offsetof(PyDictKeyEntry, me_key) == 8 &&
              offsetof(PyDictKeyEntry, me_value) == 16);
CHECK_OFFSET(kSetMask, PySetObject, mask);
CHECK_OFFSET(kSetTable, PySetObject, table);
CHECK_OFFSET(kSetSmallTable, PySetObject, smalltable);
CHECK_EQUAL(kSetEntrySize, sizeof(setentry));
static_assert(SizeOf("set") == sizeof(PySetObject));
CHECK_FIELD(IteratorFields<L>::kDictView, "dv_dict", _PyDictViewObject, dv_dict);
#if PY_VERSION_HEX >= 0x030F0000
static_assert(SizeOf("frozendict") == sizeof(PyFrozenDictObject));
#endif

// Functions, methods, descriptors, modules.
CHECK_OFFSET(kFunctionGlobals, PyFunctionObject, func_globals);
CHECK_OFFSET(kFunctionBuiltins, PyFunctionObject, func_builtins);
CHECK_OFFSET(kFunctionName, PyFunctionObject, func_name);
CHECK_OFFSET(kFunctionQualifiedName, PyFunctionObject, func_qualname);
CHECK_OFFSET(kFunctionCode, PyFunctionObject, func_code);
CHECK_OFFSET(kFunctionDefaults, PyFunctionObject, func_defaults);
CHECK_OFFSET(kFunctionKeywordDefaults, PyFunctionObject, func_kwdefaults);
CHECK_OFFSET(kFunctionClosure, PyFunctionObject, func_closure);
CHECK_OFFSET(kFunctionDoc, PyFunctionObject, func_doc);
CHECK_OFFSET(kFunctionModule, PyFunctionObject, func_module);
CHECK_OFFSET(kFunctionAnnotations, PyFunctionObject, func_annotations);
#if PY_VERSION_HEX >= 0x030C0000
CHECK_OFFSET(kFunctionTypeParams, PyFunctionObject, func_typeparams);
#else
CHECK_ABSENT(kFunctionTypeParams);
#endif
#if PY_VERSION_HEX >= 0x030E0000
CHECK_OFFSET(kFunctionAnnotate, PyFunctionObject, func_annotate);
#else
CHECK_ABSENT(kFunctionAnnotate);
#endif
static_assert(SizeOf("function") == sizeof(PyFunctionObject));
CHECK_OFFSET(kCellContents, PyCellObject, ob_ref);
CHECK_OFFSET(kMethodFunction, PyMethodObject, im_func);
CHECK_OFFSET(kMethodSelf, PyMethodObject, im_self);
CHECK_FIELD(CoreFields<L>::kInstanceMethod, "__func__", PyInstanceMethodObject, func);
CHECK_FIELD(CoreFields<L>::kBuiltin, "__self__", PyCFunctionObject, m_self);
CHECK_FIELD(CoreFields<L>::kBuiltin, "__module__", PyCFunctionObject, m_module);
CHECK_FIELD(CoreFields<L>::kBuiltinMethod, "mm_class", PyCMethodObject, mm_class);
CHECK_FIELD(CoreFields<L>::kDescriptor, "__objclass__", PyDescrObject, d_type);
CHECK_FIELD(CoreFields<L>::kDescriptor, "__name__", PyDescrObject, d_name);
CHECK_FIELD(CoreFields<L>::kDescriptor, "__qualname__", PyDescrObject, d_qualname);
static_assert(SizeOf("method_descriptor") == sizeof(PyMethodDescrObject));
static_assert(SizeOf("wrapper_descriptor") == sizeof(PyWrapperDescrObject));
static_assert(SizeOf("member_descriptor") == sizeof(PyMemberDescrObject));
CHECK_OFFSET(kModuleDict, PyModuleObject, md_dict);
CHECK_OFFSET(kModuleState, PyModuleObject, md_state);
CHECK_OFFSET(kModuleName, PyModuleObject, md_name);
#if PY_VERSION_HEX < 0x030F0000
CHECK_OFFSET(kModuleDef, PyModuleObject, md_def);
#else
CHECK_ABSENT(kModuleDef);
#endif
static_assert(SizeOf("module") == sizeof(PyModuleObject));
CHECK_FIELD(CoreFields<L>::kModuleDef, "m_copy", PyModuleDef, m_base.m_copy);
static_assert(SizeOf("moduledef") == sizeof(PyModuleDef));

// Code, frames, generators.
CHECK_OFFSET(kCodeConsts, PyCodeObject, co_consts);
CHECK_OFFSET(kCodeNames, PyCodeObject, co_names);
CHECK_OFFSET(kCodeExceptionTable, PyCodeObject, co_exceptiontable);
CHECK_OFFSET(kCodeExtra, PyCodeObject, co_extra);
#if PY_VERSION_HEX < 0x030C0000
CHECK_OFFSET(kCodeBytecode, PyCodeObject, _co_code);
CHECK_OFFSET(kCodeLineArray, PyCodeObject, _co_linearray);
CHECK_OFFSET(kCodeLineEntrySize, PyCodeObject, _co_linearray_entry_size);
CHECK_ABSENT(kCodeCached);
#else
CHECK_ABSENT(kCodeBytecode);
CHECK_OFFSET(kCodeCached, PyCodeObject, _co_cached);
static_assert(sizeof(_PyCoCached) == 32 && offsetof(_PyCoCached, _co_varnames) == 8);
#endif
CHECK_EQUAL(kLocalCell, CO_FAST_CELL);
CHECK_EQUAL(kLocalFree, CO_FAST_FREE);
CHECK_FIELD(CoreFields<L>::kFrame, "f_back", PyFrameObject, f_back);
CHECK_FIELD(CoreFields<L>::kFrame, "f_trace", PyFrameObject, f_trace);
CHECK_OFFSET(kFrameObjectFrame, PyFrameObject, f_frame);
CHECK_OFFSET(kFrameObjectData, PyFrameObject, _f_frame_data);
CHECK_OFFSET(kFrameBuiltins, _PyInterpreterFrame, f_builtins);
#if PY_VERSION_HEX >= 0x030D0000
CHECK_OFFSET(kFrameExtraLocals, PyFrameObject, f_extra_locals);
CHECK_OFFSET(kFrameLocalsCache, PyFrameObject, f_locals_cache);
#else
CHECK_ABSENT(kFrameExtraLocals);
CHECK_ABSENT(kFrameLocalsCache);
#endif
#if PY_VERSION_HEX >= 0x030E0000
CHECK_OFFSET(kFrameOverwrittenLocals, PyFrameObject, f_overwritten_fast_locals);
CHECK_EQUAL(kReferenceTags, Py_TAG_BITS);
static_assert(Py_TAG_REFCNT == 1 && Py_INT_TAG == 3);
#else
CHECK_ABSENT(kFrameOverwrittenLocals);
CHECK_EQUAL(kReferenceTags, 0u);
#endif
CHECK_OFFSET(kGeneratorFrame, PyGenObject, gi_iframe);
CHECK_OFFSET(kGeneratorName, PyGenObject, gi_name);
static_assert(offsetof(PyGenObject, gi_qualname) == L::kGeneratorName + 8);
static_assert(offsetof(PyGenObject, gi_exc_state.exc_value) == L::kGeneratorName + 16);
static_assert(offsetof(PyCoroObject, cr_origin_or_finalizer) == L::kGeneratorName + 32);
CHECK_OFFSET(kGeneratorState, PyGenObject, gi_frame_state);
CHECK_EQUAL(kGeneratorCleared, FRAME_CLEARED);
#if PY_VERSION_HEX < 0x030C0000
CHECK_OFFSET(kGeneratorCode, PyGenObject, gi_code);
#else
CHECK_ABSENT(kGeneratorCode);
#endif
CHECK_FIELD(CoreFields<L>::kTraceback, "tb_next", PyTracebackObject, tb_next);
CHECK_FIELD(CoreFields<L>::kTraceback, "tb_frame", PyTracebackObject, tb_frame);

// Exceptions.
using Exceptions = ExceptionFields<L>;
CHECK_FIELD(Exceptions::kBase, "args", PyBaseExceptionObject, args);
CHECK_FIELD(Exceptions::kBase, "notes", PyBaseExceptionObject, notes);
CHECK_FIELD(Exceptions::kBase, "__traceback__", PyBaseExceptionObject, traceback);
CHECK_FIELD(Exceptions::kBase, "__context__", PyBaseExceptionObject, context);
CHECK_FIELD(Exceptions::kBase, "__cause__", PyBaseExceptionObject, cause);
static_assert(SizeOf("BaseException") == sizeof(PyBaseExceptionObject));
CHECK_FIELD(Exceptions::kGroup, "message", PyBaseExceptionGroupObject, msg);
CHECK_FIELD(Exceptions::kGroup, "exceptions", PyBaseExceptionGroupObject, excs);
static_assert(sizeof(PyBaseExceptionGroupObject) == 88 || sizeof(PyBaseExceptionGroupObject) == 96);
CHECK_FIELD(Exceptions::kSyntax, "msg", PySyntaxErrorObject, msg);
CHECK_FIELD(Exceptions::kSyntax, "print_file_and_line", PySyntaxErrorObject, print_file_and_line);
static_assert(SizeOf("SyntaxError") == sizeof(PySyntaxErrorObject));
CHECK_FIELD(Exceptions::kImport, "path", PyImportErrorObject, path);
static_assert(SizeOf("ImportError") == sizeof(PyImportErrorObject));
CHECK_FIELD(Exceptions::kUnicode, "reason", PyUnicodeErrorObject, reason);
static_assert(SizeOf("UnicodeDecodeError") == sizeof(PyUnicodeErrorObject));
CHECK_FIELD(Exceptions::kExit, "code", PySystemExitObject, code);
CHECK_FIELD(Exceptions::kStop, "value", PyStopIterationObject, value);
CHECK_FIELD(Exceptions::kName, "name", PyNameErrorObject, name);
CHECK_FIELD(Exceptions::kAttribute, "obj", PyAttributeErrorObject, obj);
CHECK_FIELD(Exceptions::kAttribute, "name", PyAttributeErrorObject, name);
CHECK_FIELD(Exceptions::kOs, "errno", PyOSErrorObject, myerrno);
CHECK_FIELD(Exceptions::kOs, "filename2", PyOSErrorObject, filename2);
static_assert(SizeOf("OSError") == sizeof(PyOSErrorObject));

}  // namespace
