#include "cpython/line_table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace limpet::cpython {
namespace {

using Bytes = std::vector<uint8_t>;

// What an entry says, before it is written down.
struct Entry {
  int units = 1;
  int form = 15;
  int line_delta = 0;
  int line_count = 0;
  int column = 0;
  int end_column = 0;
};

void WriteVarint(Bytes* to, uint32_t value) {
  for (; value >= 64; value >>= 6) to->push_back(uint8_t(64 | (value & 63)));
  to->push_back(uint8_t(value));
}

void WriteSigned(Bytes* to, int value) {
  WriteVarint(to, value < 0 ? (uint32_t(-int64_t{value}) << 1) | 1 : uint32_t(value) << 1);
}

// Writes the table as the description in line_table.h has it.
Bytes Write(const std::vector<Entry>& entries) {
  Bytes bytes;
  for (const Entry& entry : entries) {
    bytes.push_back(uint8_t(0x80 | entry.form << 3 | (entry.units - 1)));
    if (entry.form < 10) {
      bytes.push_back(uint8_t((entry.column & 7) << 4 | (entry.end_column - entry.column)));
    } else if (entry.form < 13) {
      bytes.push_back(uint8_t(entry.column));
      bytes.push_back(uint8_t(entry.end_column));
    } else if (entry.form < 15) {
      WriteSigned(&bytes, entry.line_delta);
      if (entry.form == 14) {
        WriteVarint(&bytes, uint32_t(entry.line_count));
        WriteVarint(&bytes, uint32_t(entry.column + 1));
        WriteVarint(&bytes, uint32_t(entry.end_column + 1));
      }
    }
  }
  return bytes;
}

// The range of every code unit: one element a unit, in order. The model that the reader is held against.
std::vector<SourceRange> Expand(const std::vector<Entry>& entries, int first_line) {
  std::vector<SourceRange> ranges;
  int line = first_line;
  for (const Entry& entry : entries) {
    line += entry.line_delta;
    SourceRange range{line, line + entry.line_count, entry.column, entry.end_column};
    if (entry.form == 13) range.column = range.end_column = -1;
    if (entry.form == 15) range = SourceRange{};
    ranges.insert(ranges.end(), size_t(entry.units), range);
  }
  return ranges;
}

rc::Gen<Entry> AnyEntry() {
  return rc::gen::exec([] {
    Entry entry;
    entry.units = *rc::gen::inRange(1, 9);
    entry.form = *rc::gen::inRange(0, 16);
    if (entry.form < 10) {
      entry.column = entry.form * 8 + *rc::gen::inRange(0, 8);
      entry.end_column = entry.column + *rc::gen::inRange(0, 16);
    } else if (entry.form < 13) {
      entry.line_delta = entry.form - 10;
      entry.column = *rc::gen::inRange(0, 128);
      entry.end_column = *rc::gen::inRange(0, 128);
    } else if (entry.form < 15) {
      entry.line_delta = *rc::gen::inRange(-70000, 70000);
      if (entry.form == 14) {
        entry.line_count = *rc::gen::inRange(0, 5000);
        entry.column = *rc::gen::inRange(-1, 300000);
        entry.end_column = *rc::gen::inRange(-1, 300000);
      }
    }
    return entry;
  });
}

SourceRange Find(const Bytes& table, int first_line, int64_t offset) {
  SourceRange range;
  FindSourceRange(table.data(), table.size(), first_line, offset, &range);
  return range;
}

RC_GTEST_PROP(LineTable, FindsWhatWasWritten, ()) {
  const auto entries = *rc::gen::container<std::vector<Entry>>(AnyEntry());
  const int first_line = *rc::gen::inRange(0, 100000);
  const Bytes table = Write(entries);
  const auto expected = Expand(entries, first_line);
  for (size_t unit = 0; unit < expected.size(); ++unit) {
    RC_ASSERT(Find(table, first_line, int64_t(unit) * 2) == expected[unit]);
    RC_ASSERT(Find(table, first_line, int64_t(unit) * 2 + 1) == expected[unit]);
  }
  SourceRange range;
  RC_ASSERT(!FindSourceRange(table.data(), table.size(), first_line, int64_t(expected.size()) * 2, &range));
}

// Whatever the bytes are: entries are contiguous, every step uses up a byte, and nothing outside the table is read (the
// vector is exact, so the address sanitizer would see it).
RC_GTEST_PROP(LineTable, EndsOnAnyBytes, (const Bytes& table)) {
  LineTableReader reader(table.data(), table.size(), 1);
  size_t steps = 0;
  uint64_t end = 0;
  while (reader.Next()) {
    RC_ASSERT(reader.begin() == end);
    RC_ASSERT(reader.end() > end);
    end = reader.end();
    ++steps;
  }
  RC_ASSERT(steps <= table.size());
  RC_ASSERT(!reader.Next());
}

RC_GTEST_PROP(LineTable, CutTablesAreDamagedOrShorter, ()) {
  const auto entries = *rc::gen::nonEmpty(rc::gen::container<std::vector<Entry>>(AnyEntry()));
  const Bytes whole = Write(entries);
  const auto expected = Expand(entries, 7);
  const size_t kept = *rc::gen::inRange<size_t>(0, whole.size());
  LineTableReader reader(whole.data(), kept, 7);
  while (reader.Next()) RC_ASSERT(reader.range() == expected[reader.begin() / 2]);
  RC_ASSERT(reader.damaged() || reader.end() < expected.size() * 2);
}

TEST(LineTable, AFrameThatHasNotBegunIsOnTheFirstLine) { EXPECT_EQ(Find({}, 12, -2), (SourceRange{12, 12, -1, -1})); }

TEST(LineTable, AnEmptyTableCoversNothing) {
  SourceRange range;
  EXPECT_FALSE(FindSourceRange(nullptr, 0, 1, 0, &range));
}

TEST(LineTable, RefusesAnEntryWithoutItsMark) {
  const Bytes table = {0x00, 0x80};
  LineTableReader reader(table.data(), table.size(), 1);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.damaged());
}

TEST(LineTable, RefusesAMarkInsideAnEntry) {
  const Bytes table = {0x80 | 11 << 3, 0x05, 0x85};
  LineTableReader reader(table.data(), table.size(), 1);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.damaged());
}

TEST(LineTable, RefusesNumbersThatNeverEnd) {
  Bytes table = {0x80 | 13 << 3};
  table.insert(table.end(), 100, 0x7f);
  LineTableReader reader(table.data(), table.size(), 1);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.damaged());
}

TEST(LineTable, RefusesLinesPastTheRangeOfInt) {
  Bytes table;
  for (int i = 0; i < 3; ++i) {
    table.push_back(0x80 | 13 << 3);
    WriteVarint(&table, 0x7ffffffeu);  // + (2^30 - 1) lines
  }
  LineTableReader reader(table.data(), table.size(), 1);
  EXPECT_TRUE(reader.Next());
  EXPECT_TRUE(reader.Next());
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.damaged());
}

}  // namespace
}  // namespace limpet::cpython
