// The tables of a `data` file as arrays: the block directory followed, every count held against the blocks that are really there.
#ifndef LIMPET_CAPTURE_TABLE_FILE_H_
#define LIMPET_CAPTURE_TABLE_FILE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/status.h"
#include "capture/byte_source.h"
#include "capture/format.h"
#include "capture/problem_log.h"

namespace limpet::capture {

// "cells", "image peak A": for messages.
const char* TableName(Table table);

// A copy of one table. Parts that the file does not hold are zero, and Has() is false for records in them.
template <typename Record>
struct Records {
  std::vector<Record> items;
  std::vector<std::pair<size_t, size_t>> missing;  // [first, end), ascending

  size_t size() const { return items.size(); }
  const Record& operator[](size_t i) const { return items[i]; }
  bool Has(size_t i) const {
    if (i >= items.size()) return false;
    const auto after =
        std::partition_point(missing.begin(), missing.end(), [i](const auto& range) { return range.second <= i; });
    return after == missing.end() || i < after->first;
  }
};

class TableFile {
 public:
  // Checks that the file is ours. `place` names it in messages. `source` and `problems` must outlive the TableFile.
  static Result<TableFile> Open(const ByteSource& source, const std::string& place, ProblemLog& problems);

  // The header as of now; the file may be growing. Append-only tables that hold what is referred to are therefore to be loaded after
  // those that refer to it: then all that is referred to is there.
  FileHeader ReadHeader() const;
  // The header as it was at Open.
  const FileHeader& header() const { return header_; }
  bool may_change() const { return source_->may_change(); }

  // The records of a table, as many as the header counts now. For image tables, as many as `count` says.
  template <typename Record>
  Records<Record> Load(Table table) const {
    return LoadAs<Record>(table, ReadHeader().counts[size_t(table)]);
  }
  template <typename Record>
  Records<Record> LoadImage(Table table, uint32_t count) const {
    return LoadAs<Record>(table, count);
  }
  // The string table as bytes; an id is an offset into it, divided by 4.
  Records<char> LoadStrings() const;

 private:
  TableFile(const ByteSource& source, ProblemLog& problems) : source_(&source), problems_(&problems) {}

  // Which blocks of the file make up a table: element i is the block that holds part i, or 0 where there is none.
  std::vector<uint32_t> BlocksOf(Table table) const;
  void CheckHeader() const;
  // Copies `count` records; fewer where the blocks cannot hold them.
  template <typename Record>
  Records<Record> LoadAs(Table table, uint64_t count) const;
  // Copies one block; how many bytes of it the file holds.
  size_t ReadBlock(uint32_t block, void* to, size_t size) const;
  void ReportMissing(Table table, size_t first, size_t end) const;

  const ByteSource* source_;
  ProblemLog* problems_;
  FileHeader header_{};
};

template <typename Record>
Records<Record> TableFile::LoadAs(Table table, uint64_t count) const {
  static_assert(std::is_trivially_copyable_v<Record>);
  constexpr size_t kPerBlock = kBlockSize / sizeof(Record);
  Records<Record> records;
  const std::vector<uint32_t> blocks = BlocksOf(table);
  const size_t room = blocks.size() * kPerBlock;
  if (count > room) ReportMissing(table, room, size_t(count));
  records.items.resize(size_t(count < room ? count : room));
  for (size_t part = 0; part * kPerBlock < records.size(); ++part) {
    const size_t first = part * kPerBlock;
    const size_t end = first + kPerBlock < records.size() ? first + kPerBlock : records.size();
    const size_t wanted = (end - first) * sizeof(Record);
    const size_t got = blocks[part] == 0 ? 0 : ReadBlock(blocks[part], &records.items[first], wanted);
    if (got == wanted) continue;
    const size_t first_missing = first + got / sizeof(Record);
    for (size_t i = first_missing; i < end; ++i) records.items[i] = Record{};
    if (!records.missing.empty() && records.missing.back().second == first_missing) {
      records.missing.back().second = end;
    } else {
      records.missing.emplace_back(first_missing, end);
    }
  }
  for (const auto& [first, end] : records.missing) ReportMissing(table, first, end);
  return records;
}

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_TABLE_FILE_H_
