// Any bytes as a file of patterns, and as a source file that is searched for marks.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "diagnose/keep.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpet::diagnose;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Finding finding;
  finding.site = {{.function = "Table.add", .file = "/a/store.py", .line = 3, .column = {}, .end_column = {}}};
  finding.heap.types = {"store.Row"};
  finding.heap.holder = {{"module store", "module"}, {".TABLE", "store.Table"}, {".rows", "list"}};
  finding.heap.holder_text = "module store .TABLE.rows -> list[…] -> Row";
  finding.fingerprint = "0123456789abcdef";
  if (const auto patterns = ParseKeepPatterns(text, "patterns"); patterns.ok()) (void)MatchPattern(*patterns, finding);

  Source source;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    source.lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  limpet::capture::Recording recording;
  recording.run.command = {"python3", "/a/app.py"};
  std::vector<std::string> notes;
  const SourceReader read = [&](const std::string& path) { return path == "/a/store.py" ? &source : nullptr; };
  const auto mark = FindMark(recording, read, finding, notes);
  if (mark && mark->by.find("store.py:") == std::string::npos) std::abort();
  return 0;
}
