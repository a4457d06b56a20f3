// The gate of `limpet check`: may this go in? What grows is held against what is known (the baseline) and what is tolerated (the limits).
//
//     new, no limit given               fails          known, as fast as before       passes
//     new, above a limit                fails          known, notably faster          fails, unless it stays within the limits
//     new, within all limits            passes         not sure enough to say         makes it inconclusive where nothing fails
//     kept on purpose                   passes         known, and not found again     told: it can go from the baseline
//
// Limits of growth hold for each finding, and for those together that they let through.
#ifndef LIMPET_DIAGNOSE_GATE_H_
#define LIMPET_DIAGNOSE_GATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/baseline.h"
#include "diagnose/finding.h"
#include "diagnose/pace.h"

namespace limpet::diagnose {

struct Limits {
  std::vector<GrowthLimit> growth;
  std::optional<uint64_t> retained_bytes;  // by one finding
  bool any() const { return !growth.empty() || retained_bytes; }
};

enum class Standing : uint8_t {
  kNew,          // fails
  kFaster,       // known, and grows notably faster than it did: fails
  kKnown,        // known, and no worse
  kWithinLimit,  // tolerated
  kNotJudged,    // a limit cannot be held against it: the program marks no iterations
  kUnsure,       // may be a leak
};

struct Checked {
  const Finding* finding = nullptr;
  Standing standing = Standing::kNew;
  const BaselineEntry* entry = nullptr;  // of the baseline, where it is known
  std::optional<Ratio> ratio;            // of its pace to the baseline's
  std::string why;                       // "above 1MB/h: +3.2 MB/h"
  bool fails() const { return standing == Standing::kNew || standing == Standing::kFaster; }
};

// An entry of the baseline without a finding.
struct Gone {
  const BaselineEntry* entry = nullptr;
  std::string how;  // "not found again", "now bounded"
};

enum class Gate : uint8_t { kPass, kLeak, kInconclusive };

struct CheckResult {
  Gate gate = Gate::kPass;
  std::string explanation;       // one sentence
  std::vector<Checked> checked;  // in the order of the diagnosis
  std::vector<Gone> gone;        // empty where the run could not tell
};

// The result points into both arguments.
CheckResult Check(const Diagnosis& diagnosis, const Baseline& baseline, const Limits& limits);

std::string_view StandingName(Standing standing);  // as in JSON: "within-limit"
std::string_view GateName(Gate gate);              // "pass", "leak", "inconclusive"

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_GATE_H_
