#include "diagnose/line_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::diagnose {
namespace {

using testing::HasSubstr;

Location At(const char* file, uint32_t line) {
  return {.function = "f", .file = file, .line = line, .column = {}, .end_column = {}};
}

TEST(LineVerdict, LinesAreReadAsPeopleWriteThem) {
  const auto line = ParseLine("views/app.py:40");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->file, "views/app.py");
  EXPECT_EQ(line->number, 40u);
  for (const char* text : {"app.SESSIONS", "app.py", "app.py:", ":3", "app.py:4x", "app.py:-4", "app.py:99999999999"})
    EXPECT_FALSE(ParseLine(text)) << text;
  EXPECT_TRUE(IsFile("/srv/views/app.py", "app.py"));
  EXPECT_TRUE(IsFile("/srv/views/app.py", "views/app.py"));
  EXPECT_FALSE(IsFile("/srv/views/myapp.py", "app.py"));
}

TEST(LineVerdict, TellsLeaksTheirPartsAndWhatIsNone) {
  Diagnosis diagnosis;
  Finding finding;
  finding.confidence = 0.9;
  finding.site = {At("/srv/app.py", 40)};
  finding.parts = {{At("/srv/app.py", 12), {}}};
  finding.evidence = {"1 000 blocks born here are live"};
  diagnosis.findings = {finding};
  finding.site = {At("/srv/app.py", 50)};
  finding.evidence = {"the older a block, the less likely it is to be live still"};
  diagnosis.dismissed = {{Reason::kBounded, finding}};
  const auto at = [&](const char* text) { return VerdictOfLine(diagnosis, *ParseLine(text)); };
  EXPECT_EQ(at("app.py:40")->sentence, "a leak, confidence 0.90: 1 000 blocks born here are live");
  EXPECT_THAT(at("app.py:12")->sentence, HasSubstr("part of what grows at app.py:40"));
  EXPECT_FALSE(at("app.py:50")->leak);
  EXPECT_THAT(at("app.py:50")->sentence, HasSubstr("no leak (bounded): the older"));
  EXPECT_FALSE(at("app.py:41"));
}

}  // namespace
}  // namespace limpet::diagnose
