// Whether a running interpreter is laid out as layouts.h says of its version: asked once, of frames and objects that are known,
// before anything is read at full speed.
//
// layout_check.cc compares the constants with headers; a vendor's patched build has its own. What is checked here is all that the
// hot path relies on: types of known objects, the running thread's frames, and that each frame's code and instruction fit together.
#ifndef LIMPET_CPYTHON_SELF_CHECK_H_
#define LIMPET_CPYTHON_SELF_CHECK_H_

#include "cpython/layouts.h"
#include "cpython/memory.h"

namespace limpet::cpython {

// Addresses that the dynamic linker tells.
struct KnownObjects {
  uint64_t code_type;   // PyCode_Type
  uint64_t text_type;   // PyUnicode_Type
  uint64_t bytes_type;  // PyBytes_Type
};

enum class Fit { kNotYet, kFits, kDoesNot };  // kNotYet: the thread runs no Python code that could be checked

// One check over memory that may not be readable. `fault` says what did not fit.
template <class L, class Memory>
class LayoutCheck {
 public:
  LayoutCheck(Memory& memory, const KnownObjects& known) : memory_(memory), known_(known) {}

  // `thread` is the state of the thread that holds the lock, `interpreter` the one it belongs to.
  Fit Run(uint64_t thread, uint64_t interpreter) {
    if (!TypesFit()) return Fit::kDoesNot;
    uint64_t owner = 0;
    if (!Get(thread, L::kThreadInterpreter, &owner) || owner != interpreter)
      return Fails("the thread state's interpreter");
    uint64_t frame = 0;
    if (!First(thread, &frame)) return Fails("the thread state's frame");
    int checked = 0;
    for (int i = 0; frame != 0 && i < kMaxFrames; ++i) {
      const Fit fit = FrameFits(frame);
      if (fit == Fit::kDoesNot) return fit;
      if (fit == Fit::kFits) ++checked;
      if (!Get(frame, L::kFramePrevious, &frame)) return Fails("a frame's predecessor");
    }
    return checked ? Fit::kFits : Fit::kNotYet;
  }

  const char* fault() const { return fault_; }

 private:
  static constexpr int kMaxFrames = 32;

  template <class T>
  bool Get(uint64_t base, int offset, T* value) {
    return base != 0 && base % 4 == 0 && ReadValue(memory_, base + uint64_t(offset), value);
  }
  Fit Fails(const char* what) {
    fault_ = what;
    return Fit::kDoesNot;
  }
  bool IsOf(uint64_t object, uint64_t type) {
    uint64_t found = 0;
    return Get(object, L::kObjectType, &found) && found == type;
  }
  bool IsText(uint64_t object) {
    uint64_t type = 0, flags = 0;
    return Get(object, L::kObjectType, &type) && Get(type, L::kTypeFlags, &flags) && (flags & L::kTypeFlagUnicode);
  }

  // The size of a code object's fixed part is where its instructions begin: the type itself tells it.
  bool TypesFit() {
    int64_t basic = 0, item = 0;
    uint64_t flags = 0;
    const bool code = Get(known_.code_type, L::kTypeBasicSize, &basic) &&
                      Get(known_.code_type, L::kTypeItemSize, &item) && basic == L::kCodeInstructions &&
                      item == L::kCodeUnit;
    if (!code) return Fails("the size of code objects"), false;
    const bool text = Get(known_.text_type, L::kTypeFlags, &flags) && (flags & L::kTypeFlagUnicode);
    if (!text) return Fails("the flags of types"), false;
    return true;
  }

  bool First(uint64_t thread, uint64_t* frame) {
    if constexpr (L::kThreadCframe != kAbsent) {
      uint64_t cframe = 0;
      if (!Get(thread, L::kThreadCframe, &cframe)) return false;
      if (cframe != 0) return Get(cframe, L::kCframeFrame, frame);
      *frame = 0;
      return true;
    } else {
      return Get(thread, L::kThreadFrame, frame);
    }
  }

  Fit FrameFits(uint64_t frame) {
    signed char owner = 0;
    if (!Get(frame, L::kFrameOwner, &owner) || owner < 0 || owner > L::kOwnerShim + 2) return Fails("a frame's owner");
    if (owner >= L::kOwnerShim) return Fit::kNotYet;
    uint64_t code = 0, instruction = 0;
    if (!Get(frame, L::kFrameCode, &code)) return Fails("a frame's code");
    code &= ~L::kFrameCodeTagMask;
    if (!IsOf(code, known_.code_type)) return Fails("a frame's code");
    int64_t units = 0;
    const uint64_t first = code + uint64_t(L::kCodeInstructions);
    if (!Get(code, L::kObjectSize, &units) || units <= 0 || units > kMaxUnits) return Fails("the length of a code");
    if (!Get(frame, L::kFrameInstruction, &instruction) || instruction + L::kCodeUnit < first ||
        instruction > first + uint64_t(units) * L::kCodeUnit) {
      return Fails("a frame's instruction");
    }
    return CodeFits(code) ? Fit::kFits : Fit::kDoesNot;
  }

  bool CodeFits(uint64_t code) {
    constexpr int kNames[] = {L::kCodeFilename, L::kCodeName, L::kCodeQualifiedName};
    for (const int field : kNames) {
      uint64_t text = 0;
      if (!Get(code, field, &text) || !IsText(text)) return Fails("a code's names"), false;
    }
    uint64_t table = 0;
    int32_t line = -1;
    if (!Get(code, L::kCodeLineTable, &table) || !IsOf(table, known_.bytes_type))
      return Fails("a code's line table"), false;
    if (!Get(code, L::kCodeFirstLine, &line) || line < 0) return Fails("a code's first line"), false;
    return true;
  }

  static constexpr int64_t kMaxUnits = int64_t{1} << 30;

  Memory& memory_;
  KnownObjects known_;
  const char* fault_ = "";
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_SELF_CHECK_H_
