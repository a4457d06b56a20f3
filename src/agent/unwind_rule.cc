// The formats: Linux Standard Base, "Exception Frames"; DWARF 5, section 6.4; System V ABI for x86-64, section 3.7.
#include "agent/unwind_rule.h"

#include <string.h>

namespace limpet::agent {

namespace {

constexpr uint64_t kRbp = 6, kRsp = 7, kReturnAddress = 16;
constexpr int kMaxRemembered = 8;
constexpr int32_t kMostBpOffset = 8 * 1023;
constexpr int32_t kMostCfaOffset = 1 << 30;

// Encodings of addresses: the ones that linkers for x86-64 write.
enum : uint8_t { kAbsolute = 0x00, kRelative4 = 0x1b, kRelative8 = 0x1c, kTable = 0x3b, kUnsigned4 = 0x03 };

// How long an address is that is told in `encoding`.
uint64_t SizeOf(uint8_t encoding) { return (encoding & 7) == 3 ? 4 : (encoding & 7) == 2 ? 2 : 8; }

// Reads along a part of the tables; what lies outside of it reads as zero, and ok() is false from then on.
class Cursor {
 public:
  Cursor(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) {}
  bool ok() const { return ok_; }
  bool more() const { return ok_ && at_ < end_; }
  const uint8_t* at() const { return at_; }

  template <class T>
  T Read() {
    T value = 0;
    if (!Take(sizeof value)) return 0;
    memcpy(&value, at_ - sizeof value, sizeof value);
    return value;
  }
  uint64_t Unsigned() {
    uint64_t value = 0;
    for (unsigned shift = 0; ok_; shift += 7) {
      const uint8_t byte = Read<uint8_t>();
      if (shift < 64) value |= uint64_t(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    return value;
  }
  int64_t Signed() {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0x80;
    for (; ok_ && (byte & 0x80); shift += 7) {
      byte = Read<uint8_t>();
      if (shift < 64) value |= uint64_t(byte & 0x7f) << shift;
    }
    if (shift < 64 && (byte & 0x40)) value |= ~uint64_t(0) << shift;
    return int64_t(value);
  }
  // An address in one of the two encodings that code is told in.
  uint64_t Address(uint8_t encoding) {
    const uint64_t here = reinterpret_cast<uint64_t>(at_);
    switch (encoding) {
      case kRelative4:
        return here + uint64_t(int64_t(Read<int32_t>()));
      case kRelative8:
        return here + Read<uint64_t>();
      case kAbsolute:
        return Read<uint64_t>();
      default:
        break;
    }
    ok_ = false;
    return 0;
  }
  uint64_t Length(uint8_t encoding) { return encoding == kRelative4 ? Read<uint32_t>() : Read<uint64_t>(); }
  bool Take(uint64_t size) {
    if (!ok_ || size > uint64_t(end_ - at_)) return ok_ = false;
    at_ += size;
    return true;
  }
  // Ends earlier. REQUIRES: ok().
  bool Cut(uint64_t size) {
    if (!ok_ || size > uint64_t(end_ - at_)) return ok_ = false;
    end_ = at_ + size;
    return true;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

// One entry of .eh_frame, behind its length.
struct Entry {
  Cursor rest;
  const uint8_t* id_place;
  uint32_t id;
};

bool OpenEntry(const Readable& tables, const uint8_t* at, Entry* entry) {
  if (!tables.Has(at, 8)) return false;
  Cursor cursor(at, tables.end);
  const uint32_t length = cursor.Read<uint32_t>();
  if (length < 4 || length == 0xffffffff || !cursor.Cut(length)) return false;
  entry->id_place = cursor.at();
  entry->id = cursor.Read<uint32_t>();
  entry->rest = cursor;
  return cursor.ok();
}

// What many functions' tables have in common.
struct Common {
  uint64_t code_align = 1;
  int64_t data_align = 1;
  uint8_t encoding = kAbsolute;
  bool has_length = false;  // of augmentation data
  bool signal = false;      // its frames are of interrupted code, not of a caller
  Cursor instructions{nullptr, nullptr};
};

bool ReadCommon(const Readable& tables, const uint8_t* at, Common* common) {
  Entry entry{Cursor(nullptr, nullptr), nullptr, 0};
  if (!OpenEntry(tables, at, &entry) || entry.id != 0) return false;
  Cursor& c = entry.rest;
  const uint8_t version = c.Read<uint8_t>();
  if (version != 1 && version != 3) return false;
  char augmentation[8] = {};
  for (size_t i = 0; i < sizeof augmentation; ++i) {
    augmentation[i] = char(c.Read<uint8_t>());
    if (!augmentation[i]) break;
  }
  if (augmentation[sizeof augmentation - 1]) return false;
  common->code_align = c.Unsigned();
  common->data_align = c.Signed();
  if ((version == 1 ? c.Read<uint8_t>() : c.Unsigned()) != kReturnAddress) return false;
  if (augmentation[0] && augmentation[0] != 'z') return false;
  const uint8_t* end = nullptr;
  if (augmentation[0]) {
    const uint64_t length = c.Unsigned();
    Cursor ahead = c;
    if (!ahead.Take(length)) return false;
    end = ahead.at();
    common->has_length = true;
    for (const char* letter = augmentation + 1; *letter; ++letter) {
      if (*letter == 'R') common->encoding = c.Read<uint8_t>();
      else if (*letter == 'L') c.Read<uint8_t>();
      else if (*letter == 'S') common->signal = true;
      else if (*letter == 'P') c.Take(SizeOf(c.Read<uint8_t>()));
      else return false;
    }
    if (!c.ok() || c.at() > end) return false;
    c.Take(uint64_t(end - c.at()));
  }
  common->instructions = c;
  return c.ok();
}

// Where the registers that matter are, at one place in the code.
struct Row {
  uint64_t cfa_register = 0;  // kOther: by a rule that is not understood
  int64_t cfa_offset = 0;
  bool cfa_is_word = false;  // the word at that place
  SavedBp bp = SavedBp::kSame;
  int64_t bp_offset = 0;
  bool bp_known = true;
  bool return_known = true;
};
constexpr uint64_t kOther = ~uint64_t(0);

// Runs the instructions of a table up to the row for one place.
class Machine {
 public:
  Machine(const Common& common, uint64_t start, uint64_t pc) : common_(common), location_(start), pc_(pc) {}

  // False when an instruction is not known.
  bool Run(Cursor code) {
    while (code.more() && location_ <= pc_) {
      const uint8_t byte = code.Read<uint8_t>();
      if (!Step(code, byte)) return false;
    }
    return code.ok();
  }
  void EndCommonPart() { initial_ = row_; }
  const Row& row() const { return row_; }

 private:
  // Run ends once a row begins behind pc: the one before it is the one asked for.
  bool Advance(uint64_t delta) {
    location_ += delta * common_.code_align;
    return true;
  }

  bool Step(Cursor& c, uint8_t byte) {
    const uint8_t low = byte & 0x3f;
    switch (byte & 0xc0) {
      case 0x40:
        return Advance(low);
      case 0x80:
        return SetOffset(low, Scaled(c.Unsigned()));
      case 0xc0:
        return Restore(low);
      default:
        break;
    }
    return low <= 0x0b ? StepMove(c, low) : StepDefine(c, low);
  }

  bool StepMove(Cursor& c, uint8_t op) {
    switch (op) {
      case 0x00:  // nop
        return true;
      case 0x01:  // set_loc
        location_ = c.Address(common_.encoding);
        return true;
      case 0x02:
        return Advance(c.Read<uint8_t>());
      case 0x03:
        return Advance(c.Read<uint16_t>());
      case 0x04:
        return Advance(c.Read<uint32_t>());
      case 0x05: {  // offset_extended
        const uint64_t reg = c.Unsigned();
        return SetOffset(reg, Scaled(c.Unsigned()));
      }
      case 0x06:
        return Restore(c.Unsigned());
      case 0x07:  // undefined
        return Lose(c.Unsigned());
      case 0x08: {  // same_value
        const uint64_t reg = c.Unsigned();
        if (reg == kRbp) SetBp(SavedBp::kSame, 0);
        return reg == kReturnAddress ? Lose(reg) : true;
      }
      case 0x09: {  // register
        const uint64_t reg = c.Unsigned();
        c.Unsigned();
        return Lose(reg);
      }
      case 0x0a:  // remember_state
        if (remembered_ == kMaxRemembered) return false;
        stack_[remembered_++] = row_;
        return true;
      case 0x0b:  // restore_state
        if (remembered_ == 0) return false;
        row_ = stack_[--remembered_];
        return true;
      default:
        return false;
    }
  }

  bool StepDefine(Cursor& c, uint8_t op) {
    switch (op) {
      case 0x0c: {  // def_cfa
        const uint64_t reg = c.Unsigned();
        return SetCfa(reg, int64_t(c.Unsigned()), false);
      }
      case 0x0d:  // def_cfa_register
        return SetCfa(c.Unsigned(), row_.cfa_offset, false);
      case 0x0e:  // def_cfa_offset
        row_.cfa_offset = int64_t(c.Unsigned());
        return true;
      case 0x0f:
        return CfaExpression(c);
      case 0x10: {  // expression
        const uint64_t reg = c.Unsigned();
        return Expression(c, reg);
      }
      case 0x11: {  // offset_extended_sf
        const uint64_t reg = c.Unsigned();
        return SetOffset(reg, Scaled(uint64_t(c.Signed())));
      }
      case 0x12: {  // def_cfa_sf
        const uint64_t reg = c.Unsigned();
        return SetCfa(reg, Scaled(uint64_t(c.Signed())), false);
      }
      case 0x13:  // def_cfa_offset_sf
        row_.cfa_offset = Scaled(uint64_t(c.Signed()));
        return true;
      case 0x14:    // val_offset
      case 0x15: {  // val_offset_sf
        const uint64_t reg = c.Unsigned();
        c.Unsigned();
        return Lose(reg);
      }
      case 0x16: {  // val_expression
        const uint64_t reg = c.Unsigned();
        c.Take(c.Unsigned());
        return Lose(reg);
      }
      case 0x2e:  // GNU_args_size
        c.Unsigned();
        return true;
      default:
        return false;
    }
  }

  // A number in the unit of the tables. Hostile ones may overflow, and then are wrong in some other way.
  int64_t Scaled(uint64_t number) const { return int64_t(number * uint64_t(common_.data_align)); }

  bool SetCfa(uint64_t reg, int64_t offset, bool is_word) {
    row_.cfa_register = reg;
    row_.cfa_offset = offset;
    row_.cfa_is_word = is_word;
    return true;
  }
  void SetBp(SavedBp where, int64_t offset) {
    row_.bp = where;
    row_.bp_offset = offset;
    row_.bp_known = true;
  }
  bool SetOffset(uint64_t reg, int64_t offset) {
    if (reg == kRbp) SetBp(SavedBp::kAtCfa, offset);
    if (reg == kReturnAddress) row_.return_known = offset == -8;
    return true;
  }
  bool Lose(uint64_t reg) {
    if (reg == kRbp) row_.bp_known = false;
    if (reg == kReturnAddress) row_.return_known = false;
    return true;
  }
  bool Restore(uint64_t reg) {
    if (reg == kRbp) SetBp(initial_.bp, initial_.bp_offset);
    if (reg == kReturnAddress) row_.return_known = initial_.return_known;
    return true;
  }

  // Of expressions, the two that functions which align their stack anew are described by: a register plus an offset ...
  static bool BpPlus(Cursor& c, int64_t* offset) {
    if (c.Read<uint8_t>() != 0x70 + kRbp) return false;
    *offset = c.Signed();
    return c.ok();
  }
  // ... as the place of a saved register,
  bool Expression(Cursor& c, uint64_t reg) {
    Cursor inner = c;
    const uint64_t length = inner.Unsigned();
    c = inner;
    int64_t offset = 0;
    const bool simple = inner.Cut(length) && BpPlus(inner, &offset) && !inner.more();
    if (simple && reg == kRbp) SetBp(SavedBp::kAtBp, offset);
    else Lose(reg);
    return c.Take(length);
  }
  // and the word there as the CFA.
  bool CfaExpression(Cursor& c) {
    Cursor inner = c;
    const uint64_t length = inner.Unsigned();
    c = inner;
    int64_t offset = 0;
    const bool simple = inner.Cut(length) && BpPlus(inner, &offset) && inner.Read<uint8_t>() == 0x06 && !inner.more();
    SetCfa(simple ? kRbp : kOther, offset, simple);
    return c.Take(length);
  }

  const Common& common_;
  uint64_t location_;
  uint64_t pc_;
  Row row_, initial_;
  Row stack_[kMaxRemembered];
  int remembered_ = 0;
};

UnwindRule RuleOf(const Row& row) {
  UnwindRule rule;
  if (!row.return_known || !row.bp_known) return rule;
  if (row.cfa_offset > kMostCfaOffset || row.cfa_offset < -kMostCfaOffset) return rule;
  if (row.bp_offset > kMostBpOffset || row.bp_offset < -kMostBpOffset) return rule;
  rule.cfa_offset = int32_t(row.cfa_offset);
  rule.bp = row.bp;
  rule.bp_offset = int32_t(row.bp_offset);
  if (row.cfa_register == kRsp && !row.cfa_is_word) rule.cfa = Cfa::kSp;
  if (row.cfa_register == kRbp) rule.cfa = row.cfa_is_word ? Cfa::kAtBp : Cfa::kBp;
  return rule.cfa != Cfa::kNone && FitsRule(rule) ? rule : UnwindRule();
}

// The place of the table for `pc`: .eh_frame_hdr is sorted by the beginnings of functions. Null: none.
const uint8_t* FindEntry(const Readable& tables, const uint8_t* header, uint64_t pc) {
  struct Line {
    int32_t code, entry;  // both relative to the header
  };
  if (!tables.Has(header, 12)) return nullptr;
  if (header[0] != 1 || header[1] != kRelative4 || header[2] != kUnsigned4 || header[3] != kTable) return nullptr;
  uint32_t count;
  memcpy(&count, header + 8, sizeof count);
  const uint8_t* lines = header + 12;
  if (count == 0 || !tables.Has(lines, size_t(count) * sizeof(Line))) return nullptr;
  const int64_t target = int64_t(pc - reinterpret_cast<uint64_t>(header));
  uint32_t low = 0, high = count;  // the last line at or before pc is in [low, high)
  Line line;
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    memcpy(&line, lines + size_t(middle) * sizeof line, sizeof line);
    if (line.code <= target) low = middle;
    else high = middle;
  }
  memcpy(&line, lines + size_t(low) * sizeof line, sizeof line);
  const uint64_t entry = reinterpret_cast<uint64_t>(header) + uint64_t(int64_t(line.entry));
  return line.code <= target ? reinterpret_cast<const uint8_t*>(entry) : nullptr;
}

}  // namespace

uint64_t PackRule(const UnwindRule& rule) {
  return uint64_t(rule.cfa) | uint64_t(rule.bp) << 3 | uint64_t(rule.own) << 5 | uint64_t(rule.interpreter) << 6 |
         (uint64_t(int64_t(rule.bp_offset / 8)) & 0x7ff) << 7 |
         (uint64_t(int64_t(rule.cfa_offset / 8)) & 0x3fffffff) << 18;
}

bool FitsRule(const UnwindRule& rule) {
  if (rule.cfa_offset % 8 || rule.bp_offset % 8) return false;
  return UnpackRule(PackRule(rule)) == rule;
}

bool FindRule(const Readable& tables, const uint8_t* eh_frame_hdr, uint64_t pc, UnwindRule* rule) {
  const uint8_t* at = FindEntry(tables, eh_frame_hdr, pc);
  Entry entry{Cursor(nullptr, nullptr), nullptr, 0};
  if (!at || !OpenEntry(tables, at, &entry) || entry.id == 0) return false;
  if (entry.id > uint64_t(entry.id_place - tables.begin)) return false;
  Common common;
  if (!ReadCommon(tables, entry.id_place - entry.id, &common)) return false;
  Cursor& c = entry.rest;
  const uint64_t start = c.Address(common.encoding);
  const uint64_t size = c.Length(common.encoding);
  if (!c.ok() || pc - start >= size) return false;
  if (common.has_length) c.Take(c.Unsigned());
  const bool own = rule->own, interpreter = rule->interpreter;
  Machine machine(common, start, pc);
  *rule = UnwindRule();
  if (!common.signal && machine.Run(common.instructions)) {
    machine.EndCommonPart();
    if (machine.Run(c)) *rule = RuleOf(machine.row());
  }
  rule->own = own;
  rule->interpreter = interpreter;
  return true;
}

}  // namespace limpet::agent
