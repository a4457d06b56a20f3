#include "cli/live.h"

#include <unistd.h>

#include <utility>

#include "base/text.h"
#include "capture/reader.h"
#include "cli/output.h"
#include "fmt/format.h"
#include "report/report.h"

namespace limpet::cli {
namespace {

constexpr auto kRateWindow = std::chrono::seconds(10);
constexpr int kMaxShare = 20;  // at most one part in so many of a core goes into looking

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// "app.py:40 in open_session +1.2 MB/s", or nothing while nothing is sure.
std::string TopLine(const capture::Recording& recording) {
  const report::Report report = report::BuildReport(recording, {});
  if (report.diagnosis.findings.empty()) return {};
  const diagnose::Finding& top = report.diagnosis.findings[0];
  if (top.site.empty()) return {};
  const diagnose::Location& where = top.site[0];
  return fmt::format("   {}:{} in {} {}/s", BaseName(where.file), where.line, where.function,
                     base::FormatSignedBytes(int64_t(top.bytes_per_second)));
}

// One cell a character, nothing that moves the cursor, and cut to the width.
std::string Printable(const std::string& text, size_t columns) {
  std::string safe;
  for (const char c : text)
    safe += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ? '?' : c;
  if (safe.size() > columns) safe.resize(columns);
  return safe;
}

}  // namespace

LiveLine::LiveLine(std::string recording) : recording_(std::move(recording)), terminal_(isatty(STDERR_FILENO)) {
  if (!terminal_) Complain("--live shows nothing here: standard error is no terminal");
}

LiveLine::~LiveLine() {
  if (shown_) WriteAll(STDERR_FILENO, "\r\033[K");
}

void LiveLine::Show(const std::string& text) {
  // The cursor goes back to the first column, so that what the program prints starts there.
  WriteAll(STDERR_FILENO, fmt::format("\r\033[K{}\r", Printable(text, size_t(Columns(STDERR_FILENO)) - 1)));
  shown_ = true;
}

void LiveLine::Update() {
  const Clock::time_point begin = Clock::now();
  if (!terminal_ || begin < next_) return;
  const Result<capture::Recording> recording = capture::ReadRecording(recording_);
  if (recording.ok()) {
    uint64_t live = 0;
    for (const capture::Process& process : recording->processes) live += process.live().bytes;
    points_.push_back({begin, live});
    while (points_.size() > 2 && begin - points_[1].time >= kRateWindow) points_.pop_front();
    std::string rate;
    const std::chrono::duration<double> span = begin - points_.front().time;
    if (span.count() > 0) {
      const double change = double(int64_t(live) - int64_t(points_.front().live_bytes));
      rate = fmt::format("   {}/s", base::FormatSignedBytes(int64_t(change / span.count())));
    }
    const uint64_t age = uint64_t(std::chrono::nanoseconds(begin - start_).count());
    Show(fmt::format("limpet {}   live {}{}{}", base::FormatDuration(age), base::FormatBytes(live), rate,
                     TopLine(*recording)));
  }
  next_ = Clock::now() + (Clock::now() - begin) * kMaxShare;
}

}  // namespace limpet::cli
