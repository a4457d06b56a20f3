// The line of `limpet run --live`: rewritten in place on the terminal while the program runs, wiped at its end. Where standard
// error is no terminal there is nothing to rewrite, and nothing is shown.
#ifndef LIMPET_CLI_LIVE_H_
#define LIMPET_CLI_LIVE_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

namespace limpet::cli {

class LiveLine {
 public:
  static constexpr int kPeriodMs = 1000;

  explicit LiveLine(std::string recording);
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  // Reads the recording and rewrites the line. Does nothing when the last time took long: looking must stay cheap.
  void Update();

 private:
  using Clock = std::chrono::steady_clock;
  struct Point {
    Clock::time_point time;
    uint64_t live_bytes;
  };

  void Show(const std::string& text);

  std::string recording_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_;
  std::deque<Point> points_;  // of the last ten seconds or so: the rate is taken over them
};

}  // namespace limpet::cli

#endif  // LIMPET_CLI_LIVE_H_
