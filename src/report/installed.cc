#include "report/installed.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "base/file.h"

namespace limpet::report {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kMostSource = 1'000'000;  // bytes of a source file that is searched for imports

template <class T>
void AddOnce(std::vector<T>& all, T one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
}

// "/app/.venv" for "/app/.venv/bin/python3".
std::string PrefixOf(const std::string& interpreter) { return fs::path(interpreter).parent_path().parent_path(); }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

// Is `name` the module, or something inside it?
bool Names(std::string_view name, std::string_view module) {
  return name.starts_with(module) &&
         (name.size() == module.size() || name[module.size()] == '.' || name[module.size()] == ' ');
}

bool LineImports(std::string_view line, std::string_view module) {
  line = Trimmed(line);
  if (line.starts_with("from ")) return Names(Trimmed(line.substr(5)), module);
  if (!line.starts_with("import ")) return false;
  line.remove_prefix(7);
  while (!line.empty()) {
    const size_t comma = std::min(line.find(','), line.size());
    if (Names(Trimmed(line.substr(0, comma)), module)) return true;
    line.remove_prefix(std::min(comma + 1, line.size()));
  }
  return false;
}

// The release of the package that a folder has, by the name of its dist-info folder.
std::optional<std::string> VersionIn(const std::string& folder, std::string_view package) {
  constexpr std::string_view kEnd = ".dist-info";
  const std::string wanted = NormalizedName(package);
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename();
    if (!name.ends_with(kEnd)) continue;
    name.resize(name.size() - kEnd.size());
    const size_t dash = name.rfind('-');
    if (dash != std::string::npos && NormalizedName(name.substr(0, dash)) == wanted) return name.substr(dash + 1);
  }
  return std::nullopt;
}

// Does a source file of the finding's stack import one of the modules? A module without a line of Python leaves no frames.
bool Imports(const diagnose::Finding& finding, const std::vector<std::string>& modules) {
  for (const diagnose::Location& frame : finding.site) {
    std::error_code error;
    const uintmax_t size = fs::file_size(frame.file, error);
    if (error || size > kMostSource) continue;
    const base::Result<std::string> source = base::ReadFile(frame.file);
    if (!source.ok()) continue;
    for (const std::string& module : modules)
      if (SourceImports(*source, module)) return true;
  }
  return false;
}

}  // namespace

std::optional<PackageFile> SplitPackageFile(std::string_view file) {
  for (std::string_view mark : {"/site-packages/", "/dist-packages/"}) {
    const size_t at = file.rfind(mark);
    if (at != std::string_view::npos)
      return PackageFile{file.substr(0, at + mark.size() - 1), file.substr(at + mark.size())};
  }
  return std::nullopt;
}

std::string NormalizedName(std::string_view package) {
  std::string name;
  for (char c : package) {
    const bool dash = c == '-' || c == '_' || c == '.';
    if (dash && name.ends_with('_')) continue;
    name += dash ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

bool SourceImports(std::string_view source, std::string_view module) {
  while (!source.empty()) {
    const size_t end = std::min(source.find('\n'), source.size());
    if (LineImports(source.substr(0, end), module)) return true;
    source.remove_prefix(std::min(end + 1, source.size()));
  }
  return false;
}

Installed::Installed(const capture::Process& process) : process_(process) {
  for (const capture::Frame& frame : process.frames) {
    const std::optional<PackageFile> file = SplitPackageFile(frame.file);
    if (!file) continue;
    AddOnce(folders_, std::string(file->folder));
    const std::string_view first = file->rest.substr(0, file->rest.find('/'));
    const std::string_view module = first.ends_with(".py") ? first.substr(0, first.size() - 3) : first;
    AddOnce(seen_, {std::string(module), std::string(file->folder)});
  }
  if (process.python_version == 0) return;
  const std::string library =
      fmt::format("lib/python{}.{}/site-packages", process.python_version >> 24, (process.python_version >> 16) & 0xff);
  for (const std::string& interpreter : {process.command.empty() ? "" : process.command.front(), process.executable})
    if (interpreter.starts_with('/')) AddOnce(folders_, (fs::path(PrefixOf(interpreter)) / library).string());
}

std::string Installed::python() const {
  const uint32_t version = process_.python_version;
  return version == 0 ? "" : fmt::format("{}.{}.{}", version >> 24, (version >> 16) & 0xff, (version >> 8) & 0xff);
}

std::optional<std::string> Installed::Version(std::string_view package, const std::vector<std::string>& modules,
                                              const diagnose::Finding& finding) const {
  for (const Seen& seen : seen_)
    if (std::find(modules.begin(), modules.end(), seen.module) != modules.end())
      return VersionIn(seen.folder, package);  // another folder may have another release, which is not in use
  for (const std::string& folder : folders_)
    if (std::optional<std::string> version = VersionIn(folder, package))
      return Imports(finding, modules) ? version : std::nullopt;
  return std::nullopt;
}

}  // namespace limpet::report
