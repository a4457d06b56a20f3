// The two encodings that Parquet files are made of, against bytes from their documents and against decoders that take no short cuts.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "interchange/parquet_test_reader.h"
#include "interchange/rle_hybrid.h"
#include "interchange/thrift_compact.h"

namespace limpet::interchange {
namespace {

using std::string_literals::operator""s;

std::string Folded(int64_t value) {
  std::string out;
  AppendFolded(&out, value);
  return out;
}

TEST(ThriftCompact, NumbersAreFoldedAndWrittenSevenBitsAByte) {
  EXPECT_EQ(Folded(0), "\x00"s);
  EXPECT_EQ(Folded(-1), "\x01");
  EXPECT_EQ(Folded(1), "\x02");
  EXPECT_EQ(Folded(63), "\x7e");
  EXPECT_EQ(Folded(64), "\x80\x01");
  EXPECT_EQ(Folded(25'000), "\xd0\x86\x03");  // 50 000, the example of the protocol's document
  EXPECT_EQ(Folded(std::numeric_limits<int64_t>::max()), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(Folded(std::numeric_limits<int64_t>::min()), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

RC_GTEST_PROP(ThriftCompact, NumbersComeBack, (int64_t value)) {
  const int64_t shifted = value >> *rc::gen::inRange(0, 64);  // large ones, too
  const std::string bytes = Folded(shifted);
  test::Bytes in(bytes);
  RC_ASSERT(in.Folded() == shifted);
  RC_ASSERT(in.empty());
}

TEST(ThriftCompact, AStructIsDistancesAndTypesAndEndsWithZero) {
  std::string bytes;
  {
    ThriftStruct outer(&bytes);
    outer.Int32(1, 3);
    {
      ThriftStruct inner = outer.Struct(5);
      inner.Int64(15, -1);
    }
    outer.Binary(7, "ab");
    outer.Struct(8);
  }
  EXPECT_EQ(bytes, "\x15\x06\x4c\xf6\x01\x00\x28\x02\x61\x62\x1c\x00\x00"s);
}

TEST(ThriftCompact, ListsTellTheirSizeInTheHeadUpToFourteen) {
  for (const size_t size : {0, 1, 14, 15, 16, 1000}) {
    std::string bytes;
    {
      ThriftStruct outer(&bytes);
      outer.List(2, ThriftType::kBinary, size);
      for (size_t i = 0; i < size; ++i) AppendBinary(&bytes, std::to_string(i));
    }
    EXPECT_EQ(uint8_t(bytes[1]), size < 15 ? size << 4 | 8 : 0xf8);
    test::Bytes in(bytes);
    const test::Thrift read = test::ReadThrift(&in);
    ASSERT_TRUE(in.empty());
    ASSERT_EQ(read.at(2, 9).list.size(), size);
    for (size_t i = 0; i < size; ++i) EXPECT_EQ(read.at(2, 9).list[i].text, std::to_string(i));
  }
}

std::string Hybrid(const std::vector<uint32_t>& values, uint32_t width) {
  std::string out;
  AppendRleHybrid(&out, values, width);
  return out;
}

TEST(RleHybrid, ExamplesOfTheFormatAndOfTheHeader) {
  EXPECT_EQ(Hybrid({0, 1, 2, 3, 4, 5, 6, 7}, 3), "\x03\x88\xc6\xfa");
  EXPECT_EQ(Hybrid({4, 4, 4, 4, 4, 4, 4, 4, 4, 1, 2}, 3), "\x12\x04\x03\x11\x00\x00"s);
  EXPECT_EQ(Hybrid({}, 1), "");
  EXPECT_EQ(Hybrid(std::vector<uint32_t>(100, 0x12345), 17), "\xc8\x01\x45\x23\x01");
}

TEST(RleHybrid, WidthsAreThoseOfTheLargestValue) {
  EXPECT_EQ(BitWidth(0), 1u);
  EXPECT_EQ(BitWidth(1), 1u);
  EXPECT_EQ(BitWidth(2), 2u);
  EXPECT_EQ(BitWidth(255), 8u);
  EXPECT_EQ(BitWidth(256), 9u);
  EXPECT_EQ(BitWidth(0xffffffff), 32u);
}

RC_GTEST_PROP(RleHybrid, ValuesComeBack, ()) {
  const auto width = *rc::gen::inRange<uint32_t>(1, 33);
  std::vector<uint32_t> values;
  const auto runs = *rc::gen::container<std::vector<std::pair<uint32_t, size_t>>>(rc::gen::pair(
      rc::gen::arbitrary<uint32_t>(),
      rc::gen::weightedOneOf<size_t>({{3, rc::gen::just<size_t>(1)}, {2, rc::gen::inRange<size_t>(1, 40)}})));
  for (const auto& [value, count] : runs)
    values.insert(values.end(), count, uint32_t(value & ((uint64_t{1} << width) - 1)));
  const std::string bytes = Hybrid(values, width);
  RC_ASSERT(test::ReadRleHybrid(bytes, values.size(), width) == values);
  // Never more than all values packed, but for the heads of runs and groups.
  RC_ASSERT(bytes.size() <= (values.size() + 7) / 8 * width + 6 * (runs.size() + 1));
}

}  // namespace
}  // namespace limpet::interchange
