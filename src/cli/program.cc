#include "cli/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

bool IsRegularFile(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool IsExecutableFile(const std::string& path) { return IsRegularFile(path) && access(path.c_str(), X_OK) == 0; }

bool EndsIn(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Files that only Python can be meant to run, whatever their permissions.
bool IsScriptName(std::string_view name) { return EndsIn(name, ".py") || EndsIn(name, ".pyw") || EndsIn(name, ".pyz"); }

// Python also runs a folder with a __main__.py, and a zip file with one.
bool IsPackageFolder(const std::string& path) { return IsRegularFile(path + "/__main__.py"); }

ProgramOrError Fail(int exit_status, std::string error) {
  ProgramOrError result;
  result.error = std::move(error);
  result.exit_status = exit_status;
  return result;
}

// Any command, as execvp would start it.
ProgramOrError Command(const std::vector<std::string>& words) {
  const std::string& name = words[0];
  if (name.empty()) return Fail(kExitNotFound, "the name of the program is empty");
  ProgramOrError result;
  std::string unusable;
  if (name.find('/') != std::string::npos) {
    result.program.path = name;
    if (access(name.c_str(), F_OK) != 0) {
      const int error = errno;
      return Fail(error == ENOENT || error == ENOTDIR ? kExitNotFound : kExitNotExecutable,
                  fmt::format("cannot run '{}': {}", name, base::ErrnoText(error)));
    }
    if (!IsExecutableFile(name)) unusable = name;
  } else {
    result.program.path = FindInPath(name, &unusable);
    if (!result.program.path.empty()) unusable.clear();
    if (result.program.path.empty() && unusable.empty() && std::filesystem::is_directory(name)) unusable = name;
    if (result.program.path.empty() && unusable.empty()) {
      return Fail(kExitNotFound, fmt::format("cannot run '{}': no such program in PATH", name));
    }
  }
  if (!unusable.empty()) {
    const bool folder = std::filesystem::is_directory(unusable);
    return Fail(kExitNotExecutable,
                folder ? fmt::format("cannot run '{}': it is a folder without a __main__.py", unusable)
                       : fmt::format("cannot run '{}': not executable (chmod +x, or name the interpreter: limpet run "
                                     "INTERPRETER {})",
                                     unusable, unusable));
  }
  result.program.argv = words;
  result.program.name = ShortName(name);
  return result;
}

// The interpreter with `words` as its arguments.
ProgramOrError Python(const std::string& python, const std::vector<std::string>& words, std::string name) {
  std::vector<std::string> full = {python};
  full.insert(full.end(), words.begin(), words.end());
  ProgramOrError result = Command(full);
  if (!result.error.empty()) result.error += "; --python PATH chooses the interpreter";
  result.program.name = std::move(name);
  return result;
}

ProgramOrError Script(const std::string& python, const std::vector<std::string>& words) {
  const std::string& script = words[0];
  if (access(script.c_str(), R_OK) != 0) {
    const int error = errno;
    return Fail(error == ENOENT || error == ENOTDIR ? kExitNotFound : kExitNotExecutable,
                fmt::format("cannot read the script '{}': {}", script, base::ErrnoText(error)));
  }
  return Python(python, words, ShortName(script));
}

// Text that is not executable is a script for Python; anything else would only confuse the interpreter.
bool LooksLikeText(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return false;
  char head[512];
  const size_t size = std::fread(head, 1, sizeof head, file);
  std::fclose(file);
  return std::memchr(head, 0, size) == nullptr;
}

}  // namespace

std::string FindInPath(const std::string& name, std::string* found_unusable) {
  const char* variable = std::getenv("PATH");
  std::string_view path = variable != nullptr ? variable : "/bin:/usr/bin";  // what execvp takes without PATH
  while (true) {
    const size_t end = path.find(':');
    const std::string_view folder = path.substr(0, end);
    std::string candidate = folder.empty() ? "./" + name : std::string(folder) + "/" + name;
    if (IsExecutableFile(candidate)) return candidate;
    if (found_unusable != nullptr && found_unusable->empty() && IsRegularFile(candidate)) *found_unusable = candidate;
    if (end == std::string_view::npos) return {};
    path.remove_prefix(end + 1);
  }
}

std::string ShortName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (const size_t slash = path.rfind('/'); slash != std::string_view::npos) path.remove_prefix(slash + 1);
  if (IsScriptName(path)) path = path.substr(0, path.rfind('.'));
  std::string name;
  for (const char c : path.substr(0, 40)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
    name += plain ? c : '_';
  }
  const bool usable = name.find_first_not_of("._-") != std::string::npos;
  return usable ? name : "program";
}

ProgramOrError ResolveProgram(const std::vector<std::string>& words, const std::string& python) {
  const std::string& first = words[0];
  if (first == "--") {
    if (words.size() == 1) return Fail(kExitNotFound, "no program after '--'");
    return Command({words.begin() + 1, words.end()});
  }
  if (first.starts_with("-m") || first.starts_with("-c")) {
    const bool joined = first.size() > 2;  // -mhttp.server
    if (!joined && words.size() < 2) return Fail(2, fmt::format("'{}' needs an argument", first));
    const std::string argument = joined ? first.substr(2) : words[1];
    return Python(python, words, first[1] == 'm' ? ShortName(argument) : "command");
  }
  if (first == "-") return Python(python, words, "stdin");
  if (IsScriptName(first) || IsPackageFolder(first)) return Script(python, words);
  const bool has_slash = first.find('/') != std::string::npos;
  const bool is_command = has_slash ? IsExecutableFile(first) : !FindInPath(first).empty();
  if (!is_command && IsRegularFile(first) && LooksLikeText(first)) return Script(python, words);
  return Command(words);
}

}  // namespace limpet::cli
