// Any bytes as a line table. Checks what callers rely on besides memory safety: entries are contiguous, reading ends,
// and FindSourceRange agrees with reading entry by entry.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "cpython/line_table.h"

using limpet::cpython::FindSourceRange;
using limpet::cpython::LineTableReader;
using limpet::cpython::SourceRange;

namespace {

void Require(bool holds) {
  if (!holds) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const int32_t first_line = data[0];
  const std::vector<uint8_t> table(data + 1, data + size);  // exact, so that reading past the end is seen
  LineTableReader reader(table.data(), table.size(), first_line);
  uint64_t end = 0;
  size_t entries = 0;
  while (reader.Next()) {
    Require(reader.begin() == end && reader.end() > end);
    Require(++entries <= table.size());
    end = reader.end();
    if (entries > 64) continue;  // quadratic below
    SourceRange found;
    Require(FindSourceRange(table.data(), table.size(), first_line, int64_t(reader.begin()), &found));
    Require(found == reader.range());
    Require(FindSourceRange(table.data(), table.size(), first_line, int64_t(end) - 1, &found));
    Require(found == reader.range());
  }
  SourceRange found;
  Require(!FindSourceRange(table.data(), table.size(), first_line, int64_t(end), &found) && found == SourceRange{});
  return 0;
}
