// Which leak is it? A fingerprint is the same for the same leak in another run, on another version of Python, in another folder, after lines
// were added above it, and with or without a heap snapshot; and another one for another leak.
//
// Into it goes where the memory is allocated, and nothing else: the file, as it is seen from the program's own folder, and the qualified
// name of the function. What changes from run to run stays out: lines, addresses, callers (another test may reach the same line by
// another way), types and holders (they need a snapshot), and the kind, which a snapshot may tell better. Comprehensions count as the function
// that they stand in: they are frames of their own up to 3.11 only.
//
//     /srv/shop/models.py:40 in Session.open.<locals>.<listcomp>     ->     hash of "models.py", "Session.open"
//
// Findings of one process that share a function are told apart by their number, in the order of their lines.
#ifndef LIMPET_DIAGNOSE_FINGERPRINT_H_
#define LIMPET_DIAGNOSE_FINGERPRINT_H_

#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

// Folders that the program's own files are looked at from: that of its script, then the one it was started in. Without a trailing slash.
std::vector<std::string> SourceRoots(const capture::RunInfo& run);

// The script that was run, as an absolute path; empty if there is none (-m, -c).
std::string ScriptOf(const capture::RunInfo& run);

// A file's name that does not depend on where the program is installed: relative to a root, a library's from its package on, else the last part.
std::string StablePath(std::string_view file, const std::vector<std::string>& roots);

// Without the comprehensions at its end.
std::string_view FunctionAround(std::string_view qualified_name);

// "shop/models.py:Session.open"
std::string PlaceOf(const Location& where, const std::vector<std::string>& roots);

// Sets `place` and `fingerprint` of all findings of one process.
void SetFingerprints(const capture::RunInfo& run, std::vector<Finding>& findings);
void SetFingerprints(const capture::RunInfo& run, std::vector<Dismissed>& dismissed);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_FINGERPRINT_H_
