#include "cli/outside_walk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>

#include "base/file.h"
#include "capture/snapshot_writer.h"
#include "fmt/format.h"
#include "process/core_file.h"
#include "process/memory_image.h"
#include "process/symbols.h"
#include "walk/walk_memory.h"

namespace limpet::cli {
namespace {

constexpr int kTries = 20;  // while the collector is at work
constexpr useconds_t kBetweenTriesUs = 20'000;

// The interpreter, as its symbols tell it.
struct Interpreter {
  uint64_t runtime = 0;
  uint32_t version = 0;  // PY_VERSION_HEX
};

std::string VersionText(uint32_t hex) { return fmt::format("{}.{}.{}", hex >> 24, hex >> 16 & 0xff, hex >> 8 & 0xff); }

// From 3.13 on the runtime begins with a table about itself (_Py_DebugOffsets).
template <class Memory>
bool IsFreeThreaded(Memory& memory, uint64_t runtime) {
  static_assert(cpython::Layout313::kDebugFreeThreaded == cpython::Layout315::kDebugFreeThreaded);
  char cookie[8];
  uint64_t free_threaded = 0;
  return cpython::Get(memory, runtime, &cookie) && std::memcmp(cookie, "xdebugpy", sizeof cookie) == 0 &&
         cpython::Get(memory, runtime + cpython::Layout313::kDebugFreeThreaded, &free_threaded) && free_threaded != 0;
}

template <class Memory>
Result<Interpreter> FindInterpreter(Memory& memory, process::ModuleSymbols& symbols) {
  Interpreter found;
  const std::optional<uint64_t> runtime = symbols.Find("_PyRuntime");
  if (!runtime) {
    return Error(
        "there is no Python in it, or one without the symbol _PyRuntime (an interpreter that was stripped of all "
        "symbols)");
  }
  found.runtime = *runtime;
  const std::optional<uint64_t> version = symbols.Find("Py_Version");
  if (!version || !cpython::Get(memory, *version, &found.version)) {
    return Error(
        "its Python does not say which version it is (the symbol Py_Version is missing): limpet reads 3.11 to 3.15");
  }
  const uint32_t minor = found.version >> 16 & 0xff;
  if (found.version >> 24 != 3 || minor < 11 || minor > 15) {
    return Error(fmt::format("it runs Python {}, and limpet reads 3.11 to 3.15", VersionText(found.version)));
  }
  if (IsFreeThreaded(memory, found.runtime)) {
    return Error("it is a free-threaded build of Python, whose heaps limpet cannot read yet");
  }
  return found;
}

template <class Memory>
std::vector<process::Module> ModulesOf(Memory& memory) {
  constexpr size_t kPage = 4096;
  std::vector<process::Module> modules = process::FindModules(memory.map());
  for (process::Module& module : modules) {
    if (const char* page = memory.Span(module.begin, kPage)) process::CutToProgramHeaders({page, kPage}, &module);
  }
  return modules;
}

std::vector<walk::ModuleData> DataOf(const std::vector<process::Module>& modules) {
  std::vector<walk::ModuleData> out;
  for (const process::Module& module : modules) {
    for (const process::DataRange& range : module.data) {
      walk::ModuleData data = {range.begin, range.end, module.begin, {}};
      std::strncpy(data.path, module.path.c_str(), sizeof data.path - 1);
      out.push_back(data);
    }
  }
  return out;
}

std::string WhyStopped(walk::WalkStop stop, int error) {
  switch (stop) {
    case walk::WalkStop::kComplete:
    case walk::WalkStop::kTime:
    case walk::WalkStop::kSize:
      return {};
    case walk::WalkStop::kMemory:
      return "there is not enough memory for the walk";
    case walk::WalkStop::kFile:
      return fmt::format("it cannot be written: {}", base::ErrnoText(error));
    case walk::WalkStop::kNoInterpreter:
      return "its Python is not initialised";
    case walk::WalkStop::kNoCollector:
      return "its cyclic collector is not built as that of the versions that limpet knows (3.14.0 to 3.14.4 have "
             "another one)";
    case walk::WalkStop::kCollecting:
      return "its cyclic collector is at work all the time: try again";
  }
  return "for a reason that is not known";
}

capture::SnapshotHeader HeaderOf(int32_t pid, const Interpreter& interpreter, capture::SnapshotTrigger trigger,
                                 bool redact) {
  capture::SnapshotHeader header = {};
  header.pid = pid;
  header.python_version = interpreter.version;
  header.trigger = static_cast<uint32_t>(trigger);
  header.epoch = 0xffffffff;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  header.realtime_ns = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  header.flags = redact ? 1 : 0;
  return header;
}

// Walks `memory` into a file of its own. The stop tells whether to try again.
template <class Memory>
Result<walk::WalkStop> WalkInto(Memory& memory, const Interpreter& interpreter,
                                const std::vector<walk::ModuleData>& modules, const capture::SnapshotHeader& header,
                                bool even_collecting, OutsideSnapshot* out) {
  const std::string part = out->file + ".part";
  const base::FileDescriptor file(open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.valid()) return Error(fmt::format("cannot create '{}': {}", part, base::ErrnoText(errno)));
  capture::SnapshotWriter writer;
  if (!writer.Open(file.get(), header)) {
    unlink(part.c_str());
    return Error(fmt::format("cannot write '{}': {}", part, base::ErrnoText(writer.error())));
  }
  walk::WalkOptions options;
  options.minor = static_cast<int>(interpreter.version >> 16 & 0xff);
  options.runtime = interpreter.runtime;
  options.redact = (header.flags & 1) != 0;
  options.while_collecting = even_collecting;
  options.modules = modules.data();
  options.module_count = modules.size();
  const walk::WalkStop stop = walk::WalkMemory(memory, options, writer);
  const std::string why = WhyStopped(stop, writer.error());
  if (!why.empty()) {
    unlink(part.c_str());
    if (stop == walk::WalkStop::kCollecting) return stop;
    return Error(why);
  }
  if (rename(part.c_str(), out->file.c_str()) != 0) {
    return Error(fmt::format("cannot write '{}': {}", out->file, base::ErrnoText(errno)));
  }
  out->nodes = writer.nodes();
  return stop;
}

Status MakeProcessFolder(const std::string& recording, OutsideSnapshot* out) {
  const std::string folder = fmt::format("{}/p{}", recording, out->pid);
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return Error(fmt::format("cannot create '{}': {}", folder, base::ErrnoText(errno)));
  }
  out->file = folder + "/heap.1";
  return Status::Ok();
}

}  // namespace

Result<OutsideSnapshot> SnapshotProcess(pid_t pid, const std::string& folder, bool redact) {
  OutsideSnapshot out;
  out.pid = pid;
  LIMPET_RETURN_IF_ERROR(MakeProcessFolder(folder, &out));
  for (int tries = 1;; ++tries) {
    LIMPET_ASSIGN_OR_RETURN(process::MemoryImage image, process::MemoryImage::Take(pid));
    process::ModuleSymbols symbols(ModulesOf(image), fmt::format("/proc/{}/root", pid));
    LIMPET_ASSIGN_OR_RETURN(const Interpreter interpreter, FindInterpreter(image, symbols));
    capture::SnapshotHeader header = HeaderOf(pid, interpreter, capture::SnapshotTrigger::kOutside, redact);
    header.pause_ns = image.pause_ns();
    const bool last = tries == kTries;
    LIMPET_ASSIGN_OR_RETURN(const walk::WalkStop stop,
                            WalkInto(image, interpreter, DataOf(symbols.modules()), header, last, &out));
    if (stop == walk::WalkStop::kCollecting) {
      usleep(kBetweenTriesUs);
      continue;
    }
    out.pause_ns = image.pause_ns();
    out.bytes_read = image.bytes_copied();
    out.python_version = interpreter.version;
    if (image.bytes_unreadable() > 0)
      out.problems.push_back(fmt::format("{} bytes could not be read", image.bytes_unreadable()));
    if (last)
      out.problems.emplace_back("the collector was at work: objects that it found to be garbage may be missing");
    return out;
  }
}

Result<OutsideSnapshot> SnapshotCore(const std::string& core, const std::string& folder, bool redact) {
  LIMPET_ASSIGN_OR_RETURN(process::CoreFile file, process::CoreFile::Open(core));
  OutsideSnapshot out;
  out.pid = file.pid();
  out.problems = file.problems();
  LIMPET_RETURN_IF_ERROR(MakeProcessFolder(folder, &out));
  process::ModuleSymbols symbols(ModulesOf(file));
  Result<Interpreter> interpreter = FindInterpreter(file, symbols);
  if (!interpreter.ok()) {
    const std::string more = out.problems.empty() ? "" : fmt::format(" ({})", out.problems[0]);
    return Error(interpreter.message() + more);
  }
  const capture::SnapshotHeader header = HeaderOf(out.pid, *interpreter, capture::SnapshotTrigger::kCore, redact);
  LIMPET_ASSIGN_OR_RETURN(const walk::WalkStop stop,
                          WalkInto(file, *interpreter, DataOf(symbols.modules()), header, true, &out));
  if (stop == walk::WalkStop::kTime || stop == walk::WalkStop::kSize)
    out.problems.emplace_back("the walk came to its limit");
  out.python_version = interpreter->version;
  return out;
}

}  // namespace limpet::cli
