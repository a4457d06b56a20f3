#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace limpet::base {
namespace {

TEST(FormatBytes, ShowsTwoDigitsOrMore) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 KB");
  EXPECT_EQ(FormatBytes(3'240'000), "3.2 MB");
  EXPECT_EQ(FormatBytes(9'949'999), "9.9 MB");
  EXPECT_EQ(FormatBytes(9'960'000), "10 MB");
  EXPECT_EQ(FormatBytes(58'400'000), "58 MB");
  EXPECT_EQ(FormatBytes(999'400'000), "999 MB");
  EXPECT_EQ(FormatBytes(999'600'000), "1.0 GB");
  EXPECT_EQ(FormatBytes(std::numeric_limits<uint64_t>::max()), "18 EB");
}

TEST(FormatSignedBytes, AlwaysShowsTheSign) {
  EXPECT_EQ(FormatSignedBytes(0), "0 B");
  EXPECT_EQ(FormatSignedBytes(41'000), "+41 KB");
  EXPECT_EQ(FormatSignedBytes(-41'000), "-41 KB");
  EXPECT_EQ(FormatSignedBytes(std::numeric_limits<int64_t>::min()), "-9.2 EB");
}

TEST(FormatCount, GroupsByThree) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1412), "1 412");
  EXPECT_EQ(FormatCount(12'000'000), "12 000 000");
}

TEST(FormatDuration, ShowsTheTwoLargestUnits) {
  constexpr uint64_t kSecond = 1'000'000'000;
  EXPECT_EQ(FormatDuration(0), "0 us");
  EXPECT_EQ(FormatDuration(350'000), "350 us");
  EXPECT_EQ(FormatDuration(999'900), "1 ms");
  EXPECT_EQ(FormatDuration(42'000'000), "42 ms");
  EXPECT_EQ(FormatDuration(4'200'000'000), "4.2 s");
  EXPECT_EQ(FormatDuration(42 * kSecond), "42 s");
  EXPECT_EQ(FormatDuration(59'600'000'000), "1 min");
  EXPECT_EQ(FormatDuration(200 * kSecond), "3 min 20 s");
  EXPECT_EQ(FormatDuration(3599'900'000'000), "1 h");
  EXPECT_EQ(FormatDuration((2 * 3600 + 5 * 60) * kSecond), "2 h 5 min");
  EXPECT_EQ(FormatDuration((3 * 24 + 4) * 3600 * kSecond), "3 d 4 h");
}

TEST(Plural, ChoosesTheWord) {
  EXPECT_EQ(Plural(1, "block"), "1 block");
  EXPECT_EQ(Plural(0, "block"), "0 blocks");
  EXPECT_EQ(Plural(1412, "block"), "1 412 blocks");
}

TEST(Utf8, LeavesWellFormedTextAlone) {
  for (const char* text : {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x90\x8c", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
    EXPECT_EQ(ReplaceInvalidUtf8(text), text);
  }
}

TEST(Utf8, ReplacesWhatIsMalformed) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(ReplaceInvalidUtf8("a\xff"
                               "b"),
            "a" + bad + "b");
  EXPECT_EQ(ReplaceInvalidUtf8("\xc3"), bad);                                // cut short
  EXPECT_EQ(ReplaceInvalidUtf8("\xe2\x82"), bad + bad);                      // cut short
  EXPECT_EQ(ReplaceInvalidUtf8("\xc0\xaf"), bad + bad);                      // longer than needed
  EXPECT_EQ(ReplaceInvalidUtf8("\xe0\x80\xaf"), bad + bad + bad);            // longer than needed
  EXPECT_EQ(ReplaceInvalidUtf8("\xed\xa0\x80"), bad + bad + bad);            // a surrogate
  EXPECT_EQ(ReplaceInvalidUtf8("\xf4\x90\x80\x80"), bad + bad + bad + bad);  // past U+10FFFF
  EXPECT_EQ(ReplaceInvalidUtf8("\x80x"), bad + "x");                         // a lone tail
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));
}

// Every sequence of up to three bytes, against a decoder that works from the definition of UTF-8.
bool IsValidByDefinition(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto byte = uint8_t(text[i]);
    const size_t length = byte < 0x80 ? 1 : byte >> 5 == 6 ? 2 : byte >> 4 == 14 ? 3 : byte >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? byte : byte & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) {
      if (uint8_t(text[i + k]) >> 6 != 2) return false;
      point = point << 6 | (uint8_t(text[i + k]) & 0x3f);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    i += length;
  }
  return true;
}

TEST(Utf8, AgreesWithTheDefinition) {
  // Of four bytes, the interesting values of each.
  const std::string values =
      std::string("\0\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3", 22) +
      "\xf4\xf5\xff";
  for (char a : values) {
    for (char b : values) {
      for (char c : values) {
        for (char d : values) {
          const std::string text = {a, b, c, d};
          ASSERT_EQ(IsValidUtf8(text), IsValidByDefinition(text));
          ASSERT_TRUE(IsValidByDefinition(ReplaceInvalidUtf8(text)));
        }
      }
    }
  }
}

}  // namespace
}  // namespace limpet::base
