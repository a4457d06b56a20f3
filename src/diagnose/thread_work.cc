#include "diagnose/thread_work.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "diagnose/course.h"
#include "diagnose/merge_by_holder.h"
#include "diagnose/unit.h"

namespace limpet::diagnose {
namespace {

using capture::NodeId;
using capture::Process;

constexpr double kSameCourse = 0.15;  // the most that the courses of births may be apart

// Whether most of the lines' blocks are born in the making of a thread: the program keeps those, or timers.
bool MakesThreads(const Process& process, const Finding& finding) {
  uint64_t all = 0, of_threads = 0;
  for (const uint32_t index : finding.sites) {
    const capture::Site& site = process.sites[index];
    const uint64_t live = LiveAt(site, finding.as_of).blocks;
    bool makes = false;
    for (NodeId node = site.node; node.value != 0 && !makes; node = process.nodes[node.value].parent) {
      const capture::Frame& frame = process.frames[process.nodes[node.value].frame.value];
      const bool init = frame.function == "Thread.__init__" || frame.function == "Timer.__init__";
      makes = init && frame.file.ends_with("/threading.py");
    }
    all += live;
    of_threads += makes ? live : 0;
  }
  return all > 0 && of_threads * 2 > all;
}

// The table of threads, or what is in it.
bool AreInTable(const Finding& finding) {
  const std::vector<HolderStep>& way = finding.heap.holder;
  return way.size() > 1 && way[0].edge == "module threading" && way[1].edge == "._active";
}

bool AreThreads(const Process& process, const Finding& finding) {
  return AreInTable(finding) || (!finding.heap.holder.empty() && MakesThreads(process, finding));
}

bool BeginsInThread(const Process& process, uint32_t site) {
  NodeId node = process.sites[site].node;
  if (node.value == 0) return true;  // no frame
  while (process.nodes[node.value].parent.value != 0) node = process.nodes[node.value].parent;
  const capture::Frame& first = process.frames[process.nodes[node.value].frame.value];
  return first.function == "Thread._bootstrap" && first.file.ends_with("/threading.py");
}

bool IsWorkOfThreads(const Process& process, const Finding& finding) {
  return std::all_of(finding.sites.begin(), finding.sites.end(),
                     [&](uint32_t site) { return BeginsInThread(process, site); });
}

// Survivors by the epoch that they were born in.
std::vector<double> SurvivorsOf(const Process& process, const Finding& finding) {
  std::vector<double> survivors(process.groups.size(), 0);
  for (const uint32_t site : finding.sites) {
    for (const capture::Cohort& cohort : process.sites[site].cohorts)
      survivors[cohort.group.value] += static_cast<double>(LiveAt(cohort, finding.as_of).blocks);
  }
  return survivors;
}

// After the epoch of the first thread, in which the program may still have begun. A thread makes its own objects a little later than it is made
// itself.
bool SameCourse(const std::vector<double>& threads, const std::vector<double>& work) {
  const auto first = std::find_if(threads.begin(), threads.end(), [](double n) { return n > 0; });
  if (first == threads.end()) return false;
  const auto begin = static_cast<size_t>(first + 1 - threads.begin());
  return CourseDistance(std::span(threads).subspan(begin), std::span(work).subspan(begin)) <= kSameCourse;
}

std::string Advice(const Location* where) {
  constexpr std::string_view advice = "let these threads end, or wait with a timeout";
  if (!where) return std::string(advice);
  const size_t slash = where->file.rfind('/');
  const std::string_view file = std::string_view(where->file).substr(slash == std::string::npos ? 0 : slash + 1);
  return fmt::format("{}: they are still in {} ({}:{})", advice, where->function, file, where->line);
}

bool IsOwnLine(const Finding& finding) {
  return !finding.site.empty() && finding.site.front().line != 0 &&
         OwnerOf(finding.site.front().file) <= Owner::kPackage;
}

}  // namespace

void MergeWorkOfThreads(const Process& process, std::vector<Finding>& findings) {
  // (Beside the threads, the table of them may be told of.)
  auto threads = findings.end();
  for (auto it = findings.begin(); it != findings.end(); ++it) {
    if (AreThreads(process, *it) && (threads == findings.end() || it->live.blocks > threads->live.blocks)) threads = it;
  }
  if (threads == findings.end()) return;
  const std::vector<double> course = SurvivorsOf(process, *threads);
  std::vector<Finding> others, work;
  for (auto it = findings.begin(); it != findings.end(); ++it) {
    if (it == threads) continue;
    const bool part =
        AreInTable(*it) || (IsWorkOfThreads(process, *it) && SameCourse(course, SurvivorsOf(process, *it)));
    (part ? work : others).push_back(std::move(*it));
  }
  Finding whole = std::move(*threads);
  for (const Finding& part : work) TakeAsPart(whole, part);
  const auto own = std::find_if(work.begin(), work.end(), IsOwnLine);
  if (whole.heap.fix.empty()) whole.heap.fix = Advice(own == work.end() ? nullptr : &own->site.front());
  others.push_back(std::move(whole));
  findings = std::move(others);
}

}  // namespace limpet::diagnose
