#include "viewer/time_part.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "capture/snapshot_files.h"
#include "diagnose/ledger_of.h"

namespace limpet::viewer {
namespace {

using nlohmann::json;

constexpr size_t kMostMarks = 400;  // a program may mark each of a million iterations

double Seconds(uint64_t ns) { return std::round(static_cast<double>(ns) / 1e6) / 1e3; }

json EpochsJson(const capture::Process& process) {
  json start = json::array(), end = json::array(), iteration = json::array();
  for (const capture::EpochGroup& group : process.groups) {
    start.push_back(Seconds(group.start_ns));
    end.push_back(Seconds(group.end_ns));
    iteration.push_back(group.first_iteration);
  }
  return {{"start", std::move(start)}, {"end", std::move(end)}, {"iteration", std::move(iteration)}};
}

json SamplesJson(const capture::Process& process) {
  std::vector<double> seconds;
  std::vector<uint64_t> rss, live, collected;
  std::vector<uint32_t> threads;
  std::vector<std::vector<uint32_t>> collections(3);
  for (const capture::SampleRecord& sample : process.samples) {
    seconds.push_back(Seconds(sample.time_ns));
    rss.push_back(sample.rss_bytes);
    live.push_back(sample.live_bytes);
    for (size_t i = 0; i < collections.size(); ++i) collections[i].push_back(sample.gc_collections[i]);
    collected.push_back(sample.gc_collected);
    threads.push_back(sample.threads);
  }
  return {{"seconds", seconds},     {"rss", rss},        {"live", live}, {"collections", collections},
          {"collected", collected}, {"threads", threads}};
}

// Evenly chosen where there are many; the first and the last are among them.
json MarksJson(const capture::Process& process) {
  json out = json::array();
  const size_t marks = process.marks.size(), shown = std::min(marks, kMostMarks);
  for (size_t i = 0; i < shown; ++i) {
    const capture::Mark& mark = process.marks[shown == 1 ? 0 : i * (marks - 1) / (shown - 1)];
    out.push_back({{"seconds", Seconds(mark.time_ns)},
                   {"name", base::ReplaceInvalidUtf8(mark.name)},
                   {"iterations", mark.iterations}});
  }
  return out;
}

json LedgersJson(const capture::Process& process) {
  std::vector<const capture::LedgerRecord*> records;
  for (const capture::LedgerRecord& record : process.memory.ledgers) records.push_back(&record);
  std::stable_sort(records.begin(), records.end(), [](auto* a, auto* b) { return a->time_ns < b->time_ns; });
  json out = json::array();
  for (const capture::LedgerRecord* record : records) {
    const diagnose::Ledger ledger = diagnose::LedgerOf(process, *record);
    json parts = json::array();
    for (const diagnose::LedgerPart& part : ledger.parts)
      parts.push_back({{"key", part.key}, {"label", part.label}, {"bytes", part.bytes}});
    out.push_back({{"seconds", Seconds(ledger.time_ns)},
                   {"own", ledger.own},
                   {"parts", std::move(parts)},
                   {"rest", ledger.rest},
                   {"file", ledger.file}});
  }
  return out;
}

json SnapshotsJson(const capture::Process& process, const std::string& folder) {
  json out = json::array();
  for (const capture::NumberedSnapshot& snapshot : capture::ListSnapshotFiles(folder)) {
    json seconds = nullptr;
    for (const capture::LedgerRecord& record : process.memory.ledgers)
      if (record.number == snapshot.number) seconds = Seconds(record.time_ns);
    out.push_back({{"number", snapshot.number}, {"seconds", std::move(seconds)}});
  }
  return out;
}

}  // namespace

void AddTimePart(const capture::Process& process, const std::string& folder, json* part) {
  json& out = *part;
  out["seconds"] = Seconds(process.duration_ns);
  out["epochs"] = EpochsJson(process);
  out["samples"] = SamplesJson(process);
  out["marks"] = MarksJson(process);
  out["ledgers"] = LedgersJson(process);
  out["snapshots"] = SnapshotsJson(process, folder);
  out["peak_seconds"] = Seconds(process.peak_time_ns);
  out["peak_bytes"] = std::max(process.peak_bytes, process.peak.valid ? process.peak.live.bytes : 0);
  out["finalized_seconds"] = process.final.valid ? json(Seconds(process.final.time_ns)) : json(nullptr);
}

}  // namespace limpet::viewer
