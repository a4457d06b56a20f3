#include "cli/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/file.h"
#include "base/text.h"
#include "fmt/format.h"

namespace limpet::cli {

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(written);
  }
  return true;
}

void Complain(std::string_view message) {
  WriteAll(STDERR_FILENO, fmt::format("limpet: {}\n", Printable(std::string(message))));
}

int Print(std::string_view text) {
  if (WriteAll(STDOUT_FILENO, text) || errno == EPIPE) return 0;
  Complain(fmt::format("cannot write to standard output: {}", base::ErrnoText(errno)));
  return kExitUsage;
}

int PrintToFile(const std::string& path, std::string_view text) {
  if (path == "-") return Print(text);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const bool written = fd >= 0 && WriteAll(fd, text);
  const int error = errno;
  const bool closed = fd >= 0 && close(fd) == 0;
  if (written && closed) return 0;
  Complain(fmt::format("cannot write '{}': {}", path, base::ErrnoText(written ? errno : error)));
  return kExitUsage;
}

std::string Printable(const std::string& text) {
  std::string safe;
  for (const char c : base::ReplaceInvalidUtf8(text))
    safe += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return safe;
}

int Columns(int fd) {
  winsize size = {};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 110;
  return std::clamp<int>(size.ws_col, 40, 200);
}

bool WantsColour(int fd) {
  const char* refused = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::strcmp(terminal, "dumb") == 0;
  return isatty(fd) && !dumb && (refused == nullptr || *refused == 0);
}

}  // namespace limpet::cli
