// How to get from a frame of compiled code to its caller, for one place in the code: compiled from the module's unwind tables once
// and then kept in 8 bytes.
//
// On x86-64 a call pushes the return address, so where CFA (canonical frame address) is the value that rsp had before the call,
//
//     CFA -> | the caller's frame ...
//     CFA-8  | return address                      caller:  ip = [CFA - 8]
//            | saved registers, locals ...                  sp = CFA
//     rsp -> | ...                                          bp = [CFA + bp_offset], or [bp + 0], or unchanged
//
// CFA itself is rsp + n, rbp + n, or (in functions that align their stack anew) a word at rbp + n. Other registers are never needed for
// that by what compilers emit; tables that say otherwise end the walk.
#ifndef LIMPET_AGENT_UNWIND_RULE_H_
#define LIMPET_AGENT_UNWIND_RULE_H_

#include <stddef.h>
#include <stdint.h>

namespace limpet::agent {

enum class Cfa : uint8_t {
  kNone = 0,      // not known: the walk ends here
  kSp = 1,        // sp + cfa_offset
  kBp = 2,        // bp + cfa_offset
  kAtBp = 3,      // the word at bp + cfa_offset
  kFramePtr = 4,  // no table speaks of this code: bp + 16, if bp looks like a frame pointer
  kNoModule = 5,  // the code belongs to no loaded file: not even this frame is told
};
enum class SavedBp : uint8_t { kSame = 0, kAtCfa = 1, kAtBp = 2 };

struct UnwindRule {
  Cfa cfa = Cfa::kNone;
  SavedBp bp = SavedBp::kSame;
  bool own = false;          // code of the agent: no frame of the program's
  bool interpreter = false;  // code of the interpreter: the outermost frame that is told
  int32_t cfa_offset = 0;
  int32_t bp_offset = 0;  // a multiple of 8 within +-8 KiB
  bool operator==(const UnwindRule&) const = default;
};

// 48 bits; the rest is the cache's:  cfa 0-2, bp 3-4, own 5, interpreter 6, bp_offset / 8 in 7-17, cfa_offset / 8 in 18-47.
inline constexpr int kRuleBits = 48;
uint64_t PackRule(const UnwindRule& rule);

inline constexpr uint64_t kOwnBit = 1 << 5, kInterpreterBit = 1 << 6;
inline uint64_t BpOffsetOf(uint64_t bits) { return uint64_t(int64_t(bits << 46) >> 53) * 8; }
inline uint64_t CfaOffsetOf(uint64_t bits) { return uint64_t(int64_t(bits << 16) >> 34) * 8; }

inline UnwindRule UnpackRule(uint64_t bits) {
  UnwindRule rule;
  rule.cfa = Cfa(bits & 7);
  rule.bp = SavedBp(bits >> 3 & 3);
  rule.own = bits & kOwnBit;
  rule.interpreter = bits & kInterpreterBit;
  rule.bp_offset = int32_t(BpOffsetOf(bits));
  rule.cfa_offset = int32_t(CfaOffsetOf(bits));
  return rule;
}
// Whether PackRule keeps all of it.
bool FitsRule(const UnwindRule& rule);

// A part of memory that may be read: one loaded segment of a module.
struct Readable {
  const uint8_t* begin;
  const uint8_t* end;
  bool Has(const uint8_t* at, size_t size) const { return at >= begin && at <= end && size_t(end - at) >= size; }
};

// Finds the rule for the code at `pc` in the tables that begin at `eh_frame_hdr`, a module's PT_GNU_EH_FRAME. Nothing outside of
// `tables` is read, whatever they hold. False: they do not speak of this code (`rule` is as it was). Tables that cannot be
// understood, or end the stack here, give true and Cfa::kNone.
bool FindRule(const Readable& tables, const uint8_t* eh_frame_hdr, uint64_t pc, UnwindRule* rule);

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_UNWIND_RULE_H_
