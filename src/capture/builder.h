// For tests: makes recordings without a traced program. Sets down what the agent would have written, including the grouping of
// epochs, and gives it as the bytes of a `data` file, as a folder on disk, or read back.
//
//     ProcessBuilder b;
//     const auto site = b.Site({{"app.py", "open", 40}, {"app.py", "main", 88}});   // innermost frame first
//     for (int second = 0; second < 100; ++second) {
//       b.NextEpoch({.duration_ns = 1'000'000'000});     // the first epoch, 0, is there from the start
//       b.Born(site, 10, 10 * 64);                       // in the current epoch
//       if (second > 0) b.Died(site, b.epoch() - 1, 5, 5 * 64);
//     }
//     b.TakePeak();
//     Process process = b.Read();
//
// Tests of the reader get at the raw tables by records(), header() and fold.
#ifndef LIMPET_CAPTURE_BUILDER_H_
#define LIMPET_CAPTURE_BUILDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/status.h"
#include "capture/format.h"
#include "capture/recording.h"

namespace limpet::capture {

class ProcessBuilder {
 public:
  struct FrameSpec {
    std::string file;
    std::string function;  // qualified name
    uint32_t line = 0;
    uint32_t first_line = 1;
    uint16_t column = 0xffff;  // 0xffff: unknown
    uint16_t end_column = 0xffff;
  };
  struct EpochSpec {
    uint64_t duration_ns = 1'000'000'000;  // of the epoch that ends
    uint64_t other_volume = 0;             // bytes allocated in it beyond what Born says
    uint32_t iterations = 0;               // marked in it
  };

  ProcessBuilder();

  // A site by its stack, innermost frame first; the same arguments give the same site.
  uint32_t Site(const std::vector<FrameSpec>& stack, Domain domain = Domain::kObject);

  // The same site, with a native stack: innermost frame first.
  struct NativeSpec {
    std::string module;  // build id in hex or "-", space, path
    uint64_t address = 0;
  };
  uint32_t Site(const std::vector<FrameSpec>& stack, Domain domain, const std::vector<NativeSpec>& native);

  // Ends the current epoch and begins the next one; its number.
  uint32_t NextEpoch(const EpochSpec& spec);
  uint32_t NextEpoch() { return NextEpoch(EpochSpec{}); }
  uint32_t epoch() const;
  uint64_t now_ns() const { return now_ns_; }

  // `blocks` blocks, of `bytes` together, are born in the current epoch. `locked`: by a thread that holds the interpreter lock.
  void Born(uint32_t site, uint64_t blocks, uint64_t bytes, bool locked = true);
  // Blocks that were born in `birth_epoch` die.
  void Died(uint32_t site, uint32_t birth_epoch, uint64_t blocks, uint64_t bytes, bool locked = true);
  // Both at once, for any epoch that there is: what a finished recording holds of it.
  void Cell(uint32_t site, uint32_t birth_epoch, uint64_t births, uint64_t birth_bytes, uint64_t deaths,
            uint64_t death_bytes);

  // Keeps an image of what is live now. Like the agent, takes the peak images in turns.
  void TakePeak();
  // Finalisation begins: keeps the final image and begins an epoch.
  void TakeFinal();

  void AddSample(uint64_t rss_bytes);
  // A named checkpoint; begins an epoch, as in the agent.
  void AddMark(std::string_view name);
  void AddThread(int32_t tid, std::string_view name, bool busy = false, bool ended = false);
  void SetCommand(const std::vector<std::string>& words);

  Amount live() const;
  FileHeader& header() { return header_; }
  template <typename Record>
  std::vector<Record>& records() {
    return std::get<std::vector<Record>>(tables_);
  }
  std::vector<NativeRecord>& natives() { return natives_; }
  std::vector<ImageRecord>& image(size_t which) { return images_[which]; }
  uint32_t String(std::string_view text);

  // The file as it is now. The last epoch lasts up to header().last_tick_ns, which is a second after its start unless set.
  std::string Bytes() const;
  // Writes RECORDING/p<pid>/data; makes the folders where they are not there.
  Status Write(const std::string& recording_path) const;
  // What the reader makes of it. REQUIRES: the reader takes it.
  Process Read() const;

 private:
  uint32_t NodeOf(const std::vector<FrameSpec>& stack);
  uint32_t FrameOf(const FrameSpec& spec);
  uint32_t NativeOf(const std::vector<NativeSpec>& stack);
  // The even cell of the pair for this site and epoch; made when it is not there.
  uint32_t PairOf(uint32_t site, uint32_t epoch);
  void FillImage(size_t which);

  FileHeader header_{};
  std::string strings_;  // the string table
  std::tuple<std::vector<CodeRecord>, std::vector<FrameRecord>, std::vector<NodeRecord>, std::vector<SiteRecord>,
             std::vector<CellRecord>, std::vector<EpochRecord>, std::vector<SampleRecord>, std::vector<MarkRecord>,
             std::vector<ThreadRecord>>
      tables_;
  std::vector<NativeRecord> natives_;
  std::vector<ImageRecord> images_[3];
  std::map<std::string, uint32_t, std::less<>> string_ids_;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> code_ids_;              // (file, qualified name)
  std::map<std::tuple<uint32_t, uint32_t, uint16_t>, uint32_t> frame_ids_;  // (code, line, column)
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> node_ids_, pair_ids_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> site_ids_;    // (node, domain, native node)
  std::map<std::tuple<uint32_t, uint32_t, uint64_t>, uint32_t> native_ids_;  // (parent, module, address)
  uint32_t groups_ = 0;
  size_t next_peak_ = 0;
  uint64_t now_ns_ = 0;
  uint64_t volume_ = 0;
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_BUILDER_H_
