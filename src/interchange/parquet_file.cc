#include "interchange/parquet_file.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "interchange/parquet_format.h"
#include "interchange/thrift_compact.h"

namespace limpet::interchange {
namespace {

std::string LittleEndian(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out.push_back(char(value >> 8 * i));
  return out;
}

int32_t TypeOf(const ParquetColumn& column) {
  return column.type == ParquetType::kNumber ? parquet::kInt64 : parquet::kByteArray;
}

}  // namespace

ParquetFile::ParquetFile(const std::vector<ParquetColumn>& columns, ParquetAbout about, Sink* sink,
                         ParquetLimits limits)
    : about_(std::move(about)), sink_(sink), limits_(limits) {
  columns_.reserve(columns.size());
  for (const ParquetColumn& column : columns) columns_.emplace_back(column);
  sink_->Write(parquet::kMagic);
  offset_ = parquet::kMagic.size();
}

ParquetColumnBuffer& ParquetFile::NextCell(ParquetType type) {
  LIMPET_CHECK(cell_ < columns_.size() && columns_[cell_].column().type == type, "a cell of another column");
  return columns_[cell_++];
}

void ParquetFile::Number(uint64_t value) {
  NextCell(ParquetType::kNumber).AddNumber(int64_t(std::min<uint64_t>(value, std::numeric_limits<int64_t>::max())));
}

void ParquetFile::Text(std::string_view text) {
  text = text.substr(0, limits_.text);
  ParquetColumnBuffer& column = NextCell(ParquetType::kText);
  if (base::IsValidUtf8(text)) column.AddText(text);
  else column.AddText(base::ReplaceInvalidUtf8(text));
}

void ParquetFile::Null() {
  LIMPET_CHECK(cell_ < columns_.size());
  columns_[cell_++].AddNull();
}

void ParquetFile::EndRow() {
  LIMPET_CHECK(cell_ == columns_.size(), "a row lacks cells");
  cell_ = 0;
  ++rows_;
  uint64_t text_bytes = 0;
  for (const ParquetColumnBuffer& column : columns_) text_bytes += column.text_bytes();
  if (rows_ >= limits_.rows || text_bytes >= limits_.text_bytes) EndGroup();
}

void ParquetFile::EndGroup() {
  Group group = {.rows = rows_, .chunks = {}};
  for (ParquetColumnBuffer& column : columns_) {
    group.chunks.push_back(column.Write(offset_, sink_));
    offset_ += group.chunks.back().packed_bytes;
  }
  groups_.push_back(std::move(group));
  rows_ = 0;
}

void ParquetFile::PutSchema(std::string* out) const {
  {
    ThriftStruct root(out);
    root.Binary(parquet::kElementName, "schema");
    root.Int32(parquet::kElementChildren, int32_t(columns_.size()));
  }
  for (const ParquetColumnBuffer& buffer : columns_) {
    const ParquetColumn& column = buffer.column();
    ThriftStruct element(out);
    element.Int32(parquet::kElementType, TypeOf(column));
    element.Int32(parquet::kElementRepetition, column.optional ? parquet::kOptional : parquet::kRequired);
    element.Binary(parquet::kElementName, column.name);
    if (column.type != ParquetType::kText) continue;
    element.Int32(parquet::kElementConverted, parquet::kUtf8);
    ThriftStruct logical = element.Struct(parquet::kElementLogical);
    logical.Struct(parquet::kLogicalString);
  }
}

void ParquetFile::PutChunk(const ParquetColumn& column, const ParquetChunk& chunk, std::string* out) const {
  ThriftStruct place(out);
  place.Int64(parquet::kChunkFileOffset, 0);  // deprecated, and required
  ThriftStruct meta = place.Struct(parquet::kChunkMetaData);
  meta.Int32(parquet::kColumnType, TypeOf(column));
  meta.List(parquet::kColumnEncodings, ThriftType::kInt32, chunk.dictionary ? 3 : 2);
  AppendFolded(out, parquet::kPlain);
  AppendFolded(out, parquet::kRle);
  if (chunk.dictionary) AppendFolded(out, parquet::kRleDictionary);
  meta.List(parquet::kColumnPath, ThriftType::kBinary, 1);
  AppendBinary(out, column.name);
  meta.Int32(parquet::kColumnCodec, parquet::kGzip);
  meta.Int64(parquet::kColumnValues, int64_t(chunk.rows));
  meta.Int64(parquet::kColumnPlainBytes, int64_t(chunk.plain_bytes));
  meta.Int64(parquet::kColumnPackedBytes, int64_t(chunk.packed_bytes));
  meta.Int64(parquet::kColumnDataOffset, int64_t(chunk.data));
  if (chunk.dictionary) meta.Int64(parquet::kColumnDictionaryOffset, int64_t(*chunk.dictionary));
  ThriftStruct statistics = meta.Struct(parquet::kColumnStatistics);
  statistics.Int64(parquet::kStatisticsNulls, int64_t(chunk.nulls));
  if (chunk.least) {
    statistics.Binary(parquet::kStatisticsMost, LittleEndian(uint64_t(*chunk.most), sizeof(int64_t)));
    statistics.Binary(parquet::kStatisticsLeast, LittleEndian(uint64_t(*chunk.least), sizeof(int64_t)));
  }
}

void ParquetFile::PutGroup(const Group& group, std::string* out) const {
  uint64_t packed_bytes = 0, plain_bytes = 0;
  for (const ParquetChunk& chunk : group.chunks) {
    packed_bytes += chunk.packed_bytes;
    plain_bytes += chunk.plain_bytes;
  }
  ThriftStruct row_group(out);
  row_group.List(parquet::kGroupColumns, ThriftType::kStruct, group.chunks.size());
  for (size_t i = 0; i < group.chunks.size(); ++i) PutChunk(columns_[i].column(), group.chunks[i], out);
  row_group.Int64(parquet::kGroupPlainBytes, int64_t(plain_bytes));
  row_group.Int64(parquet::kGroupRows, int64_t(group.rows));
  row_group.Int64(parquet::kGroupOffset, int64_t(group.chunks.front().begin()));
  row_group.Int64(parquet::kGroupPackedBytes, int64_t(packed_bytes));
}

void ParquetFile::PutFooter(std::string* out) const {
  uint64_t rows = 0;
  for (const Group& group : groups_) rows += group.rows;
  ThriftStruct file(out);
  file.Int32(parquet::kFileVersion, parquet::kVersion);
  file.List(parquet::kFileSchema, ThriftType::kStruct, 1 + columns_.size());
  PutSchema(out);
  file.Int64(parquet::kFileRows, int64_t(rows));
  file.List(parquet::kFileGroups, ThriftType::kStruct, groups_.size());
  for (const Group& group : groups_) PutGroup(group, out);
  file.List(parquet::kFileKeyValues, ThriftType::kStruct, 1);
  {
    ThriftStruct pair(out);
    pair.Binary(parquet::kKey, "schema");
    pair.Binary(parquet::kValue, about_.schema);
  }
  file.Binary(parquet::kFileCreatedBy, fmt::format("limpet version {}", about_.version));
  // Statistics mean nothing without an order: that of the type.
  file.List(parquet::kFileColumnOrders, ThriftType::kStruct, columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    ThriftStruct order(out);
    order.Struct(parquet::kTypeOrder);
  }
}

void ParquetFile::Finish() {
  LIMPET_CHECK(cell_ == 0, "a row has no end");
  if (rows_ > 0) EndGroup();
  std::string footer;
  PutFooter(&footer);
  sink_->Write(footer);
  sink_->Write(LittleEndian(footer.size(), 4));
  sink_->Write(parquet::kMagic);
}

}  // namespace limpet::interchange
