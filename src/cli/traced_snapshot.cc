#include "cli/traced_snapshot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "capture/format.h"
#include "capture/snapshot_files.h"
#include "cli/snapshot_wait.h"
#include "fmt/format.h"
#include "process/proc.h"
#include "walk/walk.h"

namespace limpet::cli {
namespace {

constexpr int kPollMs = 5;

// The header of a recording that is being made, shared with the process that makes it.
class SharedHeader {
 public:
  static Result<SharedHeader> Open(const std::string& folder) {
    const std::string path = folder + "/data";
    const base::FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file.valid()) return Error(fmt::format("cannot open '{}': {}", path, base::ErrnoText(errno)));
    if (lseek(file.get(), 0, SEEK_END) < off_t{capture::kHeaderSize})
      return Error(fmt::format("'{}' is no recording", path));
    void* memory = mmap(nullptr, capture::kHeaderSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) return Error(fmt::format("cannot map '{}': {}", path, base::ErrnoText(errno)));
    SharedHeader header(static_cast<capture::FileHeader*>(memory));
    if (std::memcmp(header->magic, capture::kMagic, sizeof header->magic) != 0 ||
        header->version != capture::kFormatVersion) {
      return Error(fmt::format("'{}' is no recording of this version of limpet", path));
    }
    return header;
  }
  SharedHeader(SharedHeader&& other) noexcept : header_(other.header_) { other.header_ = nullptr; }
  SharedHeader(const SharedHeader&) = delete;
  SharedHeader& operator=(const SharedHeader&) = delete;
  ~SharedHeader() {
    if (header_) munmap(header_, capture::kHeaderSize);
  }
  capture::FileHeader* operator->() { return header_; }

 private:
  explicit SharedHeader(capture::FileHeader* header) : header_(header) {}
  capture::FileHeader* header_;
};

std::string WhyFailed(SharedHeader& header) {
  if (header->snapshot_error) return base::ErrnoText(header->snapshot_error);
  switch (static_cast<walk::WalkStop>(header->snapshot_stop)) {
    case walk::WalkStop::kMemory:
      return "there is not enough memory for the walk";
    case walk::WalkStop::kNoInterpreter:
      return "its heap cannot be walked: the interpreter's lists make no sense";
    case walk::WalkStop::kCollecting:
      return "its cyclic collector was at work";
    default:
      return "the process that wrote it died";
  }
}

// The path of the newest one that is whole; empty: there is none.
std::string NewestSnapshot(const std::string& folder) {
  const std::vector<capture::NumberedSnapshot> files = capture::ListSnapshotFiles(folder);
  return files.empty() ? "" : files.back().path;
}

// What the folder may be called from here. A process in a root or mounts of its own (a container) calls it by another name than we do.
std::vector<std::string> NamesOf(pid_t pid, const std::string& folder) {
  std::vector<std::string> names = {folder};
  const std::string root_link = fmt::format("/proc/{}/root", pid);
  std::error_code error;
  const std::string root = std::filesystem::read_symlink(root_link, error);
  const std::string inner =
      !error && root.size() > 1 && folder.starts_with(root + "/") ? folder.substr(root.size()) : folder;
  if (inner != folder) names.push_back(inner);
  names.push_back(root_link + inner);
  return names;
}

}  // namespace

std::optional<std::string> FindTracedFolder(pid_t pid) {
  const Result<std::vector<std::string>> files = process::ReadMappedFiles(pid);
  if (!files.ok()) return std::nullopt;
  const std::string middle = fmt::format("/p{}", pid);
  for (const std::string& file : *files) {
    const size_t at = file.rfind(middle);
    if (at == std::string::npos || !file.ends_with("/data")) continue;
    const std::string folder = file.substr(0, file.size() - std::strlen("/data"));
    for (const std::string& name : NamesOf(pid, folder)) {
      if (SharedHeader::Open(name).ok()) return name;
    }
  }
  return std::nullopt;
}

Result<TracedSnapshot> AskForSnapshot(const std::string& process_folder, int patience_ms) {
  LIMPET_ASSIGN_OR_RETURN(SharedHeader header, SharedHeader::Open(process_folder));
  const std::string before = NewestSnapshot(process_folder);
  const uint32_t done = header->snapshots_done;
  // One that was under way before may fail yet: that is another matter.
  const uint32_t failed = header->snapshots_failed + (header->snapshot_child != 0 ? 1 : 0);
  __atomic_add_fetch(&header->snapshot_requests, 1, __ATOMIC_RELEASE);
  for (int waited_ms = 0;; waited_ms += kPollMs) {
    const std::string newest = NewestSnapshot(process_folder);
    if (newest != before) return TracedSnapshot{.file = newest, .idle = false};
    if (header->snapshots_failed > failed)
      return Error(fmt::format("the program could not take it: {}", WhyFailed(header)));
    // One whose writer died is noticed by the program when it looks next, which may be never.
    const bool under_way = header->snapshot_child != 0 && HasSnapshotWriter(process_folder);
    if (!under_way && header->snapshots_done == done && waited_ms >= patience_ms)
      return TracedSnapshot{.file = {}, .idle = true};
    usleep(kPollMs * 1000);
  }
}

}  // namespace limpet::cli
