#include "serve/pulse.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "capture/format.h"
#include "fmt/format.h"

namespace limpet::serve {
namespace {

namespace fs = std::filesystem;

// The first bytes of a file: of a process's `data`, its header.
std::string Head(const fs::path& file) {
  const base::FileDescriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, capture::kHeaderSize> bytes;
  const ssize_t got = fd.valid() ? pread(fd.get(), bytes.data(), bytes.size(), 0) : -1;
  return got <= 0 ? std::string() : std::string(bytes.data(), size_t(got));
}

std::vector<fs::path> Entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) found.push_back(*it);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string PulseOf(const std::string& recording) {
  std::string seen;
  for (const fs::path& entry : Entries(recording)) {
    seen += entry.filename().string() + '\0';
    std::error_code error;
    if (!fs::is_directory(entry, error)) {
      seen += Head(entry);  // run.json
      continue;
    }
    for (const fs::path& file : Entries(entry)) {
      const std::string name = file.filename().string();
      if (name.ends_with(".part")) continue;  // a snapshot that is being written: it counts once it is whole
      seen += name + '\0';
      if (name == "data") seen += Head(file);
    }
  }
  return fmt::format("{:016x}", std::hash<std::string_view>()(seen));
}

}  // namespace limpet::serve
