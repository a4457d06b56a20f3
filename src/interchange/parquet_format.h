// Numbers that the Parquet format gives to things: parquet.thrift in github.com/apache/parquet-format.
#ifndef LIMPET_INTERCHANGE_PARQUET_FORMAT_H_
#define LIMPET_INTERCHANGE_PARQUET_FORMAT_H_

#include <cstdint>
#include <string_view>

namespace limpet::interchange::parquet {

inline constexpr std::string_view kMagic = "PAR1";  // at both ends of the file
inline constexpr int32_t kVersion = 1;              // that all readers take; what is newer is told by each column

// Types of values, as they lie in pages.
inline constexpr int32_t kInt64 = 2;
inline constexpr int32_t kByteArray = 6;
inline constexpr int32_t kUtf8 = 0;  // what a kByteArray means

inline constexpr int32_t kRequired = 0;
inline constexpr int32_t kOptional = 1;

inline constexpr int32_t kPlain = 0;
inline constexpr int32_t kRle = 3;
inline constexpr int32_t kRleDictionary = 8;

inline constexpr int32_t kGzip = 2;

inline constexpr int32_t kDataPage = 0;
inline constexpr int32_t kDictionaryPage = 2;

// Fields of structs.
enum PageHeader { kPageType = 1, kPagePlainSize = 2, kPagePackedSize = 3, kPageData = 5, kPageDictionary = 7 };
enum PageContent {
  kContentValues = 1,
  kContentEncoding = 2,
  kContentDefinitionLevels = 3,
  kContentRepetitionLevels = 4
};
enum SchemaElement {
  kElementType = 1,
  kElementRepetition = 3,
  kElementName = 4,
  kElementChildren = 5,
  kElementConverted = 6,
  kElementLogical = 10,
};
enum LogicalType { kLogicalString = 1 };
enum Statistics { kStatisticsNulls = 3, kStatisticsMost = 5, kStatisticsLeast = 6 };
enum ColumnMetaData {
  kColumnType = 1,
  kColumnEncodings = 2,
  kColumnPath = 3,
  kColumnCodec = 4,
  kColumnValues = 5,
  kColumnPlainBytes = 6,
  kColumnPackedBytes = 7,
  kColumnDataOffset = 9,
  kColumnDictionaryOffset = 11,
  kColumnStatistics = 12,
};
enum ColumnChunk { kChunkFileOffset = 2, kChunkMetaData = 3 };
enum RowGroup { kGroupColumns = 1, kGroupPlainBytes = 2, kGroupRows = 3, kGroupOffset = 5, kGroupPackedBytes = 6 };
enum KeyValue { kKey = 1, kValue = 2 };
enum ColumnOrder { kTypeOrder = 1 };
enum FileMetaData {
  kFileVersion = 1,
  kFileSchema = 2,
  kFileRows = 3,
  kFileGroups = 4,
  kFileKeyValues = 5,
  kFileCreatedBy = 6,
  kFileColumnOrders = 7,
};

}  // namespace limpet::interchange::parquet

#endif  // LIMPET_INTERCHANGE_PARQUET_FORMAT_H_
