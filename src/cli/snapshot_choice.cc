#include "cli/snapshot_choice.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "capture/reader.h"
#include "capture/snapshot_files.h"
#include "cli/output.h"
#include "cli/snapshot_wait.h"
#include "fmt/format.h"
#include "report/phrases.h"

namespace limpet::cli {
namespace {

namespace fs = std::filesystem;

template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// p<pid> or p<pid>.<k>
std::optional<int32_t> PidOfFolder(std::string_view name) {
  if (!name.starts_with('p')) return std::nullopt;
  return ParseNumber<int32_t>(name.substr(1, name.find('.') - 1));
}

void AddFolder(const fs::path& folder, std::vector<SnapshotFile>* found) {
  const std::optional<int32_t> pid = PidOfFolder(folder.filename().string());
  if (!pid) return;
  for (const capture::NumberedSnapshot& file : capture::ListSnapshotFiles(folder.string())) {
    found->push_back({file.path, folder.string(), *pid, file.number});
  }
}

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string HowToGetOne() {
  return "'limpet run' takes some of the program it runs, 'limpet snapshot PID' takes one of a running process";
}

// Snapshots that were begun and have nobody any more who would finish them.
void TellUnfinished(const std::string& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const fs::path& path = entry.path();
    const std::optional<uint32_t> number = capture::SnapshotNumber(path.stem().string());
    if (path.extension() != ".part" || !number || IsBeingWritten(path)) continue;
    Complain(fmt::format("snapshot {} was never finished: what wrote it died, or had no room", *number));
  }
}

std::string Known(const std::vector<SnapshotFile>& files, bool pids) {
  std::string known;
  int32_t last = -1;
  for (const SnapshotFile& file : files) {
    if (pids && file.pid == last) continue;
    last = file.pid;
    known += fmt::format(" {}", pids ? uint32_t(file.pid) : file.number);
  }
  return known;
}

// The process that a recording is about: the program itself if it has snapshots, else the one with the latest.
std::string MainFolder(const std::vector<SnapshotFile>& files, int32_t program) {
  const SnapshotFile* best = nullptr;
  fs::file_time_type best_time;
  for (const SnapshotFile& file : files) {
    if (file.pid == program) return file.folder;
    std::error_code error;
    const fs::file_time_type time = fs::last_write_time(file.path, error);
    if (!best || (!error && time > best_time)) {
      best = &file;
      best_time = time;
    }
  }
  return best ? best->folder : "";
}

}  // namespace

std::vector<SnapshotFile> ListSnapshots(const std::string& recording) {
  std::vector<SnapshotFile> found;
  const fs::path path = WithoutSlashes(recording);
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    const std::string folder = path.parent_path().string();
    found.push_back({path.string(), folder, PidOfFolder(path.parent_path().filename().string()).value_or(0),
                     capture::SnapshotNumber(path.filename().string()).value_or(0)});
    return found;
  }
  AddFolder(path, &found);
  if (found.empty()) {
    for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
      if (entry.is_directory(error)) AddFolder(entry.path(), &found);
    }
  }
  std::sort(found.begin(), found.end(), [](const SnapshotFile& a, const SnapshotFile& b) {
    return std::tie(a.pid, a.folder, a.number) < std::tie(b.pid, b.folder, b.number);
  });
  return found;
}

std::optional<ChosenSnapshot> ChosenSnapshot::Choose(const SnapshotWish& wish) {
  std::error_code error;
  if (!fs::exists(wish.recording, error)) {
    Complain(fmt::format("there is no recording {}: {}", Printable(wish.recording), HowToGetOne()));
    return std::nullopt;
  }
  std::vector<SnapshotFile> files = ListSnapshots(wish.recording);
  if (files.empty()) {
    Complain(fmt::format("no heap snapshot is in {}: {}", Printable(wish.recording), HowToGetOne()));
    return std::nullopt;
  }
  ChosenSnapshot chosen;
  const fs::path path = WithoutSlashes(wish.recording);
  const bool whole = fs::is_directory(path, error) && !PidOfFolder(path.filename().string());
  const std::string recording = whole ? path.string() : fs::path(files.front().folder).parent_path().string();
  if (Result<capture::RunInfo> run = capture::ReadRunInfo(recording); run.ok()) chosen.run_ = *std::move(run);
  const std::string folder = wish.pid ? "" : MainFolder(files, chosen.run_.pid);
  for (const SnapshotFile& file : files) {
    if (wish.pid ? file.pid == *wish.pid : file.folder == folder) chosen.all_.push_back(file);
  }
  if (chosen.all_.empty()) {
    Complain(fmt::format("no heap snapshot of process {} is in {}; there are of:{}", *wish.pid,
                         Printable(wish.recording), Known(files, true)));
    return std::nullopt;
  }
  chosen.file_ = chosen.all_.back();
  TellUnfinished(chosen.file_.folder);
  if (wish.snapshot != "last") {
    const std::optional<uint32_t> number = ParseNumber<uint32_t>(wish.snapshot);
    const SnapshotFile* file = number ? chosen.Find(*number) : nullptr;
    if (!file) {
      Complain(fmt::format("there is no snapshot '{}' of process {}; there are:{}", Printable(wish.snapshot),
                           chosen.file_.pid, Known(chosen.all_, false)));
      return std::nullopt;
    }
    chosen.file_ = *file;
  }
  if (Result<capture::Process> process = capture::ReadProcess(chosen.file_.folder); process.ok())
    chosen.process_ = *std::move(process);
  return chosen;
}

const SnapshotFile* ChosenSnapshot::Find(uint32_t number) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const SnapshotFile& file) { return file.number == number; });
  return found == all_.end() ? nullptr : &*found;
}

std::optional<heap::Snapshot> ChosenSnapshot::Load(const SnapshotFile& file) const {
  Result<heap::Snapshot> snapshot = heap::LoadSnapshot(file.path);
  if (!snapshot.ok()) {
    Complain(snapshot.message());
    return std::nullopt;
  }
  return *std::move(snapshot);
}

report::HeapSource ChosenSnapshot::Source(const heap::Snapshot& snapshot, const SnapshotFile& file) const {
  report::HeapSource source;
  source.snapshot = &snapshot;
  source.process = process_ ? &*process_ : nullptr;
  source.directory = run_.directory;
  const bool is_program = !process_ || process_->command.empty() || process_->pid == run_.pid;
  source.program = report::ProgramName(is_program ? run_.command : process_->command, run_.directory);
  source.number = file.number;
  source.count = uint32_t(all_.size());
  return source;
}

}  // namespace limpet::cli
