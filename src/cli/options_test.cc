#include "cli/options.h"

#include <gtest/gtest.h>

#include "fmt/format.h"

namespace limpet::cli {
namespace {

TEST(ParseDuration, TakesNumbersWithUnits) {
  EXPECT_EQ(ParseDuration("500ms"), 500u);
  EXPECT_EQ(ParseDuration("30s"), 30'000u);
  EXPECT_EQ(ParseDuration("5m"), 300'000u);
  EXPECT_EQ(ParseDuration("5min"), 300'000u);
  EXPECT_EQ(ParseDuration("2h"), 7'200'000u);
}

TEST(ParseDuration, RefusesAnythingElse) {
  for (const char* text :
       {"", "30", "s", "-3s", "0s", "3 s", "3.5s", "30sec", "99999999999999999999s", "auto", "3s "}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

TEST(Nearest, FindsMisspellingsOnly) {
  const std::vector<std::string> known = {"run", "report", "stats", "doctor", "help"};
  EXPECT_EQ(Nearest("rnu", known), "run");
  EXPECT_EQ(Nearest("reprot", known), "report");
  EXPECT_EQ(Nearest("stat", known), "stats");
  EXPECT_EQ(Nearest("doc", known), "doctor");
  EXPECT_EQ(Nearest("frobnicate", known), "");
  EXPECT_EQ(Nearest("bogus", known), "");
  EXPECT_EQ(Nearest("", known), "");
}

// What Parse returns for these arguments, with one flag, one value and one place.
struct Parsed {
  std::optional<int> done;
  bool flag = false;
  std::string value;
  std::string place;
  uint32_t count = 0;
};

Parsed ParseAll(const std::vector<std::string>& arguments) {
  Parsed parsed;
  CLI::App app("Does something.");
  Prepare(&app, "test", "[options] PLACE", "  limpet test here");
  app.add_flag("-q,--quiet", parsed.flag, "less");
  app.add_option("--value", parsed.value, "more");
  app.add_option("--count", parsed.count, "how many")->option_text("N");
  app.add_option("place", parsed.place, "where")->required()->option_text("PLACE");
  parsed.done = Parse(&app, arguments);
  return parsed;
}

TEST(Parse, ReadsOptionsInAnyOrderAndTheLastOfAKind) {
  const Parsed parsed = ParseAll({"--value", "a", "here", "-q", "--value=b"});
  EXPECT_FALSE(parsed.done);
  EXPECT_TRUE(parsed.flag);
  EXPECT_EQ(parsed.value, "b");
  EXPECT_EQ(parsed.place, "here");
}

TEST(Parse, ErrorsAreUsageErrors) {
  EXPECT_EQ(ParseAll({}).done, 2);
  EXPECT_EQ(ParseAll({"a", "b"}).done, 2);
  EXPECT_EQ(ParseAll({"a", "--vlaue", "b"}).done, 2);
  EXPECT_EQ(ParseAll({"a", "--value"}).done, 2);
}

// What is said on stderr.
std::string Said(const std::vector<std::string>& arguments) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(ParseAll(arguments).done, 2);
  return testing::internal::GetCapturedStderr();
}

TEST(Parse, ErrorsNameCauseAndWayOut) {
  constexpr char kWayOut[] = "('limpet test --help' shows the usage)";
  EXPECT_EQ(Said({}), fmt::format("limpet: PLACE is missing {}\n", kWayOut));
  EXPECT_EQ(Said({"a", "--value"}), fmt::format("limpet: --value needs something after it {}\n", kWayOut));
  EXPECT_EQ(Said({"a", "--count", "x"}),
            fmt::format("limpet: --count takes a number, and 'x' is none that it can take {}\n", kWayOut));
  EXPECT_EQ(Said({"a", "--count=-1"}),
            fmt::format("limpet: --count takes a number, and '-1' is none that it can take {}\n", kWayOut));
  EXPECT_EQ(Said({"a", "--vlaue", "b"}),
            fmt::format("limpet: unknown option '--vlaue', did you mean '--value'? {}\n", kWayOut));
}

TEST(Parse, HelpIsNoError) { EXPECT_EQ(ParseAll({"--help"}).done, 0); }

}  // namespace
}  // namespace limpet::cli
