#include "cli/recording_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "capture/format.h"
#include "cli/agent_library.h"
#include "fmt/format.h"
#include "process/proc.h"

namespace limpet::cli {
namespace {

namespace fs = std::filesystem;

bool IsProcessFolder(const fs::path& path) {
  const std::string name = path.filename();
  return name.size() > 1 && name[0] == 'p' && name[1] >= '0' && name[1] <= '9';
}

std::vector<fs::path> ProcessFolders(const std::string& recording) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(recording, error), end; !error && entry != end; entry.increment(error)) {
    if (IsProcessFolder(entry->path())) folders.push_back(entry->path());
  }
  return folders;
}

bool IsRecording(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) &&
         (fs::exists(path + "/run.json", error) || HasProcesses(path) || fs::is_empty(path, error));
}

std::string DefaultName(const std::string& program, int attempt) {
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  char when[32];
  std::strftime(when, sizeof when, "%Y%m%d-%H%M%S", &local);
  return fmt::format("limpet-{}-{}{}.limpet", program, when, attempt == 0 ? "" : fmt::format("-{}", attempt));
}

Status CannotCreate(const std::string& path, int error) {
  const char* way_out = "";
  if (error == EACCES || error == EROFS || error == EPERM)
    way_out = "; choose a folder that you may write to: -o DIR/NAME.limpet";
  if (error == ENOENT) way_out = "; make its parent folder first";
  if (error == ENOSPC || error == EDQUOT) way_out = "; choose another disk: -o DIR/NAME.limpet";
  return Error(fmt::format("cannot create the recording '{}': {}{}", path, base::ErrnoText(error), way_out));
}

Status RemoveOldRecording(const std::string& path, bool replace) {
  if (!replace) {
    return Error(fmt::format(
        "cannot create the recording '{}': it exists; -f replaces it, -o NAME.limpet chooses another", path));
  }
  if (!IsRecording(path)) {
    return Error(
        fmt::format("will not replace '{}': it exists and is not a recording; remove it yourself, or choose another "
                    "name with -o",
                    path));
  }
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return Error(fmt::format("cannot replace the recording '{}': {}", path, error.message()));
  return Status::Ok();
}

}  // namespace

Result<std::string> CreateRecordingFolder(const std::string& wanted, const std::string& program, bool replace) {
  std::string path = wanted.empty() ? DefaultName(program, 0) : wanted;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  for (int attempt = 1; mkdir(path.c_str(), 0777) != 0; ++attempt) {
    if (errno != EEXIST) return CannotCreate(path, errno);
    if (attempt > 1000) return CannotCreate(path, EEXIST);
    if (wanted.empty()) {
      path = DefaultName(program, attempt);
    } else {
      LIMPET_RETURN_IF_ERROR(RemoveOldRecording(path, replace));
    }
  }
  char absolute[PATH_MAX];
  if (realpath(path.c_str(), absolute) == nullptr) return CannotCreate(path, errno);
  if (std::strlen(absolute) > kMaxRecordingPath) {
    rmdir(absolute);
    return Error(fmt::format("the path of the recording is longer than {} bytes: choose a shorter one with -o",
                             kMaxRecordingPath));
  }
  // A folder can be there and still take no files: a full disk, a file system without room for names.
  const std::string probe = std::string(absolute) + "/.probe";
  const int fd = open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    const int error = errno;
    rmdir(absolute);
    return CannotCreate(path, error);
  }
  close(fd);
  unlink(probe.c_str());
  return std::string(absolute);
}

void RemoveRecordingFolder(const std::string& path) {
  unlink((path + "/run.json").c_str());
  rmdir(path.c_str());
}

bool HasProcesses(const std::string& path) { return !ProcessFolders(path).empty(); }

void TrimDataFiles(const std::string& path) {
  for (const fs::path& folder : ProcessFolders(path)) {
    const std::string file = folder / "data";
    const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    capture::FileHeader header;
    struct stat info;
    const bool known = pread(fd, &header, sizeof header, 0) == sizeof header && fstat(fd, &info) == 0 &&
                       std::memcmp(header.magic, capture::kMagic, sizeof header.magic) == 0 && header.blocks > 0 &&
                       header.block_size == capture::kBlockSize;
    const uint64_t used = uint64_t{header.blocks} * header.block_size;
    // A process that still maps the file would be killed by its next step into what we cut off.
    if (known && used < uint64_t(info.st_size) && !process::MapsFile(header.pid, file)) {
      if (ftruncate(fd, off_t(used)) != 0) { /* it only takes more room than needed */
      }
    }
    close(fd);
  }
}

}  // namespace limpet::cli
