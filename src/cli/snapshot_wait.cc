#include "cli/snapshot_wait.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "capture/format.h"
#include "cli/output.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

namespace fs = std::filesystem;

constexpr useconds_t kPollUs = 5'000;
constexpr int kPollsBeforeTelling = 200;  // a second

// The header of a process's recording; all zero where there is none.
capture::FileHeader ReadHeader(const fs::path& folder) {
  capture::FileHeader header = {};
  const int fd = open((folder / "data").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return header;
  const bool whole = pread(fd, &header, sizeof header, 0) == sizeof header;
  close(fd);
  if (!whole || std::memcmp(header.magic, capture::kMagic, sizeof header.magic) != 0) return {};
  return header;
}

// Whether process `pid` is there and not merely waiting to be buried.
bool IsAlive(uint32_t pid) {
  const Result<std::string> stat = base::ReadFile(fmt::format("/proc/{}/stat", pid));
  if (!stat.ok()) return false;
  const size_t name_end = stat->rfind(')');  // the name may contain anything
  return name_end != std::string::npos && name_end + 2 < stat->size() && (*stat)[name_end + 2] != 'Z';
}

}  // namespace

bool IsBeingWritten(const std::string& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(fd);
  return locked;
}

bool HasSnapshotWriter(const std::string& process_folder) {
  const fs::path folder = process_folder;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".part" && IsBeingWritten(entry->path())) return true;
  }
  // One that was only just begun has no file yet.
  const uint32_t child = ReadHeader(folder).snapshot_child;
  return child != 0 && IsAlive(child);
}

void WaitForSnapshots(const std::string& recording) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(recording, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_directory(error)) folders.push_back(entry->path());
  }
  const bool terminal = isatty(STDERR_FILENO) != 0;
  bool told = false;
  for (const fs::path& folder : folders) {
    for (int polls = 0; HasSnapshotWriter(folder); ++polls) {
      if (terminal && polls >= kPollsBeforeTelling && polls % 20 == 0) {
        WriteAll(STDERR_FILENO, fmt::format("\rlimpet: writing the last heap snapshot: {} objects",
                                            ReadHeader(folder).snapshot_nodes));
        told = true;
      }
      usleep(kPollUs);
    }
  }
  if (told) WriteAll(STDERR_FILENO, "\r\x1b[K");
}

}  // namespace limpet::cli
