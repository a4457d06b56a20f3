#include "diagnose/resources.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/course.h"
#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

using capture::Process;
using capture::ResourceRecord;

constexpr size_t kWindows = 6;
constexpr double kUnderWay = 0.1;      // of the run: what came before is start-up
constexpr double kLeastCovered = 0.5;  // of the run
constexpr uint32_t kLeastGain = 5;     // and this part of what there is at the end
constexpr double kLeastShare = 0.1;
constexpr double kLargestStep = 0.6;  // of all growth: more in one window is a one-off
constexpr double kSameRhythm = 0.9;   // cosine of gains and survivors
constexpr double kSameCourse = 0.2;   // or: their distance (windows jitter where the machine is busy)
constexpr double kLeastPerOne = 0.8;  // blocks for each that is gained, which is counted a little later
constexpr double kMostPerOne = 2000;  // blocks that one descriptor may come with

struct Series {
  std::string_view key;
  std::string_view noun;
  uint32_t flag;
  uint32_t ResourceRecord::* count;
};
constexpr Series kSeries[] = {
    {"files", "open files", capture::kResourceKinds, &ResourceRecord::files},
    {"sockets", "open sockets", capture::kResourceKinds, &ResourceRecord::sockets},
    {"pipes", "open pipes", capture::kResourceKinds, &ResourceRecord::pipes},
    {"eventfds", "open eventfds", capture::kResourceKinds, &ResourceRecord::events},
    {"other_descriptors", "other open descriptors", capture::kResourceKinds, &ResourceRecord::other},
    {"descriptors", "open descriptors", capture::kResourceFiles, &ResourceRecord::open},
    {"threads", "threads", capture::kResourceThreads, &ResourceRecord::threads},
    {"children", "child processes", capture::kResourceChildren, &ResourceRecord::children},
};

// Records up to when the program began to let go of everything.
std::vector<ResourceRecord> Relevant(const Process& process) {
  const uint64_t until = process.final.valid ? process.final.time_ns : std::numeric_limits<uint64_t>::max();
  std::vector<ResourceRecord> out;
  for (const ResourceRecord& record : process.memory.resources)
    if (record.time_ns <= until) out.push_back(record);
  return out;
}

std::optional<Growth> GrowthOf(const std::vector<ResourceRecord>& all, const Series& series) {
  std::vector<ResourceRecord> records;
  for (const ResourceRecord& record : all) {
    const bool started = static_cast<double>(record.time_ns) >= kUnderWay * static_cast<double>(all.back().time_ns);
    if (started && record.flags & series.flag) records.push_back(record);
  }
  // It may begin late (imports come first), but not so late that most of the run knows nothing of it.
  const auto least = [&](const ResourceRecord& a, const ResourceRecord& b) {
    return a.*series.count < b.*series.count;
  };
  const auto onset = std::min_element(records.rbegin(), records.rend(), least);
  if (onset != records.rend()) records.erase(records.begin(), onset.base() - 1);
  if (records.size() < kWindows) return std::nullopt;
  const double covered = static_cast<double>(records.back().time_ns - records.front().time_ns);
  if (covered < kLeastCovered * static_cast<double>(all.back().time_ns)) return std::nullopt;
  const uint64_t begin = records.front().time_ns, span = records.back().time_ns - begin;
  std::vector<double> low(kWindows, -1);
  for (const ResourceRecord& record : records) {
    const size_t window = std::min(kWindows - 1, static_cast<size_t>((record.time_ns - begin) * kWindows / (span + 1)));
    const double count = record.*series.count;
    low[window] = low[window] < 0 ? count : std::min(low[window], count);
  }
  Growth growth;
  growth.key = series.key;
  growth.noun = series.noun;
  growth.first = records.front().*series.count;
  growth.last = records.back().*series.count;
  for (size_t i = 1; i < kWindows; i++) {
    if (low[i] < 0 || low[i - 1] < 0 || low[i] <= low[i - 1]) return std::nullopt;
    growth.gains.push_back(low[i] - low[i - 1]);
  }
  const double gain = low.back() - low.front();
  const double largest = *std::max_element(growth.gains.begin(), growth.gains.end());
  if (gain < std::max<double>(kLeastGain, kLeastShare * low.back()) || largest > kLargestStep * gain)
    return std::nullopt;
  growth.begin_ns = begin;
  growth.window_ns = span / kWindows + 1;
  growth.per_second = gain / (static_cast<double>(growth.window_ns) * (kWindows - 1) / 1e9);
  return growth;
}

// Survivors of the finding's stacks, by the windows that the growth has gains of (all but the first).
std::vector<double> SurvivorsBy(const Process& process, const Finding& f, const Growth& growth) {
  std::vector<double> out(growth.gains.size(), 0);
  for (const uint32_t index : f.sites) {
    if (index >= process.sites.size()) continue;
    for (const capture::Cohort& cohort : process.sites[index].cohorts) {
      const capture::EpochGroup& group = process.groups[cohort.group.value];
      const uint64_t middle = group.start_ns / 2 + group.end_ns / 2;
      if (middle < growth.begin_ns) continue;
      const uint64_t window = (middle - growth.begin_ns) / growth.window_ns;
      const capture::Amount live = process.final.valid ? cohort.final_live : cohort.live();
      if (window >= 1 && window <= out.size()) out[window - 1] += static_cast<double>(live.blocks);
    }
  }
  return out;
}

double Cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

bool GrowsWith(const Process& process, const Finding& f, const Growth& growth) {
  const bool here = !f.processes.empty() && f.processes.front() == process.pid;  // `sites` are of the first process
  if (!here || f.confidence < kSure) return false;
  const std::vector<double> survivors = SurvivorsBy(process, f, growth);
  double blocks = 0, gain = 0;
  for (size_t i = 0; i < survivors.size(); i++) {
    blocks += survivors[i];
    gain += growth.gains[i];
  }
  if (blocks < kLeastPerOne * gain || blocks > kMostPerOne * gain) return false;
  return Cosine(survivors, growth.gains) >= kSameRhythm || CourseDistance(survivors, growth.gains) <= kSameCourse;
}

std::string Rate(double per_second) {
  if (per_second >= 1) return fmt::format("+{:.3g}/s", per_second);
  return per_second * 60 >= 1 ? fmt::format("+{:.2g}/min", per_second * 60)
                              : fmt::format("+{:.2g}/h", per_second * 3600);
}

std::string Figures(const Growth& growth) {
  return fmt::format("{} -> {}, {}", base::FormatCount(growth.first), base::FormatCount(growth.last),
                     Rate(growth.per_second));
}

}  // namespace

std::vector<Held> HeldAtEnd(const Process& process) {
  std::vector<Held> out;
  const std::vector<ResourceRecord> records = Relevant(process);
  if (records.empty()) return out;
  for (const Series& series : kSeries)
    if (records.back().flags & series.flag) out.push_back({series.key, series.noun, records.back().*series.count});
  return out;
}

std::vector<Growth> FindGrowth(const Process& process) {
  std::vector<Growth> out;
  const std::vector<ResourceRecord> records = Relevant(process);
  if (records.empty()) return out;
  for (const Series& series : kSeries) {
    const bool total = series.key == "descriptors";
    if (total && !out.empty()) continue;  // its kind is known
    if (std::optional<Growth> growth = GrowthOf(records, series)) out.push_back(*std::move(growth));
  }
  return out;
}

void JoinGrowth(const Process& process, std::vector<Growth>& growths, std::vector<Finding>& findings) {
  for (Growth& growth : growths) {
    for (Finding& f : findings) {
      if (!GrowsWith(process, f, growth)) continue;
      f.evidence.push_back(fmt::format("{} grow with it: {}", growth.noun, Figures(growth)));
      growth.explained = true;
      break;
    }
  }
}

std::string InWords(const Growth& growth) { return fmt::format("{} grow: {}", growth.noun, Figures(growth)); }

}  // namespace limpet::diagnose
