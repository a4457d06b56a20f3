#include "diagnose/course.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace limpet::diagnose {

double CourseDistance(std::span<const double> a, std::span<const double> b) {
  LIMPET_CHECK(a.size() == b.size());
  const double all_a = std::accumulate(a.begin(), a.end(), 0.0), all_b = std::accumulate(b.begin(), b.end(), 0.0);
  if (all_a <= 0 || all_b <= 0) return 1;
  double farthest = 0, part_a = 0, part_b = 0;
  for (size_t i = 0; i < a.size(); i++) {
    part_a += a[i] / all_a;
    part_b += b[i] / all_b;
    farthest = std::max(farthest, std::abs(part_a - part_b));
  }
  return farthest;
}

}  // namespace limpet::diagnose
