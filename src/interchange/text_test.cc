#include "interchange/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace limpet::interchange {
namespace {

RC_GTEST_PROP(Text, JsonIsReadBack, (const std::string& text)) {
  RC_ASSERT(nlohmann::json::parse(Json(text)).get<std::string>() == base::ReplaceInvalidUtf8(text));
}

TEST(Text, CsvQuotesWhatNeedsIt) {
  EXPECT_EQ(Csv("plain"), "plain");
  EXPECT_EQ(Csv("a,b"), "\"a,b\"");
  EXPECT_EQ(Csv("say \"so\"\n"), "\"say \"\"so\"\"\n\"");
  EXPECT_EQ(Csv("\xff"), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace limpet::interchange
