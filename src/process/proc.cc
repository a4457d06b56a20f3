#include "process/proc.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "base/file.h"
#include "fmt/format.h"

namespace limpet::process {
namespace {

std::string ProcPath(pid_t pid, const char* file) { return fmt::format("/proc/{}/{}", pid, file); }

Status CannotRead(pid_t pid, const std::string& why) {
  if (kill(pid, 0) != 0 && errno == ESRCH) return Error(fmt::format("there is no process {}", pid));
  return Error(fmt::format("cannot look into process {} (its user and root can): {}", pid, why));
}

Result<std::string> ReadProc(pid_t pid, const char* file) {
  Result<std::string> text = base::ReadFile(ProcPath(pid, file));
  if (!text.ok()) return CannotRead(pid, text.message());
  return text;
}

std::vector<std::string> SplitAtZeros(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = text.find('\0');
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

// The rest of the line that starts with `key`; empty if there is none.
std::string_view Field(std::string_view text, std::string_view key) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(key)) {
      const size_t value = line.find_first_not_of(" \t", key.size());
      return value == std::string_view::npos ? std::string_view() : line.substr(value);
    }
    at = end + 1;
  }
  return {};
}

uint64_t Number(std::string_view text) { return std::strtoull(std::string(text).c_str(), nullptr, 10); }

}  // namespace

bool MapsFile(pid_t pid, const std::string& file) {
  if (pid <= 0 || file.find('\n') != std::string::npos) return true;  // maps shows a line feed as \012
  if (kill(pid, 0) != 0 && errno == ESRCH) return false;
  const Result<std::string> maps = ReadProc(pid, "maps");
  if (!maps.ok()) return kill(pid, 0) == 0 || errno != ESRCH;
  return maps->find(file) != std::string::npos;
}

Result<ProcessStatus> ReadStatus(pid_t pid) {
  LIMPET_ASSIGN_OR_RETURN(const std::string text, ReadProc(pid, "status"));
  ProcessStatus status;
  status.name = Field(text, "Name:");
  const std::string uids(Field(text, "Uid:"));
  char* rest = nullptr;
  status.real_uid = uint32_t(std::strtoul(uids.c_str(), &rest, 10));
  status.effective_uid = uint32_t(std::strtoul(rest, nullptr, 10));
  status.seccomp = int(Number(Field(text, "Seccomp:")));
  status.no_new_privs = Number(Field(text, "NoNewPrivs:")) != 0;
  status.tracer = pid_t(Number(Field(text, "TracerPid:")));
  status.rss_kb = Number(Field(text, "VmRSS:"));
  status.threads = uint32_t(Number(Field(text, "Threads:")));
  return status;
}

Result<std::string> ReadExecutable(pid_t pid) {
  char buffer[PATH_MAX];
  const ssize_t size = readlink(ProcPath(pid, "exe").c_str(), buffer, sizeof buffer);
  if (size < 0) return CannotRead(pid, base::ErrnoText(errno));
  return std::string(buffer, size);
}

Result<std::vector<std::string>> ReadCommandLine(pid_t pid) {
  LIMPET_ASSIGN_OR_RETURN(const std::string text, ReadProc(pid, "cmdline"));
  return SplitAtZeros(text);
}

Result<std::vector<std::string>> ReadEnvironment(pid_t pid) {
  LIMPET_ASSIGN_OR_RETURN(const std::string text, ReadProc(pid, "environ"));
  return SplitAtZeros(text);
}

Result<std::vector<std::string>> ReadMappedFiles(pid_t pid) {
  LIMPET_ASSIGN_OR_RETURN(const std::string text, ReadProc(pid, "maps"));
  std::vector<std::string> files;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const size_t slash = line.find('/');
    if (slash != std::string::npos) {
      std::string file = line.substr(slash);
      if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(std::move(file));
    }
    at = end + 1;
  }
  return files;
}

}  // namespace limpet::process
