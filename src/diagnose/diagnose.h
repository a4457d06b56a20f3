// From a recording to findings: which lines of the program keep memory that never comes back, and how sure that is.
#ifndef LIMPET_DIAGNOSE_DIAGNOSE_H_
#define LIMPET_DIAGNOSE_DIAGNOSE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "capture/recording.h"
#include "diagnose/finding.h"
#include "diagnose/keep.h"

namespace limpet::diagnose {

struct Options {
  std::optional<int32_t> pid;  // only this process
  uint32_t max_findings = 50;
  uint32_t max_dismissed = 20;
  const KeepRules* keep = nullptr;  // what is marked as growing on purpose; null: marks are not looked at
};

// Findings at or above this confidence make the verdict "leak".
inline constexpr double kSure = 0.5;

// What was live when the process is looked at: when finalisation began, else at the end.
capture::Amount LiveAtReference(const capture::Process& process);

// A run below this cannot show that a leak is gone.
inline constexpr double kLeastSeconds = 0.2;
// One sentence. REQUIRES: !diagnosis.decidable
std::string WhyUndecidable(const Diagnosis& diagnosis);

Diagnosis Diagnose(const capture::Recording& recording, const Options& options);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_DIAGNOSE_H_
