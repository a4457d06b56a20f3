// Did the fix work? The findings of two recordings of one program, each with what became of it.
#ifndef LIMPET_DIAGNOSE_COMPARE_H_
#define LIMPET_DIAGNOSE_COMPARE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"
#include "diagnose/pace.h"

namespace limpet::diagnose {

enum class Fate : uint8_t {
  kGone,
  kSmaller,  // by a factor of kNotably or more
  kSame,
  kLarger,
  kNew,
  kCannotTell,  // not found, but the second run was too short, or did too little, for it to show
};

struct Change {
  Fate fate = Fate::kSame;
  const Finding* before = nullptr;  // null: new
  const Finding* after = nullptr;   // null: gone
  std::optional<Ratio> ratio;       // of the paces
  std::string why;                  // "now bounded", "the second run allocated 2 % of what the first did"
};

struct Comparison {
  std::vector<Change> changes;  // worst first: new, larger, same, cannot tell, smaller, gone
  bool cannot_tell = false;     // the second run as a whole is too short, or not traced well
  std::string note;             // why
};

// How much the runs did, to know whether a leak of the first would have shown in the second.
struct Work {
  uint64_t allocated_bytes = 0;
  uint64_t iterations = 0;
  double seconds = 0;
};
Work WorkOf(const capture::Recording& recording);

// The result points into both diagnoses. Only what is sure is compared, and what is its partner.
Comparison CompareRuns(const Diagnosis& before, const Work& work_before, const Diagnosis& after,
                       const Work& work_after);

std::string_view FateName(Fate fate);  // "gone", "smaller", ...

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_COMPARE_H_
