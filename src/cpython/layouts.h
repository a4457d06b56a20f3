// Where each CPython minor version keeps the fields that limpet reads.
//
// One struct of compile-time constants per minor version, all with the same member names, so that code is written once
// as a template over the layout and the version is chosen once, when the agent is loaded:
//
//     template <class L> void* Top(const char* thread) { ... L::kThreadFrame ... }
//
// A member `kXxx` is a byte offset from the start of the object named by its first word (Thread, Frame, Code, ...)
// unless its comment says otherwise. kAbsent stands for "this version has no such field": reading it is a bug, so every
// user asks first (`if constexpr (L::kThreadCframe != kAbsent)`).
//
// All figures are those of a release build with the GIL on x86-64 Linux. layout_check.cc compares each of them with
// the version's own headers; compiling it is the check. What may differ between builds of one minor version (the
// interpreter state, above all) is not trusted at run time before it checked out: see gc_state.h.
#ifndef LIMPET_CPYTHON_LAYOUTS_H_
#define LIMPET_CPYTHON_LAYOUTS_H_

#include <cstdint>

#include "cpython/object_layouts.h"

namespace limpet::cpython {

// Whether the garbage collector keeps its statistics inside its state (an array of three records) or behind a pointer
// (3.15: rings of the last collections, whose newest record carries running totals).
enum class GcStatsForm { kArray, kRings };

// Every value here is the same from 3.11 to 3.15; a version that differs hides it in its own struct.
struct LayoutCommon {
  // PyObject, PyVarObject. The count is read as 32 bits from 3.12 on (the upper half is something else in 3.14).
  static constexpr int kObjectRefcount = 0;
  static constexpr int kObjectType = 8;
  static constexpr int kObjectSize = 16;  // ob_size, of variable-sized objects only

  // PyTypeObject.
  static constexpr int kTypeName = 24;
  static constexpr int kTypeBasicSize = 32;
  static constexpr int kTypeItemSize = 40;
  static constexpr int kTypeFlags = 168;
  static constexpr int kTypeDict = 264;
  static constexpr uint64_t kTypeFlagLong = 1ull << 24;
  static constexpr uint64_t kTypeFlagBytes = 1ull << 27;
  static constexpr uint64_t kTypeFlagUnicode = 1ull << 28;
  static constexpr uint64_t kTypeFlagType = 1ull << 31;

  // PyBytesObject: length in kObjectSize.
  static constexpr int kBytesData = 32;

  // PyUnicodeObject. The state word: interned, then kind (bytes per character), compact, ascii, and (3.11) ready.
  //     bit  0 1   2 3 4   5         6       7
  //          int.  kind    compact   ascii   ready (3.11) or statically allocated (3.12+)
  static constexpr int kUnicodeLength = 16;
  static constexpr int kUnicodeState = 32;
  static constexpr uint32_t kUnicodeKindMask = 0x1c;
  static constexpr int kUnicodeKindShift = 2;
  static constexpr uint32_t kUnicodeCompact = 0x20;
  static constexpr uint32_t kUnicodeAscii = 0x40;
  static constexpr uint32_t kUnicodeReady = 0;  // mask of bits that must be set for the object to be readable

  // PyThreadState.
  static constexpr int kThreadNext = 8;
  static constexpr int kThreadInterpreter = 16;
  static constexpr int kThreadFrame = kAbsent;            // 3.13+: the running frame
  static constexpr int kThreadCframe = kAbsent;           // 3.11, 3.12: the _PyCFrame that has it, at kCframeFrame
  static constexpr int kCframeFrame = kAbsent;            // offset inside _PyCFrame
  static constexpr int kThreadBaseFrame = kAbsent;        // 3.15: sentinel at the bottom
  static constexpr int kThreadLastProfiled = kAbsent;     // 3.15: topmost frame unchanged since it was set
  static constexpr int kThreadLastProfiledSeq = kAbsent;  // 3.15: guards the former against reuse of an address

  // _PyInterpreterFrame.
  static constexpr int kFrameCode = 0;
  static constexpr int kFramePrevious = 8;
  static constexpr int kFrameFunction = 16;
  static constexpr int kFrameGlobals = 24;
  static constexpr int kFrameLocals = 40;
  static constexpr int kFrameObject = 48;
  static constexpr int kFrameInstruction = 56;  // prev_instr (3.11, 3.12) or instr_ptr (3.13+)
  static constexpr int kFrameOwner = 70;
  static constexpr int kFrameIsEntry = kAbsent;       // 3.11: bool, the first frame of its C-level loop
  static constexpr int kFrameReturnOffset = kAbsent;  // 3.12+: uint16_t
  static constexpr int kFrameStackTop = kAbsent;      // 3.11 to 3.13: int, slots in use, -1 while running
  static constexpr int kFrameStackPointer = kAbsent;  // 3.14+: pointer to the first free slot, null while running
  static constexpr int kFrameLocalsPlus = 72;         // locals, cells, then the evaluation stack; 8 bytes each
  static constexpr uint64_t kFrameCodeTagMask = 0;    // 3.14+: bits of f_executable that are no address

  // Values of the owner byte, a signed char. From kOwnerShim on a frame is the interpreter's own and shown to nobody.
  static constexpr int kOwnerThread = 0;
  static constexpr int kOwnerGenerator = 1;
  static constexpr int kOwnerFrameObject = 2;
  static constexpr int kOwnerShim = 3;

  // PyCodeObject. kObjectSize of a code object is its number of code units, each kCodeUnit bytes.
  static constexpr int kCodeFlags = 48;
  static constexpr int kCodeLocalsPlusNames = 96;
  static constexpr int kCodeLocalsPlusKinds = 104;
  static constexpr int kCodeFilename = 112;
  static constexpr int kCodeName = 120;
  static constexpr int kCodeQualifiedName = 128;
  static constexpr int kCodeLineTable = 136;
  static constexpr int kCodeUnit = 2;
  static constexpr int kCodeFrameSize = kAbsent;  // 3.12+: int, slots of a frame, the specials included

  // Instructions that resume a generator inside the same loop while keeping no operand, as numbered by this version.
  static constexpr int kOpcodeSend = kAbsent;
  static constexpr int kOpcodeSendGen = kAbsent;
  // 3.12: `x.p()` inlines a property's getter without taking anything off the stack.
  static constexpr bool kPropertyCallKeepsStack = false;

  // struct gc_generation and its statistics.
  static constexpr int kGenerations = 3;
  static constexpr int kGenerationSize = 24;
  static constexpr int kGenerationThreshold = 16;
  static constexpr int kGenerationCount = 20;
  static constexpr int kGcGenerationsPacked = kAbsent;  // where the generations are in some patch releases
  static constexpr GcStatsForm kGcStatsForm = GcStatsForm::kArray;
  static constexpr int kGcStatsSize = 24;  // of one record
  static constexpr int kGcStatsCollections = 0;
  static constexpr int kGcStatsCollected = 8;
  static constexpr int kGcStatsUncollectable = 16;

  // _Py_DebugOffsets, the first thing in _PyRuntime from 3.13 on.
  static constexpr int kDebugVersion = kAbsent;        // uint64_t, PY_VERSION_HEX
  static constexpr int kDebugFreeThreaded = kAbsent;   // uint64_t
  static constexpr int kDebugInterpreterGc = kAbsent;  // uint64_t, offset of gc inside the interpreter state

  // _PyRuntime.
  static constexpr int kRuntimeCurrentThread = kAbsent;  // 3.11: who holds the GIL; later versions are thread-local
};

struct Layout311 : LayoutCommon, ObjectLayout311 {
  static constexpr int kMinor = 11;

  static constexpr uint32_t kUnicodeReady = 0x80;
  static constexpr int kUnicodeAsciiData = 48;
  static constexpr int kUnicodeCompactData = 72;
  static constexpr int kUnicodeLegacyData = 72;  // holds a pointer to the characters

  static constexpr int kThreadCframe = 56;
  static constexpr int kCframeFrame = 8;
  static constexpr int kThreadId = 152;
  static constexpr int kThreadNativeId = 160;

  static constexpr int kFrameFunction = 0;
  static constexpr int kFrameGlobals = 8;
  static constexpr int kFrameLocals = 24;
  static constexpr int kFrameCode = 32;
  static constexpr int kFrameObject = 40;
  static constexpr int kFramePrevious = 48;
  static constexpr int kFrameStackTop = 64;
  static constexpr int kFrameIsEntry = 68;
  static constexpr int kFrameOwner = 69;
  static constexpr bool kFrameInstructionIsPrevious = true;

  static constexpr int kCodeStackSize = 68;
  static constexpr int kCodeFirstLine = 72;
  static constexpr int kCodeLocalsPlusCount = 76;
  static constexpr int kCodeFirstTraceable = 168;
  static constexpr int kCodeInstructions = 184;

  static constexpr int kInterpreterGc = 648;
  static constexpr int kGcEnabled = 12;
  static constexpr int kGcGenerations = 24;
  static constexpr int kGcGeneration0 = 96;  // points to kGcGenerations: tells a gc state
  static constexpr int kGcStats = 128;
  static constexpr int kGcCollecting = 200;

  static constexpr int kRuntimeCurrentThread = 576;
  static constexpr int kRuntimeInterpreters = 40;
};

struct Layout312 : LayoutCommon, ObjectLayout312 {
  static constexpr int kMinor = 12;

  static constexpr int kUnicodeAsciiData = 40;
  static constexpr int kUnicodeCompactData = 56;
  static constexpr int kUnicodeLegacyData = 56;

  static constexpr int kThreadCframe = 56;
  static constexpr int kCframeFrame = 0;
  static constexpr int kThreadId = 136;
  static constexpr int kThreadNativeId = 144;

  static constexpr int kFrameStackTop = 64;
  static constexpr int kFrameReturnOffset = 68;
  static constexpr bool kFrameInstructionIsPrevious = true;

  static constexpr int kCodeStackSize = 64;
  static constexpr int kCodeFirstLine = 68;
  static constexpr int kCodeLocalsPlusCount = 72;
  static constexpr int kCodeFrameSize = 76;
  static constexpr int kCodeFirstTraceable = 176;
  static constexpr int kCodeInstructions = 192;

  static constexpr int kOpcodeSend = 123;
  static constexpr int kOpcodeSendGen = 168;
  static constexpr bool kPropertyCallKeepsStack = true;

  static constexpr int kInterpreterGc = 112;
  static constexpr int kGcEnabled = 12;
  static constexpr int kGcGenerations = 24;
  static constexpr int kGcGeneration0 = 96;
  static constexpr int kGcStats = 128;
  static constexpr int kGcCollecting = 200;

  static constexpr int kRuntimeInterpreters = 40;
};

struct Layout313 : LayoutCommon, ObjectLayout313 {
  static constexpr int kMinor = 13;

  static constexpr int kUnicodeAsciiData = 40;
  static constexpr int kUnicodeCompactData = 56;
  static constexpr int kUnicodeLegacyData = 56;

  static constexpr int kThreadFrame = 72;
  static constexpr int kThreadId = 152;
  static constexpr int kThreadNativeId = 160;

  static constexpr int kFrameStackTop = 64;
  static constexpr int kFrameReturnOffset = 68;
  static constexpr bool kFrameInstructionIsPrevious = false;

  static constexpr int kCodeStackSize = 64;
  static constexpr int kCodeFirstLine = 68;
  static constexpr int kCodeLocalsPlusCount = 72;
  static constexpr int kCodeFrameSize = 76;
  static constexpr int kCodeFirstTraceable = 184;
  static constexpr int kCodeInstructions = 200;

  static constexpr int kOpcodeSend = 104;
  static constexpr int kOpcodeSendGen = 208;

  static constexpr int kInterpreterGc = 7400;
  static constexpr int kGcEnabled = 12;
  static constexpr int kGcGenerations = 24;
  static constexpr int kGcGenerationsPacked = 20;  // 3.13.18, where a list head aligns to 4
  static constexpr int kGcGeneration0 = 96;
  static constexpr int kGcStats = 128;
  static constexpr int kGcCollecting = 200;

  static constexpr int kDebugVersion = 8;
  static constexpr int kDebugFreeThreaded = 16;
  static constexpr int kDebugInterpreterGc = 80;
  static constexpr int kRuntimeInterpreters = 632;
};

struct Layout314 : LayoutCommon, ObjectLayout314 {
  static constexpr int kMinor = 14;

  static constexpr int kUnicodeAsciiData = 40;
  static constexpr int kUnicodeCompactData = 56;
  static constexpr int kUnicodeLegacyData = 56;

  static constexpr int kThreadFrame = 72;
  static constexpr int kThreadId = 152;
  static constexpr int kThreadNativeId = 160;

  static constexpr int kFrameStackPointer = 64;
  static constexpr int kFrameReturnOffset = 72;
  static constexpr int kFrameOwner = 74;
  static constexpr int kFrameLocalsPlus = 80;
  static constexpr bool kFrameInstructionIsPrevious = false;
  static constexpr uint64_t kFrameCodeTagMask = 3;

  static constexpr int kCodeStackSize = 64;
  static constexpr int kCodeFirstLine = 68;
  static constexpr int kCodeLocalsPlusCount = 72;
  static constexpr int kCodeFrameSize = 76;
  static constexpr int kCodeFirstTraceable = 192;
  static constexpr int kCodeInstructions = 208;

  static constexpr int kOpcodeSend = 106;
  static constexpr int kOpcodeSendGen = 197;

  static constexpr int kInterpreterGc = 7408;
  static constexpr int kGcEnabled = 12;
  static constexpr int kGcGenerations = 24;
  static constexpr int kGcGeneration0 = 256;  // not in 3.14.0 to 3.14.4 (another collector)
  static constexpr int kGcStats = 120;
  static constexpr int kGcCollecting = 192;

  static constexpr int kDebugVersion = 8;
  static constexpr int kDebugFreeThreaded = 16;
  static constexpr int kDebugInterpreterGc = 88;
  static constexpr int kRuntimeInterpreters = 808;
};

struct Layout315 : LayoutCommon, ObjectLayout315 {
  static constexpr int kMinor = 15;

  static constexpr int kUnicodeAsciiData = 40;
  static constexpr int kUnicodeCompactData = 56;
  static constexpr int kUnicodeLegacyData = 56;

  static constexpr int kThreadFrame = 72;
  static constexpr int kThreadBaseFrame = 80;
  static constexpr int kThreadLastProfiled = 88;
  static constexpr int kThreadLastProfiledSeq = 96;
  static constexpr int kThreadId = 176;
  static constexpr int kThreadNativeId = 184;

  static constexpr int kFrameStackPointer = 64;
  static constexpr int kFrameReturnOffset = 72;
  static constexpr int kFrameOwner = 74;
  static constexpr int kFrameLocalsPlus = 80;
  static constexpr bool kFrameInstructionIsPrevious = false;
  static constexpr uint64_t kFrameCodeTagMask = 3;

  static constexpr int kCodeStackSize = 64;
  static constexpr int kCodeFirstLine = 68;
  static constexpr int kCodeLocalsPlusCount = 72;
  static constexpr int kCodeFrameSize = 76;
  static constexpr int kCodeFirstTraceable = 192;
  static constexpr int kCodeInstructions = 208;

  static constexpr int kOpcodeSend = 105;
  static constexpr int kOpcodeSendGen = 203;

  static constexpr int kInterpreterGc = 7400;
  static constexpr int kGcEnabled = 0;
  static constexpr int kGcGenerations = 8;
  static constexpr int kGcGeneration0 = 168;
  static constexpr int kGcStats = 104;  // holds a pointer to struct gc_stats
  static constexpr int kGcCollecting = 112;
  static constexpr GcStatsForm kGcStatsForm = GcStatsForm::kRings;
  static constexpr int kGcStatsSize = 64;
  static constexpr int kGcStatsCollections = 16;
  static constexpr int kGcStatsCollected = 24;
  static constexpr int kGcStatsUncollectable = 32;

  // struct gc_stats: a ring of the young generation's records, then one for each of the two old ones.
  // The index byte behind a ring's records tells the newest.
  static constexpr int kGcYoungRecords = 11;
  static constexpr int kGcYoungIndex = 704;
  static constexpr int kGcOldRings = 712;
  static constexpr int kGcOldRecords = 3;
  static constexpr int kGcOldIndex = 192;  // from the start of its ring
  static constexpr int kGcOldRingSize = 200;

  static constexpr int kDebugVersion = 8;
  static constexpr int kDebugFreeThreaded = 16;
  static constexpr int kDebugInterpreterGc = 88;
  static constexpr int kRuntimeInterpreters = 936;
};

// What `function` makes of the layout of CPython 3.`minor`, or `unknown` where limpet has none. The layout comes as a value, so that its
// type can be named:  ForLayout(minor, false, [&](auto layout) { return Read<decltype(layout)>(memory); });
template <class Result, class Function>
inline Result ForLayout(int minor, Result unknown, Function function) {
  switch (minor) {
    case Layout311::kMinor:
      return function(Layout311());
    case Layout312::kMinor:
      return function(Layout312());
    case Layout313::kMinor:
      return function(Layout313());
    case Layout314::kMinor:
      return function(Layout314());
    case Layout315::kMinor:
      return function(Layout315());
    default:
      return unknown;
  }
}

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_LAYOUTS_H_
