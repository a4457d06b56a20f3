// The viewer's page as a file: what `limpet report --html` and `limpet diff --html` write.
#ifndef LIMPET_CLI_PAGE_H_
#define LIMPET_CLI_PAGE_H_

#include <string>
#include <vector>

#include "viewer/document.h"

namespace limpet::cli {

// Writes the page of these runs to `path` ("-": standard output) and says so on stderr. Returns the exit status.
int WritePage(const std::string& path, const std::vector<viewer::Run>& runs, viewer::DocumentOptions options);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_PAGE_H_
