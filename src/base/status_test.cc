#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace limpet::base {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error("odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  LIMPET_ASSIGN_OR_RETURN(const int half, Half(number));
  LIMPET_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckQuarter(int number) {
  LIMPET_RETURN_IF_ERROR(Quarter(number).status().WithContext("quarter"));
  return Status::Ok();
}

TEST(Status, CarriesTheMessage) {
  EXPECT_TRUE(Status::Ok().ok());
  EXPECT_FALSE(Error("no such file").ok());
  EXPECT_EQ(Error("no such file").message(), "no such file");
}

TEST(Status, ContextGoesInFrontOfErrorsOnly) {
  EXPECT_EQ(Error("no such file").WithContext("a/data").message(), "a/data: no such file");
  EXPECT_TRUE(Status::Ok().WithContext("a/data").ok());
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*Half(4), 2);
  EXPECT_EQ(Half(3).message(), "odd");
}

TEST(Result, MacrosLeaveAtTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).message(), "odd");
  EXPECT_TRUE(CheckQuarter(4).ok());
  EXPECT_EQ(CheckQuarter(2).message(), "quarter: odd");
}

TEST(Result, MovesValuesThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 7);
}

TEST(ResultDeathTest, TakingTheValueOfAnErrorIsABugThatNamesTheError) {
  EXPECT_DEATH((void)*Half(3), "check failed: ok\\(\\): odd");
  EXPECT_DEATH((void)Half(4).message(), "check failed");
}

}  // namespace
}  // namespace limpet::base
