#include "capture/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "capture/byte_source.h"
#include "capture/counters.h"
#include "capture/epochs.h"
#include "capture/problem_log.h"
#include "capture/stacks.h"
#include "capture/table_file.h"

namespace limpet::capture {
namespace {

// A fixed field of the header: text up to its first zero byte.
template <size_t kSize>
std::string Text(const char (&field)[kSize]) {
  return base::ReplaceInvalidUtf8({field, size_t(std::find(field, field + kSize, '\0') - field)});
}

// argv, joined by zero bytes; the field's unused rest is zero too.
template <size_t kSize>
std::vector<std::string> SplitCommand(const char (&field)[kSize]) {
  size_t used = kSize;
  while (used > 0 && field[used - 1] == '\0') --used;
  std::vector<std::string> words;
  for (size_t start = 0; start < used;) {
    const size_t end = size_t(std::find(field + start, field + used, '\0') - field);
    words.push_back(base::ReplaceInvalidUtf8({field + start, end - start}));
    start = end + 1;
  }
  return words;
}

template <typename Enum>
Enum Known(uint32_t value, Enum first, Enum last, Enum otherwise) {
  return value < uint32_t(first) || value > uint32_t(last) ? otherwise : Enum(value);
}

void FillFixed(const FileHeader& header, Process& process) {
  process.pid = header.pid;
  process.parent_pid = header.parent_pid;
  process.forked_from = header.forked_from;
  process.image = header.image;
  process.program = Known(header.program, Program::kUnknown, Program::kNotPython, Program::kUnknown);
  process.python_version = header.python_version;
  process.python_text = Text(header.python_text);
  process.executable = Text(header.executable);
  process.command = SplitCommand(header.command);
  process.start_realtime_ns = header.start_realtime_ns;
}

void FillChanging(const FileHeader& header, Process& process) {
  process.state = Known(header.state, State::kStarting, State::kExited, State::kRecording);
  process.reason = Text(header.reason);
  process.limits = header.limits;
  process.inherited = {header.inherited_blocks, header.inherited_bytes};
  process.peak_bytes = header.peak_bytes;
  process.peak_time_ns = header.peak_time_ns;
  process.lost_blocks = header.lost_blocks;
  process.unrecorded = {header.unrecorded_blocks, header.unrecorded_bytes};
  process.agent_bytes = header.agent_bytes;
}

void ReadThreads(const TableFile& file, Process& process) {
  const Records<ThreadRecord> records = file.Load<ThreadRecord>(Table::kThreads);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records.Has(i)) continue;
    const ThreadRecord& record = records[i];
    process.threads.push_back({.tid = record.tid,
                               .name = Text(record.name),
                               .start_ns = record.start_ns,
                               .busy = record.busy != 0,
                               .ended = record.ended != 0});
    process.busy_threads += record.busy != 0;
  }
}

// Samples are thinned out in place now and then; a copy that was made meanwhile is made again.
Records<SampleRecord> LoadSamples(const TableFile& file) {
  const auto before = [](const SampleRecord& a, const SampleRecord& b) { return a.time_ns < b.time_ns; };
  Records<SampleRecord> records = file.Load<SampleRecord>(Table::kSamples);
  for (int attempt = 0; attempt < 3 && file.may_change(); ++attempt) {
    if (std::is_sorted(records.items.begin(), records.items.end(), before)) break;
    records = file.Load<SampleRecord>(Table::kSamples);
  }
  return records;
}

// A process that was killed while it thinned them out leaves some twice, in the wrong place: they are left out without a word.
void ReadSamples(const TableFile& file, Process& process) {
  const Records<SampleRecord> records = LoadSamples(file);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records.Has(i)) continue;
    if (!process.samples.empty() && records[i].time_ns <= process.samples.back().time_ns) continue;
    process.samples.push_back(records[i]);
  }
}

void ReadMarks(const TableFile& file, const EpochTable& epochs, ProblemLog& problems, Process& process) {
  const Records<MarkRecord> records = file.Load<MarkRecord>(Table::kMarks);
  StringPool strings(file.LoadStrings(), problems);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records.Has(i)) continue;
    const MarkRecord& record = records[i];
    process.marks.push_back({.time_ns = record.time_ns,
                             .name = std::string(strings.Get(record.name, "mark", i)),
                             .group = epochs.GroupOf(record.epoch),
                             .iterations = record.iterations});
  }
}

// Ends of the last epoch group, and what else depends on when the process was last heard of.
void FillEnd(const FileHeader& header, const EpochTable& epochs, Process& process) {
  EpochGroup& last = process.groups.back();
  uint64_t time =
      std::max({header.last_tick_ns, header.peak_time_ns, last.start_ns, process.peak.time_ns, process.final.time_ns});
  const uint64_t not_work = process.inherited.bytes + header.held_volume;
  uint64_t volume = std::max(last.start_volume, process.births.bytes - std::min(process.births.bytes, not_work));
  if (header.hold_volume) volume = std::max(last.start_volume, header.hold_volume);
  uint32_t iterations = std::max(last.first_iteration, header.iterations);
  for (const SampleRecord& sample : process.samples) {
    time = std::max(time, sample.time_ns);
    volume = std::max(volume, sample.volume);
  }
  for (const Mark& mark : process.marks) {
    time = std::max(time, mark.time_ns);
    iterations = std::max(iterations, mark.iterations);
  }
  for (const Thread& thread : process.threads) time = std::max(time, thread.start_ns);
  last.end_ns = process.duration_ns = time;
  last.end_cpu_ns = std::max(last.start_cpu_ns, header.last_cpu_ns);
  last.end_volume = volume;
  last.end_iteration = process.iterations = iterations;
  if (header.finalizing_epoch != 0xffffffff) process.finalizing_group = epochs.GroupOf(header.finalizing_epoch);
}

void CheckInherited(ProblemLog& problems, Process& process) {
  Amount first;
  for (const Site& site : process.sites) {
    if (site.cohorts.front().group == GroupId{0}) first += site.cohorts.front().births;
  }
  if (process.inherited.blocks <= first.blocks && process.inherited.bytes <= first.bytes) return;
  LIMPET_PROBLEM(problems, "header",
                 "header: {} blocks ({} bytes) inherited, but only {} ({}) counted as births of the first epoch",
                 process.inherited.blocks, process.inherited.bytes, first.blocks, first.bytes);
  process.inherited = {std::min(first.blocks, process.inherited.blocks),
                       std::min(first.bytes, process.inherited.bytes)};
}

// What is referred to is loaded after what refers to it: TableFile::ReadHeader says why.
Result<Process> ParseSource(const ByteSource& source, const std::string& place) {
  ProblemLog problems;
  LIMPET_ASSIGN_OR_RETURN(const TableFile file, TableFile::Open(source, place, problems));
  Process process;
  FillFixed(file.header(), process);
  const RawCounters counters = LoadCounters(file, problems);
  const Records<SiteRecord> sites = LoadSites(file);
  const Records<NodeRecord> nodes = LoadNodes(file);
  const Records<NativeRecord> natives = LoadNatives(file);
  ReadFrames(file, natives, problems, process);
  ReadNodes(nodes, problems, process);
  ReadThreads(file, process);
  const EpochTable epochs = ReadEpochs(file, problems);
  process.groups = epochs.groups;
  FillChanging(file.ReadHeader(), process);
  BuildSites(counters, sites, epochs, problems, process);
  ReadSamples(file, process);
  ReadMarks(file, epochs, problems, process);
  CheckInherited(problems, process);
  FillEnd(file.ReadHeader(), epochs, process);
  process.problems = problems.Take();
  return process;
}

// Older recordings have no such file, and one that cannot be read takes nothing from the rest.
void ReadMemory(const std::string& folder_path, Process& process) {
  const std::string path = folder_path + "/memory";
  const Result<std::string> bytes = base::ReadFile(path);
  if (!bytes.ok()) return;
  Result<MemoryRecord> memory = ParseMemory(*bytes, path);
  if (!memory.ok()) {
    process.problems.push_back(memory.message());
    return;
  }
  process.problems.insert(process.problems.end(), memory->problems.begin(), memory->problems.end());
  process.memory = *std::move(memory);
}

// There only where the program counts its requests.
void ReadRequests(const std::string& folder_path, Process& process) {
  const std::string path = folder_path + "/requests";
  const Result<std::string> bytes = base::ReadFile(path);
  if (!bytes.ok()) return;
  Result<Requests> requests = ParseRequests(*bytes, path);
  if (!requests.ok()) process.problems.push_back(requests.message());
  else process.requests = *std::move(requests);
}

}  // namespace

Result<Process> ParseProcess(std::string_view bytes, const std::string& place) {
  return ParseSource(MemorySource(bytes), place);
}

Result<Process> ReadProcess(const std::string& folder_path) {
  const std::string path = folder_path + "/data";
  LIMPET_ASSIGN_OR_RETURN(const FileSource source, FileSource::Open(path));
  LIMPET_ASSIGN_OR_RETURN(Process process, ParseSource(source, path));
  process.folder = folder_path.substr(folder_path.find_last_of('/') + 1);
  // A forked child begins with a copy of its parent's file, under its own name, and then makes it its own.
  const std::string own = fmt::format("p{}", process.pid);
  if (process.folder != own && !process.folder.starts_with(own + ".") && process.problems.empty()) {
    return Error(
        fmt::format("{}: the process was killed while it was forked from process {}: it recorded nothing of its own",
                    path, process.pid));
  }
  ReadMemory(folder_path, process);
  ReadRequests(folder_path, process);
  return process;
}

}  // namespace limpet::capture
