// How alike two courses are: what came in each of some stretches of time, as shares of all that came.
#ifndef LIMPET_DIAGNOSE_COURSE_H_
#define LIMPET_DIAGNOSE_COURSE_H_

#include <span>

namespace limpet::diagnose {

// The farthest that the shares which had come up to a moment are apart, 0..1 (the statistic of Kolmogorov and Smirnov). What is counted a
// stretch later than it came makes it but a little larger. Where one of the two has nothing at all: 1. REQUIRES: as many stretches, none
// negative.
double CourseDistance(std::span<const double> a, std::span<const double> b);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_COURSE_H_
