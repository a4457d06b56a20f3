#include "cli/serve_content.h"

#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "capture/reader.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/snapshot_choice.h"
#include "fmt/format.h"
#include "heap/analysis.h"
#include "report/report.h"
#include "report/why.h"
#include "serve/pulse.h"
#include "viewer/document.h"
#include "viewer/page.h"

namespace limpet::cli {
namespace {

// A browser that gets its data from a server takes more of them than one would mail in a file.
constexpr uint64_t kMaxCells = 4'000'000;
constexpr uint64_t kMaxSourceBytes = 4'000'000;
constexpr uint32_t kWays = 20;

serve::Answer Text(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text) + "\n"};
}

serve::Answer Json(const nlohmann::json& json) {
  // What a person typed comes back in it, and need not be UTF-8.
  return {200, "application/json", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

template <typename Number>
std::optional<Number> ParseWhole(const std::string& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

// A snapshot, ready for questions.
struct ServeContent::Heap {
  std::string path;  // of the snapshot's file
  ChosenSnapshot chosen;
  heap::Snapshot snapshot;
  report::HeapSource source;
  std::unique_ptr<report::Births> births;
  std::unique_ptr<heap::Analysis> analysis;
};

ServeContent::ServeContent(std::vector<std::string> recordings, diagnose::KeepRules keep)
    : recordings_(std::move(recordings)), keep_(std::move(keep)) {
  LIMPET_CHECK(!recordings_.empty(), "nothing to serve");
}

ServeContent::~ServeContent() = default;

std::string ServeContent::Version() const {
  std::string version;
  for (const std::string& path : recordings_) version += serve::PulseOf(path);
  return version;
}

std::optional<ServeContent::Choice> ServeContent::ChoiceOf(const serve::Request& request) const {
  Choice choice = {recordings_.size() - 1, std::nullopt};
  if (recordings_.size() > 1) choice.against = choice.recording - 1;
  if (const std::optional<std::string> text = request.Find("recording")) {
    const std::optional<size_t> number = ParseWhole<size_t>(*text);
    if (!number || *number >= recordings_.size()) return std::nullopt;
    choice = {*number, std::nullopt};
  }
  if (const std::optional<std::string> text = request.Find("against")) {
    const std::optional<size_t> number = ParseWhole<size_t>(*text);
    if (!text->empty() && (!number || *number >= recordings_.size())) return std::nullopt;
    choice.against = number;
  }
  if (choice.against == choice.recording) choice.against = std::nullopt;
  return choice;
}

serve::Answer ServeContent::Get(const serve::Request& request) {
  if (request.path.empty()) {
    if (viewer::Page().empty()) return Text(500, "limpet was built without the viewer's page: './dev web' makes it");
    return {200, "text/html; charset=utf-8", std::string(viewer::Page())};
  }
  const std::optional<Choice> choice = ChoiceOf(request);
  if (!choice) return Text(404, fmt::format("there are {} recordings here, counted from 0", recordings_.size()));
  if (request.path == "api/recordings") return Recordings(*choice);
  if (request.path == "api/document") return Document(*choice);
  if (request.path == "api/why") return Why(request, *choice);
  return Text(404, "there is nothing of this name here");
}

serve::Answer ServeContent::Recordings(const Choice& choice) const {
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& path : recordings_) all.push_back({{"name", WithoutSlashes(path)}});
  nlohmann::json out = {{"recordings", std::move(all)}, {"chosen", choice.recording}, {"against", nullptr}};
  if (choice.against) out["against"] = *choice.against;
  return Json(out);
}

serve::Answer ServeContent::Document(const Choice& choice) {
  std::string version = Version();
  if (document_version_ == version && document_choice_ == choice) return {200, "application/json", document_};
  std::vector<capture::Recording> read;
  std::vector<report::Report> reports;
  read.reserve(2);
  std::vector<size_t> wanted = {choice.recording};
  if (choice.against) wanted.push_back(*choice.against);
  diagnose::Options options;
  options.keep = &keep_;
  for (const size_t number : wanted) {
    Result<capture::Recording> recording = capture::ReadRecording(recordings_[number]);
    if (!recording.ok()) return Text(500, recording.message());
    read.push_back(std::move(recording.value()));
    reports.push_back(report::BuildReport(read.back(), options));
  }
  std::vector<viewer::Run> runs;
  for (size_t i = 0; i < read.size(); i++) runs.push_back({&read[i], &reports[i]});
  viewer::DocumentOptions wish;
  wish.version = kVersion;
  wish.max_cells = kMaxCells;
  wish.max_source_bytes = kMaxSourceBytes;
  document_ = viewer::WriteViewerDocument(runs, wish);
  document_version_ = std::move(version);
  document_choice_ = choice;
  return {200, "application/json", document_};
}

serve::Answer ServeContent::Why(const serve::Request& request, const Choice& choice) {
  SnapshotWish wish = {recordings_[choice.recording], std::nullopt, request.Find("snapshot").value_or("last")};
  if (const auto pid = request.Find("process")) {
    wish.pid = ParseWhole<int32_t>(*pid);
    if (!wish.pid) return Text(404, "a process is named by its number");
  }
  std::optional<ChosenSnapshot> chosen = ChosenSnapshot::Choose(wish);
  if (!chosen) return Text(404, "there is no such heap snapshot in this recording");
  if (!heap_ || heap_->path != chosen->file().path) {
    heap_.reset();  // before the next one is loaded: two may be more than there is room for
    std::optional<heap::Snapshot> snapshot = chosen->Load(chosen->file());
    if (!snapshot) return Text(500, "this heap snapshot cannot be read");
    auto loaded = std::make_unique<Heap>(
        Heap{chosen->file().path, *std::move(chosen), *std::move(snapshot), {}, nullptr, nullptr});
    loaded->source = loaded->chosen.Source(loaded->snapshot, loaded->chosen.file());
    loaded->births = std::make_unique<report::Births>(loaded->source);
    loaded->analysis = std::make_unique<heap::Analysis>(loaded->snapshot.graph);
    heap_ = std::move(loaded);
  }
  const std::string text = request.Find("target").value_or("");
  const heap::Target target = report::FindWhyTarget(heap_->source, *heap_->births, text);
  if (target.kind == heap::TargetKind::kNothing) return Text(404, Printable(report::TargetProblem(target)));
  const report::WhyOptions options = {.limit = kWays, .all_paths = false};
  const report::WhyView view =
      report::MakeWhyView(heap_->source, *heap_->births, *heap_->analysis, text, target, options);
  return Json(report::WhyJson(view, heap_->source));
}

}  // namespace limpet::cli
