// A baseline: the leaks that are known and lived with for now, and what is kept on purpose, in a small file that is committed beside the
// code. Sorted, one field a line, figures rounded: a change to it is easy to review.
//
//     { "schema": "limpet.baseline/1",
//       "known": [ { "fingerprint": "9e3…", "what": "app.Session, allocated in shop/app.py:open_session", "place": …, "since": "2026-11-21",
//                    "bytes_per_second": 1200, …, "reason": "ticket 4711" } ],
//       "kept":  [ … ] }
#ifndef LIMPET_DIAGNOSE_BASELINE_H_
#define LIMPET_DIAGNOSE_BASELINE_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "diagnose/finding.h"
#include "diagnose/match.h"
#include "diagnose/pace.h"

namespace limpet::diagnose {

struct BaselineEntry {
  std::string fingerprint;
  std::string what;                       // in words, for who reads the file
  std::string place;                      // as Finding::place
  std::vector<std::string> other_places;  // of its parts
  std::string kind;
  std::string since;   // the day it was put in: "2026-11-21"
  std::string reason;  // why it is there; written by people, and kept
  Pace pace;
};

struct Baseline {
  std::vector<BaselineEntry> known;
  std::vector<BaselineEntry> kept;
};

// Distrusts the text: people edit it, and merges break it. `name` is what messages call it.
Result<Baseline> ParseBaseline(std::string_view text, const std::string& name);
std::string FormatBaseline(const Baseline& baseline);

// "app.Session, allocated in shop/app.py:open_session, held by module app .SESSIONS -> dict['…'] -> Session"
std::string InWords(const Finding& finding);

// What an entry is recognised by: match.h.
Identity IdentityOf(const BaselineEntry& entry);

// What the baseline becomes with this diagnosis. Entries that are there already keep their day, their reason and, unless it changed
// notably, their pace. Entries that were not found again go, unless the run could not tell (Diagnosis::decidable).
Baseline UpdatedBaseline(const Baseline& old, const Diagnosis& diagnosis, const std::string& today);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_BASELINE_H_
