// The parts of `limpet doctor`: each looks at one side of the matter and adds its findings to a list.
#ifndef LIMPET_CLI_DOCTOR_H_
#define LIMPET_CLI_DOCTOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace limpet::cli {

enum class Level : uint8_t {
  kOk,       // as it should be
  kNote,     // tracing works, but the user should know
  kProblem,  // prevents tracing
};

struct Check {
  Level level = Level::kOk;
  std::string name;
  std::string text;
  std::string way_out;  // of a note or problem; may be empty
};

class Checks {
 public:
  void Ok(std::string name, std::string text) { all_.push_back({Level::kOk, std::move(name), std::move(text), {}}); }
  void Note(std::string name, std::string text, std::string way_out = {}) {
    all_.push_back({Level::kNote, std::move(name), std::move(text), std::move(way_out)});
  }
  void Problem(std::string name, std::string text, std::string way_out) {
    all_.push_back({Level::kProblem, std::move(name), std::move(text), std::move(way_out)});
  }
  const std::vector<Check>& all() const { return all_; }
  size_t Count(Level level) const;

 private:
  std::vector<Check> all_;
};

// What an interpreter says of itself.
struct Interpreter {
  std::string executable;      // sys.executable: the file behind shims and links
  std::string implementation;  // "cpython"
  std::string version;         // "3.12.1"
  int major = 0;
  int minor = 0;
  bool debug = false;
  bool free_threaded = false;
};

// doctor_machine.cc: kernel, disk, limits, containers.
void CheckMachine(const std::string& recording_parent, Checks* checks);

// doctor_python.cc: environment ("NAME=value" each), interpreter, running process.
void CheckEnvironment(const std::vector<std::string>& environment, Checks* checks);
// Returns the interpreter when it can be tried.
std::optional<Interpreter> CheckInterpreter(const std::string& python, Checks* checks);
// Returns the interpreter of process `pid`, or an empty string when there is none.
std::string CheckProcess(int32_t pid, Checks* checks);

// doctor_trial.cc: runs the interpreter under the agent, with and without, and reads the recording back.
void CheckAgent(Checks* checks);
void TryInterpreter(const Interpreter& interpreter, Checks* checks);

}  // namespace limpet::cli

#endif  // LIMPET_CLI_DOCTOR_H_
