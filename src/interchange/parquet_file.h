// Tables as Parquet files, written row by row (github.com/apache/parquet-format, data pages of version 1).
//
//     ParquetFile file({{"pid", ParquetType::kNumber}, {"type", ParquetType::kText}}, {.schema = "limpet.types/1"}, sink);
//     file.Number(4711);
//     file.Text("app.Session");
//     file.EndRow();
//     file.Finish();
//
//     PAR1 | row group: chunk of pid, chunk of type | row group ... | footer: columns, where each chunk lies | its size | PAR1
//
// A row group is collected in memory and then written, so memory is that of one row group, however long the table is. Nothing is gone back to:
// the file may be a pipe.
#ifndef LIMPET_INTERCHANGE_PARQUET_FILE_H_
#define LIMPET_INTERCHANGE_PARQUET_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interchange/parquet_column.h"
#include "interchange/sink.h"

namespace limpet::interchange {

struct ParquetAbout {
  std::string schema;   // what the columns mean: told as the file's metadata `schema`
  std::string version;  // of limpet
};

struct ParquetLimits {
  uint64_t rows = uint64_t{1} << 17;        // of a row group
  uint64_t text_bytes = uint64_t{1} << 24;  // of a row group's texts, each counted once; the last row may go beyond
  size_t text = size_t{1} << 28;            // longer ones are cut: a page has less than 2 GB
};

class ParquetFile {
 public:
  ParquetFile(const std::vector<ParquetColumn>& columns, ParquetAbout about, Sink* sink, ParquetLimits limits = {});

  // The next cell of a row. REQUIRES: it is of the column's type.
  void Number(uint64_t value);       // those from 2^63 on become 2^63 - 1
  void Text(std::string_view text);  // bytes that are not UTF-8 become U+FFFD
  void Null();
  // REQUIRES: all cells of the row are there.
  void EndRow();

  // The rest, and the footer.
  void Finish();

 private:
  struct Group {
    uint64_t rows = 0;
    std::vector<ParquetChunk> chunks;
  };
  ParquetColumnBuffer& NextCell(ParquetType type);
  void EndGroup();
  void PutSchema(std::string* out) const;
  void PutGroup(const Group& group, std::string* out) const;
  void PutChunk(const ParquetColumn& column, const ParquetChunk& chunk, std::string* out) const;
  void PutFooter(std::string* out) const;

  std::vector<ParquetColumnBuffer> columns_;
  ParquetAbout about_;
  Sink* sink_;
  ParquetLimits limits_;
  std::vector<Group> groups_;
  size_t cell_ = 0;
  uint64_t rows_ = 0;    // of the row group
  uint64_t offset_ = 0;  // in the file
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_PARQUET_FILE_H_
