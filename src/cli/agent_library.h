// The agent: where it is, and how a program is told to load it.
//
// The dynamic linker loads what LD_PRELOAD names before the program; LIMPET_AGENT tells the agent where to record:
//
//     LD_PRELOAD=/opt/limpet/build/liblimpet_agent.so:<what the user had there>
//     LIMPET_AGENT=1:/abs/app.limpet:main=1,follow=1,epoch=auto
//
// The agent takes both out of the program's environment again, and puts them back for programs that this one starts.
#ifndef LIMPET_CLI_AGENT_LIBRARY_H_
#define LIMPET_CLI_AGENT_LIBRARY_H_

#include <string>
#include <vector>

namespace limpet::cli {

// Where the agent is: beside this command (a build tree) or in ../lib/limpet/ (an installation). Empty if in neither.
std::string FindAgent();
inline constexpr char kNoAgent[] =
    "the agent, liblimpet_agent.so, is neither beside limpet nor in ../lib/limpet/: build or install it again";

// LD_PRELOAD is a list separated by spaces and colons and cannot express a path that has one of them. Such a path is
// replaced by a symbolic link in a private folder, which is removed with this object.
class PreloadPath {
 public:
  explicit PreloadPath(const std::string& agent);
  ~PreloadPath();
  PreloadPath(const PreloadPath&) = delete;
  PreloadPath& operator=(const PreloadPath&) = delete;

  const std::string& path() const { return path_; }
  bool ok() const { return !path_.empty(); }

 private:
  std::string path_;
  std::string folder_;  // empty: no link was needed
};

// Whether the extension module of the Python package lies where the agent looks for it (agent/stand_in.h).
bool HasPythonModule(const std::string& agent);

struct AgentOptions {
  std::string recording;           // absolute
  bool follow = true;              // trace the processes that the program starts
  std::string epoch = "auto";      // "auto", "iterations", or a number of milliseconds
  std::string snapshots = "auto";  // "auto", "off", "asked", or a number of milliseconds
  bool redact = false;
  bool native = false;       // native stacks of blocks from C code
  bool tracemalloc = false;  // stand in for the standard module
};

// Longest path of a recording that the agent can take in.
inline constexpr size_t kMaxRecordingPath = 480;

// Our environment with the two variables in it.
std::vector<std::string> EnvironmentWithAgent(const std::string& preload, const AgentOptions& options);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_AGENT_LIBRARY_H_
