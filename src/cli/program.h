// What `limpet run` is asked to start, found before anything else happens, so that a mistyped name costs nothing and leaves
// no recording behind.
//
//     limpet run app.py a b          ->  python3 app.py a b
//     limpet run -m http.server 0    ->  python3 -m http.server 0
//     limpet run -c 'print(1)'       ->  python3 -c 'print(1)'
//     limpet run -- make test        ->  make test
//     limpet run python3 app.py      ->  python3 app.py     (an executable in PATH that does not end in .py)
#ifndef LIMPET_CLI_PROGRAM_H_
#define LIMPET_CLI_PROGRAM_H_

#include <string>
#include <string_view>
#include <vector>

namespace limpet::cli {

// Exit statuses of a program that could not be started, as shells, env(1) and timeout(1) have them.
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

struct Program {
  std::string path;               // what execve gets
  std::vector<std::string> argv;  // argv[0] as the user wrote it
  std::string name;               // for the recording's default name: "app" for app.py
};

// Either a program, or why there is none.
struct ProgramOrError {
  Program program;
  std::string error;    // empty: found
  int exit_status = 0;  // kExitNotFound or kExitNotExecutable
};

// Finds the program that `words` mean: the first word that is no option of limpet, and all that follow.
// `python` is the interpreter for scripts, -m and -c: a path, or a name to be looked for in PATH.
// REQUIRES: words is not empty.
ProgramOrError ResolveProgram(const std::vector<std::string>& words, const std::string& python);

// The file that execvp would start for `name`; empty if there is none. `found_unusable`, when not null, gets the first match
// that may not be executed.
std::string FindInPath(const std::string& name, std::string* found_unusable = nullptr);

// "app" for "/srv/app.py": safe as part of a file name, never empty.
std::string ShortName(std::string_view path);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_PROGRAM_H_
