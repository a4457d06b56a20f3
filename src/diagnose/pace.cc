#include "diagnose/pace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace limpet::diagnose {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return lower;
}

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 16> kSizes = {{{"b", 1},
                                          {"byte", 1},
                                          {"bytes", 1},
                                          {"k", 1e3},
                                          {"kb", 1e3},
                                          {"m", 1e6},
                                          {"mb", 1e6},
                                          {"g", 1e9},
                                          {"gb", 1e9},
                                          {"t", 1e12},
                                          {"tb", 1e12},
                                          {"ki", 1024.0},
                                          {"kib", 1024.0},
                                          {"mib", 1024.0 * 1024},
                                          {"gib", 1024.0 * 1024 * 1024},
                                          {"tib", 1024.0 * 1024 * 1024 * 1024}}};

constexpr std::array<Unit, 15> kTimes = {{{"s", 1},
                                          {"sec", 1},
                                          {"second", 1},
                                          {"m", 60},
                                          {"min", 60},
                                          {"minute", 60},
                                          {"h", 3600},
                                          {"hour", 3600},
                                          {"d", 86400},
                                          {"day", 86400},
                                          {"week", 604800},
                                          {"iteration", 0},
                                          {"iter", 0},
                                          {"it", 0},
                                          {"i", 0}}};

template <size_t N>
std::optional<double> FactorOf(const std::array<Unit, N>& units, std::string_view name) {
  const std::string lower = Lower(Trim(name));
  for (const Unit& unit : units)
    if (unit.name == lower) return unit.factor;
  return std::nullopt;
}

// Takes a number from the front of `text`: digits, with a point where it must be.
std::optional<double> TakeNumber(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  text = Trim(text.substr(static_cast<size_t>(end - text.data())));
  return value;
}

bool MeansObjects(std::string_view unit) {
  const std::string lower = Lower(unit);
  return lower.empty() || lower == "object" || lower == "objects" || lower == "obj" || lower == "blocks";
}

}  // namespace

Pace PaceOf(const Finding& f) {
  return {.bytes_per_second = f.bytes_per_second,
          .objects_per_second = f.objects_per_second,
          .bytes_per_iteration = f.bytes_per_iteration,
          .objects_per_iteration = f.objects_per_iteration,
          .bytes_per_volume = f.bytes_per_volume};
}

std::optional<Ratio> Compare(const Pace& before, const Pace& after) {
  if (before.bytes_per_iteration.value_or(0) > 0 && after.bytes_per_iteration)
    return Ratio{*after.bytes_per_iteration / *before.bytes_per_iteration, Measure::kIteration};
  if (before.bytes_per_volume > 0 && after.bytes_per_volume > 0)
    return Ratio{after.bytes_per_volume / before.bytes_per_volume, Measure::kVolume};
  if (before.bytes_per_second > 0) return Ratio{after.bytes_per_second / before.bytes_per_second, Measure::kSecond};
  return std::nullopt;
}

Result<GrowthLimit> ParseGrowthLimit(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return Error(fmt::format("'{}' is no rate: {}; write it as 1MB/h, 10KB/iteration or 500/s (objects)", text, what));
  };
  GrowthLimit limit;
  limit.text = text;
  std::string_view rest = Trim(text);
  const std::optional<double> amount = TakeNumber(rest);
  if (!amount) return wrong("it does not begin with a number");
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return wrong("there is no '/'");
  const std::string_view unit = Trim(rest.substr(0, slash));
  limit.objects = MeansObjects(unit);
  const std::optional<double> size = limit.objects ? std::optional(1.0) : FactorOf(kSizes, unit);
  if (!size) return wrong(fmt::format("unknown unit '{}'", unit));
  const std::optional<double> time = FactorOf(kTimes, rest.substr(slash + 1));
  if (!time) return wrong(fmt::format("unknown time '{}'", Trim(rest.substr(slash + 1))));
  limit.per_iteration = *time == 0;
  limit.amount = *amount * *size / (limit.per_iteration ? 1 : *time);
  return limit;
}

Result<uint64_t> ParseSize(std::string_view text) {
  std::string_view rest = Trim(text);
  const std::optional<double> amount = TakeNumber(rest);
  const std::optional<double> factor = rest.empty() ? std::optional(1.0) : FactorOf(kSizes, rest);
  if (!amount || !factor || *amount * *factor > 1e18)
    return Error(fmt::format("'{}' is no size: write it as 10MB, 512KiB or 4096", text));
  return static_cast<uint64_t>(*amount * *factor);
}

std::optional<double> InUnitOf(const GrowthLimit& limit, const Pace& pace) {
  if (limit.per_iteration) return limit.objects ? pace.objects_per_iteration : pace.bytes_per_iteration;
  return limit.objects ? pace.objects_per_second : pace.bytes_per_second;
}

std::string FormatIn(const GrowthLimit& limit, double amount) {
  // In the time that the limit was given in: "1MB/h" is compared in hours.
  const std::string_view per = Trim(std::string_view(limit.text).substr(limit.text.find('/') + 1));
  const double scaled = amount * (limit.per_iteration ? 1 : FactorOf(kTimes, per).value_or(1));
  if (!limit.objects) return fmt::format("+{}/{}", base::FormatBytes(static_cast<uint64_t>(scaled)), per);
  if (scaled < 10) return fmt::format("+{:.2g} objects/{}", scaled, per);
  return fmt::format("+{} objects/{}", base::FormatCount(static_cast<uint64_t>(scaled)), per);
}

}  // namespace limpet::diagnose
