#include "interchange/parquet_column.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "interchange/parquet_format.h"
#include "interchange/rle_hybrid.h"
#include "interchange/thrift_compact.h"

namespace limpet::interchange {
namespace {

constexpr int kGzipFormat = 15 + 16;  // the largest window, with gzip's header
constexpr size_t kLengthBytes = 4;    // before each text

std::string Gzip(std::string_view bytes) {
  z_stream stream = {};
  const int begun = deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY);
  LIMPET_CHECK(begun == Z_OK, "no memory for packing");
  std::string packed(deflateBound(&stream, bytes.size()), 0);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
  stream.avail_in = uInt(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = uInt(packed.size());
  const int done = deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  LIMPET_CHECK(done == Z_STREAM_END, "deflateBound said how much room is enough");
  return packed;
}

void AppendLittleEndian(std::string* out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out->push_back(char(value >> 8 * i));
}

void AppendText(std::string* out, std::string_view text) {
  AppendLittleEndian(out, text.size(), kLengthBytes);
  *out += text;
}

}  // namespace

struct ParquetColumnBuffer::Page {
  int32_t type = parquet::kDataPage;
  int32_t encoding = parquet::kPlain;
  size_t values = 0;
  std::string bytes;
};

void ParquetColumnBuffer::AddNumber(int64_t value) {
  LIMPET_DCHECK(column_.type == ParquetType::kNumber);
  numbers_.push_back(value);
  if (column_.optional) present_.push_back(1);
  ++rows_;
}

void ParquetColumnBuffer::AddText(std::string_view text) {
  LIMPET_DCHECK(column_.type == ParquetType::kText);
  auto at = index_of_.find(text);
  if (at == index_of_.end()) {
    texts_.emplace_back(text);
    at = index_of_.insert({texts_.back(), uint32_t(texts_.size() - 1)}).first;
    dictionary_bytes_ += kLengthBytes + text.size();
  }
  indices_.push_back(at->second);
  plain_bytes_ += kLengthBytes + text.size();
  if (column_.optional) present_.push_back(1);
  ++rows_;
}

void ParquetColumnBuffer::AddNull() {
  LIMPET_CHECK(column_.optional);
  present_.push_back(0);
  ++rows_;
}

bool ParquetColumnBuffer::DictionaryPays() const {
  if (texts_.empty()) return false;
  return dictionary_bytes_ + indices_.size() * BitWidth(uint32_t(texts_.size() - 1)) / 8 < plain_bytes_;
}

// Which rows of an optional column have a value, and the size of that.
std::string ParquetColumnBuffer::Levels() const {
  std::string levels, bytes;
  if (!column_.optional) return bytes;
  AppendRleHybrid(&levels, present_, 1);
  AppendLittleEndian(&bytes, levels.size(), 4);
  return bytes + levels;
}

void ParquetColumnBuffer::AppendValues(std::string* out, bool dictionary) const {
  if (dictionary) {
    const uint32_t width = BitWidth(uint32_t(texts_.size() - 1));
    out->push_back(char(width));
    AppendRleHybrid(out, indices_, width);
    return;
  }
  out->reserve(out->size() + numbers_.size() * sizeof(int64_t) + plain_bytes_);
  for (const int64_t number : numbers_) AppendLittleEndian(out, uint64_t(number), sizeof(number));
  for (const uint32_t index : indices_) AppendText(out, texts_[index]);
}

void ParquetColumnBuffer::Put(const Page& page, ParquetChunk* chunk, Sink* sink) {
  const std::string packed = Gzip(page.bytes);
  std::string head;
  {
    const bool data = page.type == parquet::kDataPage;
    ThriftStruct header(&head);
    header.Int32(parquet::kPageType, page.type);
    header.Int32(parquet::kPagePlainSize, int32_t(page.bytes.size()));
    header.Int32(parquet::kPagePackedSize, int32_t(packed.size()));
    ThriftStruct content = header.Struct(data ? parquet::kPageData : parquet::kPageDictionary);
    content.Int32(parquet::kContentValues, int32_t(page.values));
    content.Int32(parquet::kContentEncoding, page.encoding);
    if (data) {
      content.Int32(parquet::kContentDefinitionLevels, parquet::kRle);
      content.Int32(parquet::kContentRepetitionLevels, parquet::kRle);
    }
  }
  sink->Write(head);
  sink->Write(packed);
  chunk->packed_bytes += head.size() + packed.size();
  chunk->plain_bytes += head.size() + page.bytes.size();
}

ParquetChunk ParquetColumnBuffer::Write(uint64_t offset, Sink* sink) {
  ParquetChunk chunk;
  chunk.rows = rows_;
  chunk.nulls = rows_ - numbers_.size() - indices_.size();
  if (!numbers_.empty()) {
    const auto [least, most] = std::minmax_element(numbers_.begin(), numbers_.end());
    chunk.least = *least;
    chunk.most = *most;
  }
  const bool dictionary = DictionaryPays();
  if (dictionary) {
    chunk.dictionary = offset;
    Page page = {.type = parquet::kDictionaryPage, .values = texts_.size(), .bytes = {}};
    page.bytes.reserve(dictionary_bytes_);
    for (const std::string& text : texts_) AppendText(&page.bytes, text);
    Put(page, &chunk, sink);
  }
  chunk.data = offset + chunk.packed_bytes;
  Page page = {.encoding = dictionary ? parquet::kRleDictionary : parquet::kPlain, .values = rows_, .bytes = Levels()};
  AppendValues(&page.bytes, dictionary);
  Put(page, &chunk, sink);
  *this = ParquetColumnBuffer(std::move(column_));
  return chunk;
}

}  // namespace limpet::interchange
