// How fast something grows, in measures that compare between runs, and the limits that people put to it.
//
// Two runs differ in length, in load and in the machine. Growth per iteration of the program's own work compares best, where the program
// marks iterations; else growth per byte that the program allocated meanwhile, which is proportional to work done; per second only where
// neither is known.
#ifndef LIMPET_DIAGNOSE_PACE_H_
#define LIMPET_DIAGNOSE_PACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

struct Pace {
  double bytes_per_second = 0;
  double objects_per_second = 0;
  std::optional<double> bytes_per_iteration;
  std::optional<double> objects_per_iteration;
  double bytes_per_volume = 0;  // as in Finding
};

Pace PaceOf(const Finding& finding);

enum class Measure : uint8_t { kIteration, kVolume, kSecond };

struct Ratio {
  double value = 1;  // after / before
  Measure measure = Measure::kSecond;
};
// Nothing where no measure is known of both.
std::optional<Ratio> Compare(const Pace& before, const Pace& after);

// A change by less than this factor is within what two runs of the same program differ by.
inline constexpr double kNotably = 1.5;

// "1MB/h", "10 KB/iteration", "500/s", "500 objects/s".
struct GrowthLimit {
  double amount = 0;  // bytes or objects, per second or iteration
  bool objects = false;
  bool per_iteration = false;
  std::string text;  // as it was given
};

Result<GrowthLimit> ParseGrowthLimit(std::string_view text);
// "10MB", "1.5 GiB", "4096".
Result<uint64_t> ParseSize(std::string_view text);

// What `pace` is in the unit of the limit; nothing where the program marks no iterations.
std::optional<double> InUnitOf(const GrowthLimit& limit, const Pace& pace);

// "+1.2 MB/h", "+12 KB/iteration", "+3.4/s": a pace in the unit of a limit.
std::string FormatIn(const GrowthLimit& limit, double amount);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_PACE_H_
