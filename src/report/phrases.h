// Phrases that the end screen and the full report share.
#ifndef LIMPET_REPORT_PHRASES_H_
#define LIMPET_REPORT_PHRASES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/canvas.h"
#include "report/report.h"

namespace limpet::report {

// "app.py --port 80", safe; without the interpreter and its options.
std::string ProgramName(const Report& report);
// The same of a command's words; empty if there are none.
std::string ProgramName(const std::vector<std::string>& command, std::string_view directory);

// "4.2 s", "1.2 M allocations (310 MB)", "live 58 MB", "peak 60 MB", "RSS 21 MB -> 92 MB": of all processes together, the most
// important first.
std::vector<std::string> RunFigures(const Report& report);

// "LEAK   +3.2 MB/min  1 412 blocks live (58 MB), 0 of ... freed      confidence 0.98"
std::string HeadlineOf(const Report& report, const diagnose::Finding& finding, const TerminalStyle& style);

// "shop/app.py:40 in open_session  <-  app.py:88 in handle  <-  ...", in at most `columns`; recursion folded, library code left out
// between lines of the program.
std::string StackInLine(const std::vector<diagnose::Location>& site, std::string_view directory, size_t columns);

// One entry per line; frames of a recursion folded: "... 97 more of rec()". Without a directory paths are whole.
std::vector<std::string> StackInLines(const std::vector<diagnose::Location>& site,
                                      std::optional<std::string_view> directory);

// "app.py:44 in Session.__init__ (20 MB), app.py:50 in handle (1.2 MB), 2 more"
std::string PartsInLine(const diagnose::Finding& finding, std::string_view directory, size_t columns);

// "12 MB one-off (app.py:3, ...), 3.1 MB warm-up (app.py:33)", in at most `columns`.
std::string DismissedInLine(const Report& report, size_t columns);

// "58 MB store.py:12 the database itself, 2 MB app.py:40": what is kept on purpose, by where that is marked, in at most `columns`.
std::string KeptInLine(const Report& report, size_t columns);

// What the reader must know before trusting the rest: untraced processes, limits, notes.
std::vector<std::string> Warnings(const Report& report);

}  // namespace limpet::report

#endif  // LIMPET_REPORT_PHRASES_H_
