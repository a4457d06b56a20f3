// Which release of a package a recorded process uses: its modules are known from the files in its stacks and from what the program's own
// files import, the release from the name of the `*.dist-info` folder beside them, as far as it can be read here.
//
//     /srv/app/.venv/lib/python3.12/site-packages/multidict/__init__.py             a file in a stack
//     /srv/app/.venv/lib/python3.12/site-packages/multidict-6.3.2.dist-info         -> 6.3.2
#ifndef LIMPET_REPORT_INSTALLED_H_
#define LIMPET_REPORT_INSTALLED_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::report {

// A file of an installed package: the folder that ends in "/site-packages" (or "/dist-packages"), and the path below it.
struct PackageFile {
  std::string_view folder;
  std::string_view rest;
};

std::optional<PackageFile> SplitPackageFile(std::string_view file);

// How a package's name is written in the name of its dist-info folder: "Paddle.Python-SDK" -> "paddle_python_sdk".
std::string NormalizedName(std::string_view package);

// Does this Python source import the module? By the look of its lines: "import m", "from m.x import ...", "import a, m".
bool SourceImports(std::string_view source, std::string_view module);

class Installed {
 public:
  explicit Installed(const capture::Process& process);

  std::string python() const;  // "3.12.1", or "" where the process is no Python

  // The release of the package, if the process, or the source of the finding's lines, uses one of its modules.
  std::optional<std::string> Version(std::string_view package, const std::vector<std::string>& modules,
                                     const diagnose::Finding& finding) const;

 private:
  // A module that was seen in stacks, and the folder that it is in.
  struct Seen {
    std::string module;
    std::string folder;
    bool operator==(const Seen&) const = default;
  };

  const capture::Process& process_;
  std::vector<std::string> folders_;  // site-packages, of the stacks first
  std::vector<Seen> seen_;
};

}  // namespace limpet::report

#endif  // LIMPET_REPORT_INSTALLED_H_
