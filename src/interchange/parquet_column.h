// A column of a Parquet file, and the part of it that lies in one row group (a chunk): collected here, then written as pages.
//
//     texts that repeat       a dictionary page (each text once), a data page of indices into it
//     numbers, other texts    a data page of the values
//
// Each page is packed by gzip and has a head in Thrift's compact protocol before it.
#ifndef LIMPET_INTERCHANGE_PARQUET_COLUMN_H_
#define LIMPET_INTERCHANGE_PARQUET_COLUMN_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tsl/robin_map.h>

#include "interchange/sink.h"

namespace limpet::interchange {

enum class ParquetType : uint8_t { kNumber, kText };  // INT64, UTF8

struct ParquetColumn {
  std::string name;
  ParquetType type = ParquetType::kNumber;
  bool optional = false;  // may be null
};

// Where a chunk lies and what is in it, as the footer has to tell it.
struct ParquetChunk {
  uint64_t rows = 0, nulls = 0;
  std::optional<int64_t> least, most;          // of numbers, if there is one
  std::optional<uint64_t> dictionary;          // where its page begins in the file
  uint64_t data = 0;                           // the same of the data page
  uint64_t packed_bytes = 0, plain_bytes = 0;  // of all its pages, with their heads

  uint64_t begin() const { return dictionary.value_or(data); }
};

class ParquetColumnBuffer {
 public:
  explicit ParquetColumnBuffer(ParquetColumn column) : column_(std::move(column)) {}

  const ParquetColumn& column() const { return column_; }

  // REQUIRES: the column is of that type; is optional.
  void AddNumber(int64_t value);
  void AddText(std::string_view text);
  void AddNull();

  // What is held of texts; each counts once.
  uint64_t text_bytes() const { return dictionary_bytes_; }

  // Writes what was collected, to `offset` of the file, and begins anew.
  ParquetChunk Write(uint64_t offset, Sink* sink);

 private:
  struct Page;
  bool DictionaryPays() const;
  std::string Levels() const;
  void AppendValues(std::string* out, bool dictionary) const;
  static void Put(const Page& page, ParquetChunk* chunk, Sink* sink);

  ParquetColumn column_;
  uint64_t rows_ = 0;
  std::vector<uint32_t> present_;  // of an optional column, by row: 0 for null
  std::vector<int64_t> numbers_;
  std::vector<uint32_t> indices_;                        // of texts, by row that is not null
  std::deque<std::string> texts_;                        // those that differ; they stay where they are
  tsl::robin_map<std::string_view, uint32_t> index_of_;  // over texts_
  // As plain values are written: the texts that differ, and all of them.
  uint64_t dictionary_bytes_ = 0, plain_bytes_ = 0;
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_PARQUET_COLUMN_H_
