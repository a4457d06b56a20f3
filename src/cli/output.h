// Where limpet's own words go, and how they look there.
#ifndef LIMPET_CLI_OUTPUT_H_
#define LIMPET_CLI_OUTPUT_H_

#include <string>
#include <string_view>

namespace limpet::cli {

inline constexpr int kExitUsage = 2;  // wrong usage, or input that cannot be used

// Writes all of `text`. False when it could not be (closed pipe, full disk): errno says why.
bool WriteAll(int fd, std::string_view text);

// One line on stderr: "limpet: <message>".
void Complain(std::string_view message);

// A result on stdout. A reader that went away (`limpet report x | head`) is no error; a full disk is one.
// Returns the exit status.
int Print(std::string_view text);

// Replaces the file at `path` with `text`; "-" is stdout. Returns the exit status.
int PrintToFile(const std::string& path, std::string_view text);

// Text from outside (paths, messages of other programs) that is going to a terminal: nothing in it steers the terminal.
std::string Printable(const std::string& text);

// Columns of the terminal that `fd` is, or 110 when it is none.
int Columns(int fd);

// Colour is for terminals whose owner did not refuse it (NO_COLOR, TERM=dumb).
bool WantsColour(int fd);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_OUTPUT_H_
