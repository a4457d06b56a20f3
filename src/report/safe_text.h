// Text from the traced program, made fit for a terminal, and the small forms in which figures and places are shown.
#ifndef LIMPET_REPORT_SAFE_TEXT_H_
#define LIMPET_REPORT_SAFE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "diagnose/finding.h"

namespace limpet::report {

// Control characters (C0, C1, DEL), characters that change the writing direction or are invisible, and bytes that are not UTF-8 become
// escapes such as \n, \x1b, \u202e. The rest stays.
std::string SafeText(std::string_view text);

// Columns that valid UTF-8 takes on a terminal: 2 for wide East Asian characters and emoji, 0 for combining marks.
size_t DisplayWidth(std::string_view text);

// At most `columns` wide: the middle goes where it is longer ("/home/someone/…/app.py"). `text` is valid UTF-8.
std::string ShortenMiddle(std::string_view text, size_t columns);
// The same, cut at the end ("held by a very lo…").
std::string ShortenEnd(std::string_view text, size_t columns);

// Padded with blanks to `columns`, on the right or on the left.
std::string PadRight(std::string_view text, size_t columns);
std::string PadLeft(std::string_view text, size_t columns);

// Per second, minute or hour, whichever reads best. A run of seconds is not extrapolated to hours.
enum class RateUnit : uint8_t { kSecond, kMinute, kHour };
RateUnit UnitOfRate(double bytes_per_second, uint64_t duration_ns);
// "+3.2 MB/min".
std::string FormatRate(double bytes_per_second, RateUnit unit);

// Shows a file the short way: relative to `directory` where it lies under it, a library's from its package on, else by its last two
// parts.
std::string ShortPath(std::string_view file, std::string_view directory);

// The same for the files in a text about running functions: "local x of serve (/srv/app.py:88) in thread 12".
std::string WithShortPaths(std::string_view text, std::string_view directory);

// "app.py:40 in open_session", safe.
std::string ShowPlace(const diagnose::Location& where, std::string_view directory);

// The same with the whole path.
std::string FullPlace(const diagnose::Location& where);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_SAFE_TEXT_H_
