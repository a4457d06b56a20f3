// For tests: reads Parquet files back. Written from the format's documents and shares nothing with the writer; slow, and strict where tools
// are lenient: pages lie one behind the other without a gap, sizes and statistics are those of what is there. It throws at the first thing
// that is not so.
#ifndef LIMPET_INTERCHANGE_PARQUET_TEST_READER_H_
#define LIMPET_INTERCHANGE_PARQUET_TEST_READER_H_

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace limpet::interchange::test {

inline void Expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  size_t left() const { return bytes_.size(); }
  std::string_view Take(size_t count) {
    Expect(count <= bytes_.size(), "bytes end early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  uint8_t Byte() { return uint8_t(Take(1)[0]); }
  uint64_t LittleEndian(size_t count) {
    uint64_t value = 0;
    std::memcpy(&value, Take(count).data(), count);
    return value;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      Expect(shift < 64, "a varint without an end");
      const uint8_t byte = Byte();
      value += uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  }
  int64_t Folded() {
    const uint64_t folded = Varint();
    return folded % 2 == 0 ? int64_t(folded / 2) : -int64_t(folded / 2) - 1;
  }

 private:
  std::string_view bytes_;
};

// Anything in Thrift's compact protocol.
struct Thrift {
  int type = 0;  // 5, 6: number; 8: text; 9: list; 12: struct
  int64_t number = 0;
  std::string text;
  std::vector<Thrift> list;
  std::map<int, Thrift> fields;

  bool has(int field) const { return fields.count(field) != 0; }
  const Thrift& at(int field, int of_type) const {
    Expect(has(field), "a field is not there");
    Expect(fields.at(field).type == of_type, "a field is of another type");
    return fields.at(field);
  }
  int64_t Int32(int field) const { return at(field, 5).number; }
  int64_t Int64(int field) const { return at(field, 6).number; }
};

inline Thrift ReadThrift(Bytes* in, int type = 12) {
  Thrift value;
  value.type = type;
  if (type == 5 || type == 6) {
    value.number = in->Folded();
  } else if (type == 8) {
    value.text = in->Take(in->Varint());
  } else if (type == 9) {
    const uint8_t head = in->Byte();
    const uint64_t size = head >> 4 == 15 ? in->Varint() : head >> 4;
    for (uint64_t i = 0; i < size; ++i) value.list.push_back(ReadThrift(in, head & 15));
  } else {
    Expect(type == 12, "no type that is written");
    int field = 0;
    while (const uint8_t head = in->Byte()) {
      Expect(head >> 4 != 0, "fields apart by more than 15");
      field += head >> 4;
      value.fields[field] = ReadThrift(in, head & 15);
    }
  }
  return value;
}

// `count` values; all of `in` belongs to them.
inline std::vector<uint32_t> ReadRleHybrid(std::string_view bytes, size_t count, uint32_t width) {
  std::vector<uint32_t> values;
  Bytes in(bytes);
  while (values.size() < count) {
    const uint64_t head = in.Varint();
    if (head % 2 == 0) {
      Expect(head > 0 && head / 2 <= count - values.size(), "a run of too many values, or of none");
      values.insert(values.end(), head / 2, uint32_t(in.LittleEndian((width + 7) / 8)));
      continue;
    }
    Expect(head / 2 * 8 < count - values.size() + 8, "more groups than there are values");
    const std::string_view packed = in.Take(head / 2 * width);
    for (size_t i = 0; i < head / 2 * 8; ++i) {
      uint32_t value = 0;
      for (size_t bit = 0; bit < width; ++bit) {
        const size_t at = i * width + bit;
        value |= uint32_t{uint8_t(packed[at / 8]) >> at % 8 & 1u} << bit;
      }
      if (values.size() < count) values.push_back(value);
      else Expect(value == 0, "filled up with something");
    }
  }
  Expect(in.empty(), "more than the values");
  return values;
}

using Cell = std::variant<std::monostate, int64_t, std::string>;  // null, number, text

struct TestColumn {
  std::string name;
  bool text = false, optional = false;
  std::vector<Cell> cells;
  std::vector<bool> dictionary;  // by row group: whether there is one
};

struct TestTable {
  std::vector<TestColumn> columns;
  std::vector<int64_t> group_rows;
  std::string schema, created_by;
};

class TestReader {
 public:
  explicit TestReader(std::string_view file) : file_(file) {}

  TestTable Read() {
    Expect(file_.size() >= 12 && file_.substr(0, 4) == "PAR1" && file_.substr(file_.size() - 4) == "PAR1", "no magic");
    uint32_t size = 0;
    std::memcpy(&size, file_.data() + file_.size() - 8, 4);
    Expect(size <= file_.size() - 12, "a footer larger than the file");
    const uint64_t footer_at = file_.size() - 8 - size;
    Bytes in(file_.substr(footer_at, size));
    const Thrift footer = ReadThrift(&in);
    Expect(in.empty(), "bytes behind the footer");
    ReadSchema(footer.at(2, 9).list);
    at_ = 4;
    int64_t rows = 0;
    for (const Thrift& group : footer.at(4, 9).list) {
      ReadGroup(group);
      rows += table_.group_rows.back();
    }
    Expect(at_ == footer_at, "bytes between pages and footer");
    Expect(footer.Int32(1) == 1 && footer.Int64(3) == rows, "version or number of rows");
    table_.schema = footer.at(5, 9).list.at(0).at(2, 8).text;
    table_.created_by = footer.at(6, 8).text;
    Expect(footer.at(7, 9).list.size() == table_.columns.size(), "an order for each column");
    for (const Thrift& order : footer.at(7, 9).list) Expect(order.at(1, 12).fields.empty(), "the order of the type");
    return std::move(table_);
  }

 private:
  void ReadSchema(const std::vector<Thrift>& elements) {
    Expect(elements.at(0).Int32(5) == int64_t(elements.size()) - 1 && !elements[0].has(1), "the root");
    for (size_t i = 1; i < elements.size(); ++i) {
      const Thrift& element = elements[i];
      TestColumn column = {.name = element.at(4, 8).text,
                           .text = element.Int32(1) == 6,
                           .optional = element.Int32(3) == 1,
                           .cells = {},
                           .dictionary = {}};
      if (column.text)
        Expect(element.Int32(6) == 0 && element.at(10, 12).at(1, 12).fields.empty(), "UTF-8, said twice");
      else Expect(element.Int32(1) == 2 && !element.has(6) && !element.has(10), "INT64");
      table_.columns.push_back(std::move(column));
    }
  }

  void ReadGroup(const Thrift& group) {
    const uint64_t begin = at_;
    const std::vector<Thrift>& chunks = group.at(1, 9).list;
    Expect(chunks.size() == table_.columns.size(), "a chunk for each column");
    int64_t plain = 0;
    for (size_t i = 0; i < chunks.size(); ++i) {
      ReadChunk(chunks[i].at(3, 12), size_t(group.Int64(3)), &table_.columns[i]);
      plain += chunks[i].at(3, 12).Int64(6);
    }
    Expect(group.Int64(2) == plain && group.Int64(5) == int64_t(begin), "size and place of a row group");
    Expect(group.Int64(6) == int64_t(at_ - begin), "packed size of a row group");
    table_.group_rows.push_back(group.Int64(3));
  }

  struct Page {
    Thrift header;
    std::string bytes;
  };
  Page ReadPage() {
    Bytes in(file_.substr(at_));
    const Thrift header = ReadThrift(&in);
    const std::string_view packed = in.Take(size_t(header.Int32(3)));
    const uint64_t end = uint64_t(packed.data() + packed.size() - file_.data());
    Page page = {header, std::string(size_t(header.Int32(2)), 0)};
    z_stream stream = {};
    Expect(inflateInit2(&stream, 15 + 16) == Z_OK, "zlib");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = uInt(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(page.bytes.data());
    stream.avail_out = uInt(page.bytes.size());
    const int done = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    Expect(done == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0, "a page is not of its size");
    plain_ += int64_t(end - at_ - packed.size() + page.bytes.size());
    at_ = end;
    return page;
  }

  static std::string Text(Bytes* in) { return std::string(in->Take(in->LittleEndian(4))); }

  void ReadChunk(const Thrift& meta, size_t rows, TestColumn* column) {
    const uint64_t begin = at_;
    plain_ = 0;
    Expect(meta.Int32(1) == (column->text ? 6 : 2) && meta.at(3, 9).list.at(0).text == column->name, "another column");
    Expect(meta.Int32(4) == 2 && meta.Int64(5) == int64_t(rows), "gzip; a value for each row");
    std::vector<std::string> dictionary;
    if (meta.has(11)) {
      Expect(meta.Int64(11) == int64_t(at_), "place of the dictionary");
      const Page page = ReadPage();
      Expect(page.header.Int32(1) == 2 && page.header.at(7, 12).Int32(2) == 0, "a dictionary of plain values");
      Bytes in(page.bytes);
      for (int64_t i = page.header.at(7, 12).Int32(1); i > 0; --i) dictionary.push_back(Text(&in));
      Expect(in.empty(), "bytes behind the dictionary");
    }
    Expect(meta.Int64(9) == int64_t(at_), "place of the data");
    const Page page = ReadPage();
    const Thrift& head = page.header.at(5, 12);
    Expect(page.header.Int32(1) == 0 && head.Int32(1) == int64_t(rows), "a data page of all rows");
    Expect(head.Int32(2) == (meta.has(11) ? 8 : 0) && head.Int32(3) == 3 && head.Int32(4) == 3, "encodings");
    const std::vector<Cell> cells = Cells(page.bytes, rows, dictionary, meta.has(11), *column);
    Expect(meta.Int64(6) == plain_ && meta.Int64(7) == int64_t(at_ - begin), "sizes of a chunk");
    CheckStatistics(meta.at(12, 12), cells);
    std::vector<int64_t> encodings = meta.has(11) ? std::vector<int64_t>{0, 3, 8} : std::vector<int64_t>{0, 3};
    for (const Thrift& encoding : meta.at(2, 9).list) std::erase(encodings, encoding.number);
    Expect(encodings.empty(), "the encodings that were met");
    column->cells.insert(column->cells.end(), cells.begin(), cells.end());
    column->dictionary.push_back(meta.has(11));
  }

  static std::vector<Cell> Cells(std::string_view bytes, size_t rows, const std::vector<std::string>& dictionary,
                                 bool indexed, const TestColumn& column) {
    Bytes in(bytes);
    std::vector<uint32_t> present(rows, 1);
    if (column.optional) present = ReadRleHybrid(in.Take(in.LittleEndian(4)), rows, 1);
    const auto values = size_t(std::count(present.begin(), present.end(), 1u));
    std::vector<Cell> found;
    if (indexed) {
      const uint32_t width = in.Byte();
      const std::string_view rest = bytes.substr(bytes.size() - in.left());
      for (const uint32_t index : ReadRleHybrid(rest, values, width)) found.emplace_back(dictionary.at(index));
    } else {
      while (found.size() < values) {
        if (column.text) found.emplace_back(Text(&in));
        else found.emplace_back(int64_t(in.LittleEndian(8)));
      }
      Expect(in.empty(), "bytes behind the values");
    }
    std::vector<Cell> cells;
    auto next = found.begin();
    for (const uint32_t here : present) cells.push_back(here ? *next++ : Cell());
    return cells;
  }

  static void CheckStatistics(const Thrift& told, const std::vector<Cell>& cells) {
    int64_t nulls = 0;
    std::optional<int64_t> least, most;
    for (const Cell& cell : cells) {
      nulls += cell.index() == 0;
      if (const auto* number = std::get_if<int64_t>(&cell)) {
        least = std::min(least.value_or(*number), *number);
        most = std::max(most.value_or(*number), *number);
      }
    }
    Expect(told.Int64(3) == nulls && told.has(5) == most.has_value() && told.has(6) == least.has_value(), "statistics");
    if (!least) return;
    Expect(int64_t(Bytes(told.at(5, 8).text).LittleEndian(8)) == *most, "the most");
    Expect(int64_t(Bytes(told.at(6, 8).text).LittleEndian(8)) == *least, "the least");
  }

  std::string_view file_;
  uint64_t at_ = 0;    // where the next page begins
  int64_t plain_ = 0;  // of the chunk's pages so far
  TestTable table_;
};

}  // namespace limpet::interchange::test

#endif  // LIMPET_INTERCHANGE_PARQUET_TEST_READER_H_
