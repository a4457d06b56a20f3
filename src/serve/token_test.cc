#include "serve/token.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace limpet::serve {
namespace {

TEST(Token, IsLongAndNeverTheSame) {
  const std::string one = MakeToken().value(), other = MakeToken().value();
  EXPECT_EQ(one.size(), 32u);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(one, other);
}

RC_GTEST_PROP(Token, SecretsAreComparedAsStrings, (const std::string& one, const std::string& other)) {
  RC_ASSERT(SameSecret(one, other) == (one == other));
  RC_ASSERT(SameSecret(one, one));
  if (one.empty()) return;
  std::string changed = one;
  changed[*rc::gen::inRange<size_t>(0, one.size())] ^= 0x20;
  RC_ASSERT(!SameSecret(one, changed));
}

}  // namespace
}  // namespace limpet::serve
