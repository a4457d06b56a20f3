// The heap snapshots of a recording, and the one that the user means.
#ifndef LIMPET_CLI_SNAPSHOT_CHOICE_H_
#define LIMPET_CLI_SNAPSHOT_CHOICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/recording.h"
#include "capture/run_info.h"
#include "heap/load.h"
#include "report/heap_source.h"

namespace limpet::cli {

struct SnapshotFile {
  std::string path;
  std::string folder;  // of its process
  int32_t pid = 0;
  uint32_t number = 0;  // heap.<number>
};

// By process, then by number. `recording` may also be the folder of one process, or a snapshot itself. Empty: there is none.
std::vector<SnapshotFile> ListSnapshots(const std::string& recording);

// What the options of `limpet heap` and `limpet why` say.
struct SnapshotWish {
  std::string recording;
  std::optional<int32_t> pid;
  std::string snapshot = "last";  // or a number
};

// The snapshots of the process that is meant, and which of them. Keeps what HeapSource points to.
class ChosenSnapshot {
 public:
  // Complains on stderr and returns nothing if there is none.
  static std::optional<ChosenSnapshot> Choose(const SnapshotWish& wish);

  const SnapshotFile& file() const { return file_; }
  const std::vector<SnapshotFile>& all() const { return all_; }  // of the same process
  const SnapshotFile* Find(uint32_t number) const;

  // Loads one of all(). Complains if it cannot be read.
  std::optional<heap::Snapshot> Load(const SnapshotFile& file) const;
  report::HeapSource Source(const heap::Snapshot& snapshot, const SnapshotFile& file) const;

 private:
  SnapshotFile file_;
  std::vector<SnapshotFile> all_;
  std::optional<capture::Process> process_;
  capture::RunInfo run_;
};

}  // namespace limpet::cli

#endif  // LIMPET_CLI_SNAPSHOT_CHOICE_H_
