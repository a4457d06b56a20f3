// The document that the viewer's page reads, `limpet.viewer/1`: a report together with what the report was made from, small enough for a
// browser. docs/design/viewer.md says what it is for, web/src/model/document.ts is its type; both change with this.
#ifndef LIMPET_VIEWER_DOCUMENT_H_
#define LIMPET_VIEWER_DOCUMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/recording.h"
#include "report/report.h"

namespace limpet::viewer {

// One recording with its report, made with the same `pid`.
struct Run {
  const capture::Recording* recording = nullptr;
  const report::Report* report = nullptr;
};

struct DocumentOptions {
  std::string version = {};         // of limpet
  std::optional<int32_t> pid = {};  // only this process
  bool sources = true;              // quote lines of the source, where it can be read
  uint64_t max_cells = 400'000;     // rows of births by site and epoch; the lightest sites are left out first
  uint64_t max_source_bytes = 400'000;
};

// The document as JSON: UTF-8, one line. `runs` are the one that the page is about and, where it is compared with another, that one: the
// run before. REQUIRES: one or two.
std::string WriteViewerDocument(const std::vector<Run>& runs, const DocumentOptions& options);

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_DOCUMENT_H_
