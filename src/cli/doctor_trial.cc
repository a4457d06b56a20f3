#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "capture/reader.h"
#include "cli/agent_library.h"
#include "cli/doctor.h"
#include "cli/probe.h"
#include "fmt/format.h"

namespace limpet::cli {
namespace {

constexpr int kTrialTimeoutMs = 30'000;
constexpr int kTrials = 3;  // the quickest of them counts: others were disturbed

// A folder for the trial's recording, gone with this object.
class TrialFolder {
 public:
  TrialFolder() {
    const char* parent = std::getenv("TMPDIR");
    std::string name = std::string(parent != nullptr && *parent != 0 ? parent : "/tmp") + "/limpet-doctor-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TrialFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')).substr(0, 300); }

// Runs `python -c pass` some times; the quickest of them, or the first that failed.
Result<Probe> Quickest(const std::string& python, const std::vector<std::string>& environment) {
  LIMPET_ASSIGN_OR_RETURN(Probe best, RunProbe({python, "-c", "pass"}, environment, kTrialTimeoutMs));
  for (int i = 1; i < kTrials && best.exit_status == 0; ++i) {
    LIMPET_ASSIGN_OR_RETURN(const Probe probe, RunProbe({python, "-c", "pass"}, environment, kTrialTimeoutMs));
    if (probe.exit_status != 0 || probe.seconds < best.seconds) best = probe;
  }
  return best;
}

void JudgeRecording(const std::string& folder, Checks* checks) {
  const Result<capture::Recording> recording = capture::ReadRecording(folder);
  if (!recording.ok()) {
    checks->Problem("trial", "the agent left no recording: " + recording.message(), "look at the lines above");
    return;
  }
  const capture::Process& process = recording->processes.front();
  const bool refused = process.state == capture::State::kRefused || process.state == capture::State::kStopped;
  if (refused || process.program != capture::Program::kPython) {
    const std::string why = process.reason.empty() ? "it did not recognise a Python interpreter in it" : process.reason;
    checks->Problem("trial", "the agent does not trace this interpreter: " + why,
                    "use another build of CPython: --python PATH");
  } else if (process.births.blocks == 0) {
    checks->Problem("trial", "the agent was loaded but saw no allocation", "report it: this is a bug in limpet");
  } else {
    checks->Ok("trial",
               fmt::format("python -c pass recorded {} ({}) at {} places", base::Plural(process.births.blocks, "block"),
                           base::FormatBytes(process.births.bytes), base::FormatCount(process.sites.size())));
  }
  if (!process.problems.empty()) {
    checks->Note("trial", "part of the recording is doubtful: " + process.problems.front(),
                 "report it: this is a bug in limpet");
  }
}

}  // namespace

void CheckAgent(Checks* checks) {
  const std::string agent = FindAgent();
  if (agent.empty()) {
    checks->Problem("agent", kNoAgent, "build limpet again, or keep bin/limpet and lib/limpet/ together");
  } else {
    checks->Ok("agent", agent);
  }
}

void TryInterpreter(const Interpreter& interpreter, Checks* checks) {
  const std::string agent = FindAgent();
  if (agent.empty() || interpreter.executable.empty()) return;
  const TrialFolder folder;
  const PreloadPath preload(agent);
  if (folder.path().empty() || !preload.ok()) {
    checks->Problem("trial", "there is no folder for temporary files", "set TMPDIR to a folder that you may write to");
    return;
  }
  const Result<Probe> plain = Quickest(interpreter.executable, OwnEnvironment());
  const Result<Probe> traced =
      Quickest(interpreter.executable, EnvironmentWithAgent(preload.path(), {.recording = folder.path()}));
  if (!plain.ok() || !traced.ok()) {
    checks->Problem("trial", plain.ok() ? traced.message() : plain.message(), "try it by hand: limpet run -c pass");
    return;
  }
  if (plain->exit_status != 0) {
    checks->Problem("trial", "the interpreter fails even without limpet: " + FirstLine(plain->errors),
                    "repair it, or name another: --python PATH");
    return;
  }
  if (traced->exit_status != 0 || traced->errors != plain->errors) {
    const std::string how = traced->signal ? fmt::format("died of signal {}", *traced->signal) : "behaves otherwise";
    checks->Problem("trial", fmt::format("the interpreter {} with the agent: {}", how, FirstLine(traced->errors)),
                    "report it: this is a bug in limpet");
    return;
  }
  JudgeRecording(folder.path(), checks);
  checks->Ok("start-up", fmt::format("{:.0f} ms, {:.0f} ms of them limpet's", traced->seconds * 1000,
                                     (traced->seconds - plain->seconds) * 1000));
}

}  // namespace limpet::cli
