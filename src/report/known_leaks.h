// Leaks that the maintainers of packages, and of CPython, know of: which package in which versions, how a finding of that leak looks, and
// where it was fixed. They are data (known_leaks.json beside this file, compiled in; docs/known-leaks.md says what the fields mean): a
// finding that looks like one of them is told so, with the release to upgrade to.
//
// A leak is named only where the package in a leaking version is really in use by the process: its modules were seen in recorded
// stacks, or the program's own file imports it, and the `*.dist-info` folder beside it tells the version. Where that folder cannot be read
// (another machine, a container), nothing is said.
#ifndef LIMPET_REPORT_KNOWN_LEAKS_H_
#define LIMPET_REPORT_KNOWN_LEAKS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::report {

// One entry of the data. Empty text: no condition.
struct KnownLeak {
  std::string package = {};               // as on PyPI; "python" for CPython itself
  std::vector<std::string> modules = {};  // what of it is imported; the package's name with underscores by default
  std::string introduced = {};            // first leaking release, "" from the first
  std::string fixed = {};                 // first release without the leak, "" not fixed yet
  std::string python = {};                // "3.12": leaks on this minor version only
  std::vector<std::string> kinds = {};    // of the finding: "refcount", "raw-block" ...
  std::vector<std::string> types = {};    // the first type of the finding is one of these
  std::string holder = {};                // is part of the finding's holder text
  std::string frame = {};                 // is part of the path of a file in the finding's stack, below site-packages
  std::string what = {};                  // "keys made by items() of a CIMultiDict are never released"
  std::string link = {};                  // "aio-libs/multidict#1131"
};

// The entries of `text`, or what is wrong with which of them.
base::Result<std::vector<KnownLeak>> ParseKnownLeaks(std::string_view text);

// Those that are compiled in.
const std::vector<KnownLeak>& KnownLeaks();

// Less than 0, 0, or more than 0, as `a` is an earlier release than `b`, the same, or a later one: "2.9" < "2.10", "1.0rc1" < "1.0".
int CompareVersions(std::string_view a, std::string_view b);

// Is `version` one that leaks? Of CPython each minor version has its own fix: `fixed` may name several, "3.12.8, 3.13.1".
bool Leaks(const KnownLeak& leak, std::string_view version);

// Says of each finding that looks like a known leak which one it is, and changes its advice to the release to upgrade to.
void AnnotateKnown(const capture::Recording& recording, diagnose::Diagnosis& diagnosis);
void AnnotateKnown(const capture::Recording& recording, const std::vector<KnownLeak>& leaks,
                   diagnose::Diagnosis& diagnosis);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_KNOWN_LEAKS_H_
