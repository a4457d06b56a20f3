// Strings, codes, frames and nodes of a `data` file: everything a Python stack is made of.
#ifndef LIMPET_CAPTURE_STACKS_H_
#define LIMPET_CAPTURE_STACKS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include <tsl/robin_map.h>

#include "capture/problem_log.h"
#include "capture/recording.h"
#include "capture/table_file.h"

namespace limpet::capture {

// Takes strings out of the string table, each once, as valid UTF-8.
class StringPool {
 public:
  // `table` as loaded from the file.
  StringPool(Records<char> table, ProblemLog& problems);

  // The string with this id, or "?". `what` and `index` name who refers to it: "code", 12. Views live as long as storage().
  std::string_view Get(uint32_t id, const char* what, size_t index);
  std::shared_ptr<const std::deque<std::string>> storage() const { return strings_; }

 private:
  // The bytes of the record, or null where there is none.
  const char* Find(uint32_t id, uint32_t* length) const;

  Records<char> table_;
  ProblemLog& problems_;
  std::shared_ptr<std::deque<std::string>> strings_;
  tsl::robin_map<uint32_t, std::string_view> known_;
  size_t taken_ = 0;  // bytes; more than the table has mean that strings overlap
};

// Fills nodes, and with ReadFrames frames and native nodes. In this order: what is referred to is loaded after what refers to it (TableFile::ReadHeader).
Records<NodeRecord> LoadNodes(const TableFile& file);
Records<NativeRecord> LoadNatives(const TableFile& file);
void ReadFrames(const TableFile& file, const Records<NativeRecord>& natives, ProblemLog& problems, Process& process);
// REQUIRES: ReadFrames was called.
void ReadNodes(const Records<NodeRecord>& records, ProblemLog& problems, Process& process);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_STACKS_H_
