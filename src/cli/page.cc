#include "cli/page.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "viewer/page.h"

namespace limpet::cli {

int WritePage(const std::string& path, const std::vector<viewer::Run>& runs, viewer::DocumentOptions options) {
  if (viewer::Page().empty()) {
    Complain("this limpet was built without the viewer's page: './dev web' makes it, then build again");
    return kExitUsage;
  }
  options.version = kVersion;
  const std::string page = viewer::PageWith(viewer::WriteViewerDocument(runs, options));
  const int failed = PrintToFile(path, page);
  if (!failed && path != "-") Complain(fmt::format("wrote {} ({})", Printable(path), base::FormatBytes(page.size())));
  return failed;
}

}  // namespace limpet::cli
