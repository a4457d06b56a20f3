// This file holds no code that runs. Compiling it against one CPython's own headers is the check: every constant of
// that version's layout in layouts.h is compared with what the headers say, at compile time.
//
//     g++ -std=c++20 -w -fsyntax-only -Isrc -IPREFIX/include/python3.X -IPREFIX/include/python3.X/internal \
//         src/cpython/layout_check.cc
//
// (Debian's headers want -I<root>/usr/include as well, where the real pyconfig.h is.) It is no part of any library.
#define Py_BUILD_CORE_MODULE 1
#include <pyconfig.h>
#undef HAVE_STD_ATOMIC  // C's <stdatomic.h> is none of C++'s: let 3.11 and 3.12 use the compiler's builtins instead
#include <Python.h>

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x03100000
#error "limpet knows the layouts of CPython 3.11 to 3.15 only"
#endif
#ifdef Py_GIL_DISABLED
#error "limpet does not know the layouts of free-threaded builds"
#endif

#include <cstddef>
#include <cstdint>

#include "internal/pycore_code.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#include "opcode.h"
#if PY_VERSION_HEX >= 0x030E0000
#include "internal/pycore_interp_structs.h"
#include "internal/pycore_interpframe_structs.h"
#include "internal/pycore_stackref.h"
#include "internal/pycore_tstate.h"
#endif

#include "cpython/layouts.h"

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

using Frame = _PyInterpreterFrame;
using GcState = _gc_runtime_state;

#define CHECK_OFFSET(constant, type, member) static_assert(L::constant == offsetof(type, member), #type "." #member)
#define CHECK_EQUAL(constant, value) static_assert(L::constant == (value), #value)
#define CHECK_ABSENT(constant) static_assert(L::constant == kAbsent, #constant)
#define CHECK_SIZE(type, member, wanted) static_assert(sizeof(type::member) == (wanted), #type "." #member)

CHECK_EQUAL(kMinor, PY_MINOR_VERSION);

// Objects, types, bytes.
CHECK_OFFSET(kObjectRefcount, PyObject, ob_refcnt);
CHECK_OFFSET(kObjectType, PyObject, ob_type);
CHECK_OFFSET(kObjectSize, PyVarObject, ob_size);
CHECK_OFFSET(kTypeName, PyTypeObject, tp_name);
CHECK_OFFSET(kTypeBasicSize, PyTypeObject, tp_basicsize);
CHECK_OFFSET(kTypeItemSize, PyTypeObject, tp_itemsize);
CHECK_OFFSET(kTypeFlags, PyTypeObject, tp_flags);
CHECK_OFFSET(kTypeDict, PyTypeObject, tp_dict);
CHECK_EQUAL(kTypeFlagLong, Py_TPFLAGS_LONG_SUBCLASS);
CHECK_EQUAL(kTypeFlagBytes, Py_TPFLAGS_BYTES_SUBCLASS);
CHECK_EQUAL(kTypeFlagUnicode, Py_TPFLAGS_UNICODE_SUBCLASS);
CHECK_EQUAL(kTypeFlagType, Py_TPFLAGS_TYPE_SUBCLASS);
CHECK_OFFSET(kBytesData, PyBytesObject, ob_sval);

// Strings. Bit fields have no offset: turn a word with one mask set into a state and look at all its fields.
CHECK_OFFSET(kUnicodeLength, PyASCIIObject, length);
CHECK_OFFSET(kUnicodeState, PyASCIIObject, state);
CHECK_EQUAL(kUnicodeAsciiData, sizeof(PyASCIIObject));
CHECK_EQUAL(kUnicodeCompactData, sizeof(PyCompactUnicodeObject));
CHECK_OFFSET(kUnicodeLegacyData, PyUnicodeObject, data);
using UnicodeState = decltype(PyASCIIObject::state);
static_assert(sizeof(UnicodeState) == sizeof(uint32_t));
constexpr bool StateIs(uint32_t word, unsigned kind, unsigned compact, unsigned ascii) {
  UnicodeState state = __builtin_bit_cast(UnicodeState, word);
  return state.interned == 0 && state.kind == kind && state.compact == compact && state.ascii == ascii;
}
static_assert(StateIs(L::kUnicodeKindMask, 7, 0, 0));
static_assert(StateIs(2u << L::kUnicodeKindShift, 2, 0, 0));
static_assert(StateIs(L::kUnicodeCompact, 0, 1, 0));
static_assert(StateIs(L::kUnicodeAscii, 0, 0, 1));
#if PY_VERSION_HEX < 0x030C0000
static_assert(StateIs(L::kUnicodeReady, 0, 0, 0) && __builtin_bit_cast(UnicodeState, L::kUnicodeReady).ready == 1);
#else
CHECK_EQUAL(kUnicodeReady, 0u);
#endif
static_assert(PyUnicode_1BYTE_KIND == 1 && PyUnicode_2BYTE_KIND == 2 && PyUnicode_4BYTE_KIND == 4);

// Thread state.
CHECK_OFFSET(kThreadNext, PyThreadState, next);
CHECK_OFFSET(kThreadInterpreter, PyThreadState, interp);
CHECK_OFFSET(kThreadId, PyThreadState, thread_id);
CHECK_OFFSET(kThreadNativeId, PyThreadState, native_thread_id);
#if PY_VERSION_HEX < 0x030D0000
CHECK_OFFSET(kThreadCframe, PyThreadState, cframe);
CHECK_OFFSET(kCframeFrame, _PyCFrame, current_frame);
CHECK_ABSENT(kThreadFrame);
#else
CHECK_OFFSET(kThreadFrame, PyThreadState, current_frame);
CHECK_ABSENT(kThreadCframe);
CHECK_ABSENT(kCframeFrame);
#endif
#if PY_VERSION_HEX >= 0x030F0000
CHECK_OFFSET(kThreadBaseFrame, PyThreadState, base_frame);
CHECK_OFFSET(kThreadLastProfiled, PyThreadState, last_profiled_frame);
CHECK_OFFSET(kThreadLastProfiledSeq, PyThreadState, last_profiled_frame_seq);
#else
CHECK_ABSENT(kThreadBaseFrame);
CHECK_ABSENT(kThreadLastProfiled);
CHECK_ABSENT(kThreadLastProfiledSeq);
#endif

// Frames.
CHECK_OFFSET(kFramePrevious, Frame, previous);
CHECK_OFFSET(kFrameGlobals, Frame, f_globals);
CHECK_OFFSET(kFrameLocals, Frame, f_locals);
CHECK_OFFSET(kFrameObject, Frame, frame_obj);
CHECK_OFFSET(kFrameOwner, Frame, owner);
CHECK_OFFSET(kFrameLocalsPlus, Frame, localsplus);
CHECK_SIZE(Frame, owner, 1);
CHECK_EQUAL(kOwnerThread, FRAME_OWNED_BY_THREAD);
CHECK_EQUAL(kOwnerGenerator, FRAME_OWNED_BY_GENERATOR);
CHECK_EQUAL(kOwnerFrameObject, FRAME_OWNED_BY_FRAME_OBJECT);
#if PY_VERSION_HEX < 0x030D0000
CHECK_OFFSET(kFrameCode, Frame, f_code);
CHECK_OFFSET(kFrameInstruction, Frame, prev_instr);
CHECK_EQUAL(kFrameInstructionIsPrevious, true);
#else
CHECK_OFFSET(kFrameCode, Frame, f_executable);
CHECK_OFFSET(kFrameInstruction, Frame, instr_ptr);
CHECK_EQUAL(kFrameInstructionIsPrevious, false);
#endif
#if PY_VERSION_HEX < 0x030C0000
CHECK_OFFSET(kFrameFunction, Frame, f_func);
CHECK_OFFSET(kFrameIsEntry, Frame, is_entry);
CHECK_SIZE(Frame, is_entry, 1);
CHECK_ABSENT(kFrameReturnOffset);
CHECK_ABSENT(kOpcodeSend);
#else
CHECK_OFFSET(kFrameFunction, Frame, f_funcobj);
CHECK_ABSENT(kFrameIsEntry);
CHECK_OFFSET(kFrameReturnOffset, Frame, return_offset);
CHECK_SIZE(Frame, return_offset, 2);
CHECK_EQUAL(kOpcodeSend, SEND);
CHECK_EQUAL(kOpcodeSendGen, SEND_GEN);
CHECK_EQUAL(kPropertyCallKeepsStack, PY_VERSION_HEX < 0x030D0000);
#endif
#if PY_VERSION_HEX >= 0x030E0000
CHECK_OFFSET(kFrameStackPointer, Frame, stackpointer);
CHECK_ABSENT(kFrameStackTop);
CHECK_EQUAL(kFrameCodeTagMask, Py_TAG_BITS);
CHECK_EQUAL(kOwnerShim, FRAME_OWNED_BY_INTERPRETER);
static_assert(sizeof(_PyStackRef) == 8);
#else
CHECK_OFFSET(kFrameStackTop, Frame, stacktop);
CHECK_SIZE(Frame, stacktop, 4);
CHECK_ABSENT(kFrameStackPointer);
CHECK_EQUAL(kFrameCodeTagMask, 0u);
#if PY_VERSION_HEX >= 0x030C0000
CHECK_EQUAL(kOwnerShim, FRAME_OWNED_BY_CSTACK);
#endif
#endif

// Code.
CHECK_OFFSET(kObjectSize, PyCodeObject, ob_base.ob_size);
CHECK_OFFSET(kCodeFlags, PyCodeObject, co_flags);
CHECK_OFFSET(kCodeLocalsPlusNames, PyCodeObject, co_localsplusnames);
CHECK_OFFSET(kCodeLocalsPlusKinds, PyCodeObject, co_localspluskinds);
CHECK_OFFSET(kCodeFilename, PyCodeObject, co_filename);
CHECK_OFFSET(kCodeName, PyCodeObject, co_name);
CHECK_OFFSET(kCodeQualifiedName, PyCodeObject, co_qualname);
CHECK_OFFSET(kCodeLineTable, PyCodeObject, co_linetable);
CHECK_OFFSET(kCodeStackSize, PyCodeObject, co_stacksize);
CHECK_OFFSET(kCodeFirstLine, PyCodeObject, co_firstlineno);
CHECK_OFFSET(kCodeLocalsPlusCount, PyCodeObject, co_nlocalsplus);
CHECK_OFFSET(kCodeFirstTraceable, PyCodeObject, _co_firsttraceable);
CHECK_OFFSET(kCodeInstructions, PyCodeObject, co_code_adaptive);
CHECK_EQUAL(kCodeUnit, sizeof(_Py_CODEUNIT));
#if PY_VERSION_HEX >= 0x030C0000
CHECK_OFFSET(kCodeFrameSize, PyCodeObject, co_framesize);
#else
CHECK_ABSENT(kCodeFrameSize);
#endif

// The collector. kInterpreterGc, kGcGenerations and kGcGeneration0 move inside a minor version: gc_state.h looks for
// them at run time from what is given here, so a difference there is only told apart, not refused.
CHECK_EQUAL(kGenerations, NUM_GENERATIONS);
CHECK_EQUAL(kGenerationSize, sizeof(gc_generation));
CHECK_OFFSET(kGenerationThreshold, gc_generation, threshold);
CHECK_OFFSET(kGenerationCount, gc_generation, count);
CHECK_OFFSET(kGcEnabled, GcState, enabled);
CHECK_OFFSET(kGcStats, GcState, generation_stats);
CHECK_OFFSET(kGcCollecting, GcState, collecting);
CHECK_EQUAL(kGcStatsSize, sizeof(gc_generation_stats));
CHECK_OFFSET(kGcStatsCollections, gc_generation_stats, collections);
CHECK_OFFSET(kGcStatsCollected, gc_generation_stats, collected);
CHECK_OFFSET(kGcStatsUncollectable, gc_generation_stats, uncollectable);
CHECK_OFFSET(kGcGeneration0, GcState, generation0);
static_assert(L::kGcGenerations == offsetof(GcState, generations) ||
                  L::kGcGenerationsPacked == offsetof(GcState, generations),
              "_gc_runtime_state.generations");
#if PY_VERSION_HEX >= 0x030F0000
CHECK_EQUAL(kGcYoungRecords, GC_YOUNG_STATS_SIZE);
CHECK_EQUAL(kGcOldRecords, GC_OLD_STATS_SIZE);
CHECK_OFFSET(kGcYoungIndex, gc_stats, young.index);
CHECK_OFFSET(kGcOldRings, gc_stats, old);
CHECK_OFFSET(kGcOldIndex, gc_old_stats_buffer, index);
CHECK_EQUAL(kGcOldRingSize, sizeof(gc_old_stats_buffer));
CHECK_EQUAL(kGcStatsForm, GcStatsForm::kRings);
#else
CHECK_EQUAL(kGcStatsForm, GcStatsForm::kArray);
#endif

// The runtime and the offsets that it publishes about itself.
CHECK_OFFSET(kRuntimeInterpreters, _PyRuntimeState, interpreters.head);
#if PY_VERSION_HEX < 0x030C0000
CHECK_OFFSET(kRuntimeCurrentThread, _PyRuntimeState, gilstate.tstate_current);
#else
CHECK_ABSENT(kRuntimeCurrentThread);
#endif
#if PY_VERSION_HEX >= 0x030D0000
CHECK_OFFSET(kDebugVersion, _Py_DebugOffsets, version);
CHECK_OFFSET(kDebugFreeThreaded, _Py_DebugOffsets, free_threaded);
CHECK_OFFSET(kDebugInterpreterGc, _Py_DebugOffsets, interpreter_state.gc);
static_assert(offsetof(_PyRuntimeState, debug_offsets) == 0);
#else
CHECK_ABSENT(kDebugVersion);
CHECK_ABSENT(kDebugFreeThreaded);
CHECK_ABSENT(kDebugInterpreterGc);
#endif

}  // namespace
