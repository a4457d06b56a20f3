#include "diagnose/pace.h"

#include <gtest/gtest.h>

namespace limpet::diagnose {
namespace {

TEST(Pace, ReadsRatesAsPeopleWriteThem) {
  struct Case {
    const char* text;
    double amount;
    bool objects, per_iteration;
  };
  for (const Case& one : {Case{"1MB/h", 1e6 / 3600, false, false}, Case{" 10 KB / iteration ", 10e3, false, true},
                          Case{"500/s", 500, true, false}, Case{"2.5 objects/min", 2.5 / 60, true, false},
                          Case{"1mib/Day", 1048576.0 / 86400, false, false}, Case{"0B/s", 0, false, false},
                          Case{"3/iter", 3, true, true}}) {
    const Result<GrowthLimit> limit = ParseGrowthLimit(one.text);
    ASSERT_TRUE(limit.ok()) << one.text;
    EXPECT_DOUBLE_EQ(limit->amount, one.amount) << one.text;
    EXPECT_EQ(limit->objects, one.objects) << one.text;
    EXPECT_EQ(limit->per_iteration, one.per_iteration) << one.text;
  }
  for (const char* wrong : {"", "fast", "1MB", "/s", "-1MB/h", "1MB/", "1 parsec/s", "1MB/fortnight", "nan/s", "inf/s"})
    EXPECT_FALSE(ParseGrowthLimit(wrong).ok()) << wrong;
}

TEST(Pace, ReadsSizes) {
  EXPECT_EQ(ParseSize("10MB").value(), 10'000'000u);
  EXPECT_EQ(ParseSize("1.5 KiB").value(), 1536u);
  EXPECT_EQ(ParseSize("4096").value(), 4096u);
  for (const char* wrong : {"", "MB", "10 MB/s", "-3", "1e400", "99999999999TB"})
    EXPECT_FALSE(ParseSize(wrong).ok()) << wrong;
}

TEST(Pace, ComparesByTheBestMeasureThatBothHave) {
  Pace one = {.bytes_per_second = 100,
              .objects_per_second = 1,
              .bytes_per_iteration = {},
              .objects_per_iteration = {},
              .bytes_per_volume = 0};
  Pace two = one;
  two.bytes_per_second = 300;
  EXPECT_EQ(Compare(one, two)->measure, Measure::kSecond);
  EXPECT_DOUBLE_EQ(Compare(one, two)->value, 3);
  one.bytes_per_volume = two.bytes_per_volume = 0.01;
  EXPECT_EQ(Compare(one, two)->measure, Measure::kVolume);  // three times the load
  EXPECT_DOUBLE_EQ(Compare(one, two)->value, 1);
  one.bytes_per_iteration = 10;
  EXPECT_EQ(Compare(one, two)->measure, Measure::kVolume);
  two.bytes_per_iteration = 5;
  EXPECT_EQ(Compare(one, two)->measure, Measure::kIteration);
  EXPECT_DOUBLE_EQ(Compare(one, two)->value, 0.5);
  EXPECT_FALSE(Compare({}, two));
}

TEST(Pace, IsToldInTheUnitOfTheLimit) {
  const GrowthLimit hour = ParseGrowthLimit("1MB/h").value();
  EXPECT_EQ(FormatIn(hour, 1000), "+3.6 MB/h");
  EXPECT_EQ(FormatIn(ParseGrowthLimit("500/min").value(), 100), "+6 000 objects/min");
  EXPECT_EQ(FormatIn(ParseGrowthLimit("1KB/iteration").value(), 12'000), "+12 KB/iteration");
}

}  // namespace
}  // namespace limpet::diagnose
