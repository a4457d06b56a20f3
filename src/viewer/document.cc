#include "viewer/document.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/text.h"
#include "capture/snapshot_files.h"
#include "diagnose/compare.h"
#include "diagnose/keep.h"
#include "diagnose/suspects.h"
#include "interchange/site_types.h"
#include "interchange/stacks.h"
#include "report/diff_face.h"
#include "report/json.h"
#include "viewer/heap_part.h"
#include "viewer/sites_part.h"
#include "viewer/sources.h"
#include "viewer/tables.h"
#include "viewer/time_part.h"

namespace limpet::viewer {
namespace {

using nlohmann::json;

constexpr char kSchema[] = "limpet.viewer/1";
constexpr size_t kQuotedSites = 400;    // of a process
constexpr size_t kQuotedFrames = 12;    // of a stack, from the inside out
constexpr size_t kHeaps = 8;            // processes whose objects are told
constexpr double kFindingsFirst = 1e6;  // any finding's lines before those of any site

class DocumentWriter {
 public:
  DocumentWriter(const std::vector<Run>& runs, const DocumentOptions& options)
      : runs_(runs), options_(options), sources_(options.max_source_bytes) {}

  std::string Write() {
    json runs = json::array();
    for (const Run& run : runs_) runs.push_back(RunJson(run));
    json out = {{"schema", kSchema},
                {"limpet_version", options_.version},
                {"made", std::time(nullptr)},
                {"running", Running(runs_.front())},
                {"runs", std::move(runs)},
                {"comparison", ComparisonJson()},
                {"sources", sources_.ToJson(&tables_)},
                {"left_out", left_out_}};
    out["strings"] = tables_.StringsJson();
    out["frames"] = tables_.FramesJson();
    return out.dump();
  }

 private:
  static bool Running(const Run& run) {
    return std::any_of(run.report->processes.begin(), run.report->processes.end(),
                       [](const report::ProcessSummary& p) { return p.state == "recording" || p.state == "starting"; });
  }

  static std::string TitleOf(const capture::Recording& recording) {
    std::string title;
    for (const std::string& word : recording.run.command) title += (title.empty() ? "" : " ") + word;
    return base::ReplaceInvalidUtf8(title.empty() ? recording.path : title);
  }

  // The program itself, or else the process that allocated most: as in the report's own fields.
  static size_t MainProcess(const Run& run, const std::vector<const capture::Process*>& processes) {
    size_t best = 0;
    for (size_t i = 0; i < processes.size(); ++i) {
      if (processes[i]->pid == run.recording->run.pid && processes[i]->births.blocks) return i;
      if (processes[i]->births.bytes > processes[best]->births.bytes) best = i;
    }
    return best;
  }

  json RunJson(const Run& run) {
    const std::vector<const capture::Process*> processes = interchange::Chosen(*run.recording, options_.pid);
    const std::vector<size_t> owners = OwnersOf(run, processes);
    const diagnose::SourceReader read = diagnose::ReadSourcesOf(*run.recording);
    if (options_.sources) QuoteFindings(run, read);
    json parts = json::array();
    for (size_t i = 0; i < processes.size(); ++i) parts.push_back(ProcessJson(run, *processes[i], i, owners, read));
    return {{"path", base::ReplaceInvalidUtf8(run.recording->path)},
            {"title", TitleOf(*run.recording)},
            {"started", run.recording->run.started_ns / 1'000'000'000},
            {"report", report::ToJson(*run.report)},
            {"main_process", MainProcess(run, processes)},
            {"processes", std::move(parts)}};
  }

  // By finding: which process its sites are of; processes.size(): none.
  static std::vector<size_t> OwnersOf(const Run& run, const std::vector<const capture::Process*>& processes) {
    std::vector<size_t> owners;
    for (const diagnose::Finding& finding : run.report->diagnosis.findings) {
      size_t owner = 0;
      while (owner < processes.size() &&
             (finding.processes.empty() || processes[owner]->pid != finding.processes.front()))
        ++owner;
      owners.push_back(owner);
    }
    return owners;
  }

  // Types of findings come first: whoever reads that something leaks asks who holds it.
  json HeapJson(const Run& run, const capture::Process& process, size_t number, const std::string& folder) {
    if (&run != &runs_.front()) return nullptr;  // what it is compared with is told by its findings
    if (number >= kHeaps) {
      if (!capture::ListSnapshotFiles(folder).empty())
        left_out_.push_back(
            fmt::format("the heap of process {}: only the first {} processes have theirs here", process.pid, kHeaps));
      return nullptr;
    }
    HeapPartOptions options;
    for (const diagnose::Finding& finding : run.report->diagnosis.findings)
      if (!finding.heap.types.empty() && options.types.size() < options.ways / 2)
        options.types.push_back(finding.heap.types[0]);
    return HeapPart(*run.recording, process, folder, options);
  }

  json ProcessJson(const Run& run, const capture::Process& process, size_t number, const std::vector<size_t>& owners,
                   const diagnose::SourceReader& read) {
    const std::string folder = run.recording->path + "/" + process.folder;
    const bool finalized = diagnose::ReferenceOf(process) == diagnose::AsOf::kFinalize;
    json part = {{"pid", process.pid},
                 {"folder", base::ReplaceInvalidUtf8(process.folder)},
                 {"title", base::ReplaceInvalidUtf8(interchange::ProcessTitle(process))},
                 {"looked_at", finalized ? "finalization" : "end"},
                 {"heap", HeapJson(run, process, number, folder)}};
    AddTimePart(process, folder, &part);

    const std::vector<diagnose::Finding>& findings = run.report->diagnosis.findings;
    std::vector<uint32_t> wanted;
    for (size_t i = 0; i < findings.size(); ++i)
      if (owners[i] == number) wanted.insert(wanted.end(), findings[i].sites.begin(), findings[i].sites.end());
    const SiteRows all = CollectSites(process, TypesOf(process, folder));
    const ChosenSites chosen = ChooseSites(all, wanted, options_.max_cells / std::max<size_t>(1, ProcessCount()));
    if (chosen.left_out)
      left_out_.push_back(fmt::format("process {}: the {} that weigh least are added up in one row", process.pid,
                                      base::Plural(chosen.left_out, "allocation site")));
    const std::vector<uint32_t> rows = AddSitesPart(process, all, chosen, &tables_, &part);
    if (options_.sources) QuoteSites(process, all, chosen, read);

    json by_finding = json::array();
    for (size_t i = 0; i < findings.size(); ++i)
      by_finding.push_back(owners[i] == number ? RowsOf(findings[i].sites, all, rows) : std::vector<uint32_t>());
    part["findings"] = std::move(by_finding);
    return part;
  }

  size_t ProcessCount() const {
    size_t count = 0;
    for (const Run& run : runs_) count += interchange::Chosen(*run.recording, options_.pid).size();
    return count;
  }

  static std::vector<uint32_t> RowsOf(const std::vector<uint32_t>& sites, const SiteRows& all,
                                      const std::vector<uint32_t>& rows) {
    std::vector<uint32_t> out;
    for (const uint32_t site : sites) {
      if (site >= all.row_of_site.size() || all.row_of_site[site] == kNoRow) continue;
      out.push_back(rows[all.row_of_site[site]]);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  // Where the last snapshot cannot be read, types are just not known.
  static std::vector<std::string> TypesOf(const capture::Process& process, const std::string& folder) {
    const std::vector<capture::NumberedSnapshot> files = capture::ListSnapshotFiles(folder);
    if (files.empty()) return {};
    Result<std::vector<std::string>> types = interchange::TypesOfSites(process, files.back().path);
    return types.ok() ? *std::move(types) : std::vector<std::string>();
  }

  void QuoteFindings(const Run& run, const diagnose::SourceReader& read) {
    std::vector<WantedLine> wanted;
    double weight = 2 * kFindingsFirst;
    for (const diagnose::Finding& finding : run.report->diagnosis.findings) {
      const auto want = [&](const diagnose::Location& where) { wanted.push_back({where.file, where.line, weight}); };
      for (size_t i = 0; i < std::min(finding.site.size(), kQuotedFrames); ++i) want(finding.site[i]);
      for (const diagnose::Part& part : finding.parts) want(part.where);
      weight = std::max(kFindingsFirst, weight - 1);
    }
    sources_.Quote(std::move(wanted), read);
  }

  void QuoteSites(const capture::Process& process, const SiteRows& all, const ChosenSites& chosen,
                  const diagnose::SourceReader& read) {
    std::vector<uint32_t> order = chosen.rows;
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return all.rows[a].weight > all.rows[b].weight; });
    if (order.size() > kQuotedSites) order.resize(kQuotedSites);
    std::vector<WantedLine> wanted;
    for (const uint32_t row : order) {
      const std::vector<capture::FrameId> stack = process.Stack(all.rows[row].stack);
      for (size_t i = 0; i < std::min(stack.size(), kQuotedFrames); ++i) {
        const capture::Frame& frame = process.frames[stack[i].value];
        wanted.push_back({std::string(frame.file), frame.line, all.rows[row].weight});
      }
    }
    sources_.Quote(std::move(wanted), read);
  }

  json ComparisonJson() const {
    if (runs_.size() < 2) return nullptr;
    const Run &after = runs_[0], &before = runs_[1];
    const diagnose::Work work_before = diagnose::WorkOf(*before.recording),
                         work_after = diagnose::WorkOf(*after.recording);
    const diagnose::Comparison comparison =
        diagnose::CompareRuns(before.report->diagnosis, work_before, after.report->diagnosis, work_after);
    return report::DiffJson({*before.report, work_before, *after.report, work_after, comparison});
  }

  const std::vector<Run>& runs_;
  const DocumentOptions& options_;
  Tables tables_;
  SourceLines sources_;
  std::vector<std::string> left_out_;
};

}  // namespace

std::string WriteViewerDocument(const std::vector<Run>& runs, const DocumentOptions& options) {
  LIMPET_CHECK(runs.size() == 1 || runs.size() == 2);
  return DocumentWriter(runs, options).Write();
}

}  // namespace limpet::viewer
