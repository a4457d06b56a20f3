#include "cli/agent_library.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string_view>

#include "fmt/format.h"

extern char** environ;

namespace limpet::cli {
namespace {

constexpr char kLibrary[] = "liblimpet_agent.so";
constexpr std::string_view kPreload = "LD_PRELOAD=";
constexpr std::string_view kAgent = "LIMPET_AGENT=";

std::string OwnFolder() {
  char buffer[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", buffer, sizeof buffer);
  if (size <= 0) return {};
  const std::string path(buffer, size);
  return path.substr(0, path.rfind('/'));
}

}  // namespace

std::string FindAgent() {
  const std::string folder = OwnFolder();
  for (const char* place : {"/", "/../lib/limpet/"}) {
    const std::string path = folder + place + kLibrary;
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  return {};
}

bool HasPythonModule(const std::string& agent) {
  char path[PATH_MAX];
  if (realpath(agent.c_str(), path) == nullptr) return false;
  const std::string real = path;
  const std::string folder = real.substr(0, real.rfind('/'));
  return access((folder + "/../_core.abi3.so").c_str(), R_OK) == 0 ||
         access((folder + "/python/limpet/_core.abi3.so").c_str(), R_OK) == 0;
}

PreloadPath::PreloadPath(const std::string& agent) {
  if (agent.find_first_of(" :\t\n$") == std::string::npos) {
    path_ = agent;
    return;
  }
  for (const std::string& parent : {std::string(std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp"),
                                    std::string("/tmp"), std::string("/dev/shm")}) {
    std::string folder = parent + "/limpet-XXXXXX";
    if (folder.find_first_of(" :\t\n$") != std::string::npos || mkdtemp(folder.data()) == nullptr) continue;
    folder_ = folder;
    chmod(folder.c_str(), 0711);  // for a program that changes its user and then starts another
    const std::string link = folder + "/" + kLibrary;
    if (symlink(agent.c_str(), link.c_str()) == 0) path_ = link;
    return;
  }
}

PreloadPath::~PreloadPath() {
  if (folder_.empty()) return;
  unlink((folder_ + "/" + kLibrary).c_str());
  rmdir(folder_.c_str());
}

std::vector<std::string> EnvironmentWithAgent(const std::string& preload, const AgentOptions& options) {
  std::vector<std::string> environment;
  std::string others;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with(kPreload)) {
      others = text.substr(kPreload.size());
    } else if (!text.starts_with(kAgent)) {
      environment.emplace_back(text);
    }
  }
  environment.push_back(std::string(kPreload) + preload + (others.empty() ? "" : ":" + others));
  environment.push_back(fmt::format("{}1:{}:main=1,follow={},epoch={},snapshots={},redact={},native={}{}", kAgent,
                                    options.recording, options.follow ? 1 : 0, options.epoch, options.snapshots,
                                    options.redact ? 1 : 0, options.native ? 1 : 0,
                                    options.tracemalloc ? ",tracemalloc=1" : ""));
  return environment;
}

}  // namespace limpet::cli
