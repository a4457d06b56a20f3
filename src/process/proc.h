// What /proc tells of other processes. Every reader takes it as it is at the moment: the process may be gone by the next line.
#ifndef LIMPET_PROCESS_PROC_H_
#define LIMPET_PROCESS_PROC_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace limpet::process {

// True unless it is certain that process `pid` does not map `file` (absolute path): then the file may be changed in length.
bool MapsFile(pid_t pid, const std::string& file);

// /proc/PID/status, as far as doctor needs it.
struct ProcessStatus {
  std::string name;
  uint32_t real_uid = 0;
  uint32_t effective_uid = 0;
  int seccomp = 0;  // 0 off, 1 strict, 2 filter
  bool no_new_privs = false;
  pid_t tracer = 0;
  uint64_t rss_kb = 0;
  uint32_t threads = 0;
};
Result<ProcessStatus> ReadStatus(pid_t pid);

// /proc/PID/exe, cmdline and environ. Environment as "NAME=value".
Result<std::string> ReadExecutable(pid_t pid);
Result<std::vector<std::string>> ReadCommandLine(pid_t pid);
Result<std::vector<std::string>> ReadEnvironment(pid_t pid);

// The files that a process maps, each once, in order of address.
Result<std::vector<std::string>> ReadMappedFiles(pid_t pid);

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_PROC_H_
