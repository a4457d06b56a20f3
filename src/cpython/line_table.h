// Decodes a code object's co_linetable: which source range each instruction came from.
//
// The table is a sequence of entries that cover the instructions in order. Each entry begins with a byte
//
//     1 cccc lll      lll + 1 code units are covered; cccc says how the range is written:
//
//      0..9   same line; one byte  sss eeee: column = cccc * 8 + sss (3 bits), end column = column + eeee
//     10..12  line += cccc - 10; two bytes: column, end column
//     13      line += signed varint; no columns
//     14      line += signed varint; varints: end line - line, column + 1, end column + 1
//     15      no location
//
// and the bytes that follow all have their top bit clear. A varint is six bits a byte, lowest first, with bit 6 set on
// all but the last; a signed one keeps its sign in bit 0. Lines are relative to co_firstlineno. The same from 3.11 to
// 3.15.
//
// Nothing here allocates or trusts: a table that breaks the rules ends the reading, and each step consumes at least a
// byte.
#ifndef LIMPET_CPYTHON_LINE_TABLE_H_
#define LIMPET_CPYTHON_LINE_TABLE_H_

#include <cstddef>
#include <cstdint>

namespace limpet::cpython {

// A stretch of source. Lines count from 1, and 0 stands for "none"; columns count UTF-8 bytes from 0, -1 for "none".
struct SourceRange {
  int32_t line = 0;
  int32_t end_line = 0;
  int32_t column = -1;
  int32_t end_column = -1;

  friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

class LineTableReader {
 public:
  // `table` are the bytes of co_linetable, `first_line` is co_firstlineno.
  LineTableReader(const uint8_t* table, size_t size, int32_t first_line)
      : next_(table), end_(table + size), line_(first_line) {}

  // Goes to the next entry; false at the end of the table or where it is damaged (then damaged() is true).
  bool Next();

  // The entry's instructions, as byte offsets into the code: [begin, end).
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_offset_; }
  const SourceRange& range() const { return range_; }
  bool damaged() const { return damaged_; }

 private:
  bool ReadByte(uint32_t* value);
  bool ReadVarint(int64_t* value);
  bool ReadLineDelta();
  bool ReadRange(int form);

  const uint8_t* next_;
  const uint8_t* end_;
  int64_t line_;
  uint64_t begin_ = 0;
  uint64_t end_offset_ = 0;
  SourceRange range_;
  bool damaged_ = false;
};

// The source range of the instruction at byte offset `offset` of the code (lasti times the size of a code unit). A
// negative offset is a frame that has not begun, which counts as the first line. Returns false, and an empty range,
// when the table does not cover the offset or is damaged before it.
bool FindSourceRange(const uint8_t* table, size_t size, int32_t first_line, int64_t offset, SourceRange* range);

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_LINE_TABLE_H_
