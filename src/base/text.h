// Figures and strings for people.
#ifndef LIMPET_BASE_TEXT_H_
#define LIMPET_BASE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::base {

// Bytes in powers of 1000, two significant digits or more: "0 B", "999 B", "3.2 MB", "58 MB", "1.0 GB".
std::string FormatBytes(uint64_t bytes);
// The same with a sign: "+3.2 MB", "-41 KB", "0 B".
std::string FormatSignedBytes(int64_t bytes);

// Whole numbers in groups of three: "7", "1 412", "12 000 000".
std::string FormatCount(uint64_t count);

// A length of time in its two largest units: "350 us", "42 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
std::string FormatDuration(uint64_t nanoseconds);

// One word for one, another for all other numbers: Plural(1, "block") == "1 block", Plural(1412, "block") == "1 412 blocks".
std::string Plural(uint64_t count, std::string_view singular);

// Letters to insert, delete or change to make one word the other (Levenshtein's distance): for guessing what was meant.
size_t EditDistance(std::string_view a, std::string_view b);

bool IsValidUtf8(std::string_view text);
// `text` with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

}  // namespace limpet::base

#endif  // LIMPET_BASE_TEXT_H_
