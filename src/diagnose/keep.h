// Growth on purpose: an in-memory database, a table that a batch job builds, a registry for the life of the process. Who wants it says so,
// in the source or in a file of patterns, and it is told apart from leaks ever after.
//
//     ROWS = {}                      # limpet: keep: the database itself          on the line that allocates, on the `def` or `class`
//     def load(path):                # limpet: keep                               around it or of its type, or where the holder is assigned
//
//     .limpet-keep:   site    shop/store.py:load*      # rows of the table        file, and function after a colon; each may have * and ?
//                     type    shop.Row
//                     held    module shop .ROWS                                   anywhere in how the report says who holds it
//                     leak    0123456789abcdef                                    one finding, by its fingerprint
#ifndef LIMPET_DIAGNOSE_KEEP_H_
#define LIMPET_DIAGNOSE_KEEP_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "capture/recording.h"
#include "diagnose/finding.h"

namespace limpet::diagnose {

struct KeepPattern {
  enum class What : uint8_t { kSite, kType, kHeld, kLeak };
  What what = What::kSite;
  std::string pattern;
  std::string reason;
  std::string origin;  // ".limpet-keep:3"
};

struct KeepRules {
  std::vector<KeepPattern> patterns;
};

// The patterns of a file whose bytes are `text`; `name` is what messages call it.
Result<std::vector<KeepPattern>> ParseKeepPatterns(std::string_view text, const std::string& name);

// The first of the patterns that `finding` matches, or null.
const KeepPattern* MatchPattern(const std::vector<KeepPattern>& patterns, const Finding& finding);

// A source file as it is now. `changed`: since it was recorded, so that lines may have moved.
struct Source {
  std::vector<std::string> lines;
  bool changed = false;
};
// A source file by its path; null where it cannot be read. The pointer stays good.
using SourceReader = std::function<const Source*(const std::string& path)>;

// Reads from disk, each file once. A file that was written after the recording began counts as changed.
SourceReader ReadSourcesOf(const capture::Recording& recording);

// Where the source says that a finding is on purpose: "store.py:12" and the reason.
struct SourceMark {
  std::string by;
  std::string reason;
};

// "# limpet: keep: reason" on this line: the reason; nothing where it is not marked.
std::optional<std::string> MarkOn(std::string_view line);

// Looks for a mark on the lines that `finding` has to do with. Adds to `notes` why it did not look into a file.
std::optional<SourceMark> FindMark(const capture::Recording& recording, const SourceReader& read,
                                   const Finding& finding, std::vector<std::string>& notes);

// Moves what is marked from the findings to what is kept.
void TakeKept(const capture::Recording& recording, const KeepRules& rules, const SourceReader& read,
              Diagnosis& diagnosis);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_KEEP_H_
