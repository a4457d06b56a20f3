// Which finding of one list is which of another: by fingerprint, and where that fails by a function that both name.
#ifndef LIMPET_DIAGNOSE_MATCH_H_
#define LIMPET_DIAGNOSE_MATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/finding.h"

namespace limpet::diagnose {

// What is compared of a finding, or of what a baseline says of one.
struct Identity {
  std::string fingerprint;
  std::string place;
  std::vector<std::string> other_places;
};

Identity IdentityOf(const Finding& finding);

inline constexpr size_t kNoMatch = SIZE_MAX;

// For each of `wanted` the index of its partner in `known`, or kNoMatch. Nothing is the partner of two.
//
// A leak of several lines is named by the heaviest, and that may be another one in the next run: then the lines that went along say that it is the
// same. Two leaks that share a function are told apart by fingerprint first.
std::vector<size_t> MatchByIdentity(const std::vector<Identity>& wanted, const std::vector<Identity>& known);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_MATCH_H_
