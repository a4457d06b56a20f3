#include "cpython/line_table.h"

namespace limpet::cpython {
namespace {

constexpr uint32_t kEntryBit = 0x80;
constexpr uint32_t kMoreBit = 0x40;
constexpr int kVarintBits = 6;
constexpr int kVarintMaxBytes = 6;  // 36 bits: more than a line or a column can have
constexpr int kCodeUnit = 2;
constexpr int64_t kMaxNumber = INT32_MAX;

enum Form { kFirstOneLine = 10, kNoColumns = 13, kLong = 14, kNoLocation = 15 };

}  // namespace

// A byte inside an entry.
bool LineTableReader::ReadByte(uint32_t* value) {
  if (next_ == end_ || (*next_ & kEntryBit) != 0) return false;
  *value = *next_++;
  return true;
}

bool LineTableReader::ReadVarint(int64_t* value) {
  *value = 0;
  for (int i = 0; i < kVarintMaxBytes; ++i) {
    uint32_t byte;
    if (!ReadByte(&byte)) return false;
    *value |= static_cast<int64_t>(byte & (kMoreBit - 1)) << (i * kVarintBits);
    if ((byte & kMoreBit) == 0) return true;
  }
  return false;
}

bool LineTableReader::ReadLineDelta() {
  int64_t value;
  if (!ReadVarint(&value)) return false;
  line_ += (value & 1) != 0 ? -(value >> 1) : value >> 1;
  return line_ >= -kMaxNumber && line_ <= kMaxNumber;
}

bool LineTableReader::ReadRange(int form) {
  range_ = SourceRange{};
  if (form == kNoLocation) return true;

  int64_t line_count = 0;
  int64_t column = -1;
  int64_t end_column = -1;
  uint32_t first;
  uint32_t second;
  if (form < kFirstOneLine) {
    if (!ReadByte(&first)) return false;
    column = form * 8 + (first >> 4);
    end_column = column + (first & 15);
  } else if (form < kNoColumns) {
    line_ += form - kFirstOneLine;
    if (!ReadByte(&first) || !ReadByte(&second)) return false;
    column = first;
    end_column = second;
  } else {
    if (!ReadLineDelta()) return false;
    if (form == kLong) {
      if (!ReadVarint(&line_count) || !ReadVarint(&column) || !ReadVarint(&end_column)) return false;
      --column;
      --end_column;
    }
  }
  if (line_ > kMaxNumber || line_ + line_count > kMaxNumber || column > kMaxNumber || end_column > kMaxNumber)
    return false;
  range_.line = static_cast<int32_t>(line_);
  range_.end_line = static_cast<int32_t>(line_ + line_count);
  range_.column = static_cast<int32_t>(column);
  range_.end_column = static_cast<int32_t>(end_column);
  return true;
}

bool LineTableReader::Next() {
  if (damaged_ || next_ == end_) return false;
  const uint32_t head = *next_++;
  begin_ = end_offset_;
  end_offset_ = begin_ + ((head & 7) + 1) * kCodeUnit;
  if ((head & kEntryBit) == 0 || !ReadRange(static_cast<int>(head >> 3) & 15)) {
    damaged_ = true;
    range_ = SourceRange{};
    return false;
  }
  return true;
}

bool FindSourceRange(const uint8_t* table, size_t size, int32_t first_line, int64_t offset, SourceRange* range) {
  *range = SourceRange{};
  if (offset < 0) {
    range->line = range->end_line = first_line;
    return true;
  }
  LineTableReader reader(table, size, first_line);
  while (reader.Next()) {
    if (static_cast<uint64_t>(offset) < reader.end()) {
      *range = reader.range();
      return true;
    }
  }
  return false;
}

}  // namespace limpet::cpython
