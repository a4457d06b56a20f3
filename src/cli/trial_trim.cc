#include "cli/trial_trim.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "fmt/format.h"

namespace limpet::cli {

namespace {

constexpr int kPollMs = 5;

// The program's own record may be half written: it is taken when two looks at it are the same.
capture::TrimRecord ReadTrim(const capture::MemoryHeader* header) {
  for (;;) {
    const capture::TrimRecord first = header->trim;
    usleep(1000);
    const capture::TrimRecord second = header->trim;
    if (std::memcmp(&first, &second, sizeof first) == 0) return first;
  }
}

std::optional<capture::TrimRecord> Ask(capture::MemoryHeader* header, int patience_ms) {
  const uint32_t request = __atomic_add_fetch(&header->trim_requests, 1, __ATOMIC_ACQ_REL);
  for (int waited_ms = 0; waited_ms <= patience_ms; waited_ms += kPollMs) {
    // Somebody who asked after us is served together with us.
    if (int32_t(__atomic_load_n(&header->trims_done, __ATOMIC_ACQUIRE) - request) >= 0) return ReadTrim(header);
    usleep(kPollMs * 1000);
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<capture::TrimRecord>> AskForTrim(const std::string& process_folder, int patience_ms) {
  const std::string path = process_folder + "/memory";
  const base::FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return Error(fmt::format("cannot open '{}': {}", path, base::ErrnoText(errno)));
  struct stat status;
  if (fstat(file.get(), &status) != 0 || status.st_size < off_t{capture::kMemoryFileSize})
    return Error(fmt::format("'{}' is not what limpet writes", path));
  void* memory = mmap(nullptr, sizeof(capture::MemoryHeader), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return Error(fmt::format("cannot map '{}': {}", path, base::ErrnoText(errno)));
  auto* header = static_cast<capture::MemoryHeader*>(memory);
  Result<std::optional<capture::TrimRecord>> result = Error(fmt::format("'{}' is not what this limpet writes", path));
  if (std::memcmp(header->magic, capture::kMemoryMagic, sizeof header->magic) == 0 &&
      header->version == capture::kMemoryVersion)
    result = Ask(header, patience_ms);
  munmap(memory, sizeof(capture::MemoryHeader));
  return result;
}

}  // namespace limpet::cli
