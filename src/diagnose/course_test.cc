#include "diagnose/course.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace limpet::diagnose {
namespace {

TEST(CourseDistance, IsOfShares) {
  EXPECT_DOUBLE_EQ(CourseDistance(std::vector<double>{1, 1, 2}, std::vector<double>{10, 10, 20}), 0);
  EXPECT_DOUBLE_EQ(CourseDistance(std::vector<double>{1, 0, 0}, std::vector<double>{0, 0, 1}), 1);
  EXPECT_DOUBLE_EQ(CourseDistance(std::vector<double>{1, 1, 1, 1}, std::vector<double>{0, 2, 1, 1}), 0.25);
  EXPECT_DOUBLE_EQ(CourseDistance(std::vector<double>{0, 0}, std::vector<double>{1, 1}), 1);
}

RC_GTEST_PROP(CourseDistance, IsTheLargestDifferenceOfPrefixes, ()) {
  const auto size = *rc::gen::inRange<size_t>(1, 20);
  const auto counts = rc::gen::container<std::vector<int>>(size, rc::gen::inRange(0, 50));
  const std::vector<int> x = *counts, y = *counts;
  const std::vector<double> a(x.begin(), x.end()), b(y.begin(), y.end());
  const auto share = [](const std::vector<double>& of, size_t until) {
    return std::accumulate(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(until), 0.0) /
           std::accumulate(of.begin(), of.end(), 0.0);
  };
  RC_PRE(std::accumulate(a.begin(), a.end(), 0.0) > 0 && std::accumulate(b.begin(), b.end(), 0.0) > 0);
  double farthest = 0;
  for (size_t i = 1; i <= size; i++) farthest = std::max(farthest, std::abs(share(a, i) - share(b, i)));
  RC_ASSERT(std::abs(CourseDistance(a, b) - farthest) < 1e-9);
}

}  // namespace
}  // namespace limpet::diagnose
