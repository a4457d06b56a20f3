// That the tables of Parquet files come back cell by cell. That other people's readers agree is tested in tests/export.
#include "interchange/parquet_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "interchange/parquet_test_reader.h"
#include "interchange/test_places.h"

namespace limpet::interchange {
namespace {

namespace fs = std::filesystem;
using test::Cell;
using test::TestTable;
using testing::Each;
using testing::ElementsAre;
using enum ParquetType;

const ParquetAbout kAbout = {.schema = "a.table/1", .version = "1.2.3"};

std::string Bytes(const std::vector<ParquetColumn>& columns, const std::function<void(ParquetFile*)>& fill,
                  ParquetLimits limits = {}) {
  const std::string path = Place("table.parquet").string();
  Result<Sink> sink = Sink::Open(path, Packing::kNone);
  ParquetFile file(columns, kAbout, &*sink, limits);
  fill(&file);
  file.Finish();
  EXPECT_TRUE(sink->Finish().ok());
  const std::string bytes = *base::ReadFile(path);
  fs::remove(path);
  return bytes;
}

TestTable Table(const std::vector<ParquetColumn>& columns, const std::function<void(ParquetFile*)>& fill,
                ParquetLimits limits = {}) {
  const std::string bytes = Bytes(columns, fill, limits);
  return test::TestReader(bytes).Read();
}

void Put(const Cell& cell, ParquetFile* file) {
  if (const auto* number = std::get_if<int64_t>(&cell)) file->Number(uint64_t(*number));
  else if (const auto* text = std::get_if<std::string>(&cell)) file->Text(*text);
  else file->Null();
}

rc::Gen<Cell> AnyCell(const ParquetColumn& column, bool few) {
  const auto number =
      rc::gen::map(rc::gen::arbitrary<uint64_t>(), [few](uint64_t n) { return Cell(int64_t(few ? n % 3 : n >> 1)); });
  const auto text = rc::gen::map(rc::gen::arbitrary<std::string>(), [few](const std::string& t) {
    return Cell(base::ReplaceInvalidUtf8(few ? t.substr(0, 1) : t));
  });
  const rc::Gen<Cell> value = column.type == kNumber ? rc::Gen<Cell>(number) : rc::Gen<Cell>(text);
  if (!column.optional) return value;
  return rc::gen::weightedOneOf<Cell>({{1, rc::gen::just(Cell())}, {2, value}});
}

RC_GTEST_PROP(ParquetFile, AnyTableComesBack, ()) {
  std::vector<ParquetColumn> columns;
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i)
    columns.push_back({std::to_string(i), *rc::gen::element(kNumber, kText), *rc::gen::arbitrary<bool>()});
  const ParquetLimits limits = {.rows = *rc::gen::inRange<uint64_t>(1, 30),
                                .text_bytes = *rc::gen::inRange<uint64_t>(1, 400)};
  const auto rows = *rc::gen::inRange<size_t>(0, 100);
  std::vector<std::vector<Cell>> cells;  // by column
  for (const ParquetColumn& column : columns)
    cells.push_back(*rc::gen::container<std::vector<Cell>>(rows, AnyCell(column, *rc::gen::arbitrary<bool>())));
  const TestTable table = Table(
      columns,
      [&](ParquetFile* file) {
        for (size_t row = 0; row < rows; ++row) {
          for (const auto& column : cells) Put(column[row], file);
          file->EndRow();
        }
      },
      limits);
  RC_ASSERT(table.columns.size() == columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    RC_ASSERT(table.columns[i].name == columns[i].name);
    RC_ASSERT(table.columns[i].text == (columns[i].type == kText));
    RC_ASSERT(table.columns[i].optional == columns[i].optional);
    RC_ASSERT(table.columns[i].cells == cells[i]);
  }
  RC_ASSERT(table.group_rows.size() >= (rows + limits.rows - 1) / limits.rows);
}

TEST(ParquetFile, ATableWithoutRowsHasItsColumns) {
  const TestTable table = Table({{"pid", kNumber}, {"type", kText, true}}, [](ParquetFile*) {});
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[1].name, "type");
  EXPECT_TRUE(table.columns[1].cells.empty() && table.group_rows.empty());
  EXPECT_EQ(table.schema, "a.table/1");
  EXPECT_EQ(table.created_by, "limpet version 1.2.3");
}

TEST(ParquetFile, RowGroupsEndAtTheirLimits) {
  const auto numbers = [](ParquetFile* file) {
    for (uint64_t i = 0; i < 10; ++i) {
      file->Number(i);
      file->EndRow();
    }
  };
  EXPECT_THAT(Table({{"n", kNumber}}, numbers, {.rows = 4}).group_rows, ElementsAre(4, 4, 2));
  EXPECT_THAT(Table({{"n", kNumber}}, numbers, {.rows = 5}).group_rows, ElementsAre(5, 5));
  const auto texts = [](ParquetFile* file) {
    for (int i = 0; i < 9; ++i) {
      file->Text(std::string(96, char('a' + i / 3)));  // 100 bytes with their length, and each thrice
      file->EndRow();
    }
  };
  EXPECT_THAT(Table({{"t", kText}}, texts, {.text_bytes = 200}).group_rows, ElementsAre(4, 3, 2));  // each counts anew
}

TEST(ParquetFile, TextsThatRepeatAreWrittenOnce) {
  std::string name(200, 0);
  uint32_t seed = 1;
  for (char& c : name) c = char('!' + (seed = seed * 1103515245 + 12345) / 65536 % 90);  // nothing for gzip
  const auto fill = [&](ParquetFile* file) {
    for (uint64_t i = 0; i < 2000; ++i) {
      file->Text(i % 2 ? name : "b");
      file->Text(std::to_string(i * 7919));
      file->EndRow();
    }
  };
  const std::vector<ParquetColumn> columns = {{"repeats", kText}, {"differs", kText}};
  const TestTable table = Table(columns, fill);
  EXPECT_THAT(table.columns[0].dictionary, Each(true));
  EXPECT_THAT(table.columns[1].dictionary, Each(false));
  EXPECT_LT(Bytes({columns[0], columns[0]},
                  [&](ParquetFile* file) {
                    for (uint64_t i = 0; i < 2000; ++i) {
                      file->Text(i % 2 ? name : "b");
                      file->Text("b");
                      file->EndRow();
                    }
                  })
                .size(),
            1500u);
}

TEST(ParquetFile, AColumnMayBeNullThroughout) {
  const TestTable table = Table({{"t", kText, true}, {"n", kNumber, true}}, [](ParquetFile* file) {
    for (int i = 0; i < 20; ++i) {
      file->Null();
      file->Null();
      file->EndRow();
    }
  });
  EXPECT_EQ(table.columns[0].cells, std::vector<Cell>(20));
  EXPECT_EQ(table.columns[1].cells, std::vector<Cell>(20));
}

TEST(ParquetFile, WhatTheFormatCannotHoldIsMadeToFit) {
  const TestTable table = Table({{"n", kNumber}, {"t", kText}},
                                [](ParquetFile* file) {
                                  file->Number(std::numeric_limits<uint64_t>::max());
                                  file->Text("no \xff UTF-8");
                                  file->EndRow();
                                  file->Number(uint64_t{1} << 62);
                                  file->Text("0123456789abcd\xc3\xa9");  // cut within the last letter
                                  file->EndRow();
                                },
                                {.text = 15});
  EXPECT_THAT(table.columns[0].cells, ElementsAre(Cell(std::numeric_limits<int64_t>::max()), Cell(int64_t{1} << 62)));
  EXPECT_THAT(table.columns[1].cells, ElementsAre(Cell("no \xef\xbf\xbd UTF-8"), Cell("0123456789abcd\xef\xbf\xbd")));
}

TEST(ParquetFile, AFullDiskIsTold) {
  Result<Sink> sink = Sink::Open("/dev/full", Packing::kNone);
  ASSERT_TRUE(sink.ok());
  ParquetFile file({{"n", kNumber}}, kAbout, &*sink, {.rows = 10});
  for (uint64_t i = 0; i < 100'000; ++i) {
    file.Number(i);
    file.EndRow();
  }
  file.Finish();
  EXPECT_THAT(sink->Finish().message(), testing::HasSubstr("No space left"));
}

// The most memory that it takes to write a table of `rows` rows.
size_t TablePeakBytes(uint64_t rows) {
  return PeakBytes([&] {
    Result<Sink> sink = Sink::Open("/dev/null", Packing::kNone);
    ParquetFile file({{"n", kNumber}, {"t", kText}, {"u", kText}}, kAbout, &*sink);
    for (uint64_t i = 0; i < rows; ++i) {
      file.Number(i);
      file.Text(std::to_string(i * 7919) + std::string(400, 'x'));
      file.Text(i % 3 ? "a" : "b");
      file.EndRow();
    }
    file.Finish();
    return sink->Finish().ok();
  });
}

TEST(ParquetFile, MemoryIsThatOfARowGroup) {
  const size_t small = TablePeakBytes(50'000), large = TablePeakBytes(200'000);  // 20 and 80 MB of text
  std::printf("%zu and %zu MB at most\n", small >> 20, large >> 20);
  EXPECT_GT(small, size_t{16} << 20);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(large, small + (size_t{16} << 20));
#endif
}

}  // namespace
}  // namespace limpet::interchange
