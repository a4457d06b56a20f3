// Frames of one or several processes, each place of the source once and with a number: for formats that tell all frames in one table.
#ifndef LIMPET_INTERCHANGE_FRAMES_H_
#define LIMPET_INTERCHANGE_FRAMES_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include <tsl/robin_map.h>

#include "capture/recording.h"

namespace limpet::interchange {

// Views live as long as the processes. The frame of stacks that have none has neither file nor line.
struct Place {
  std::string_view function;
  std::string_view file;
  uint32_t line = 0;        // 0: unknown
  uint32_t first_line = 0;  // of the function; no part of what makes two places one
  bool operator==(const Place& o) const { return line == o.line && function == o.function && file == o.file; }
};

class FrameTable {
 public:
  // Takes up the frames of a process, and goes on with it: numbers that are asked for are those of its frames. The process outlives this.
  void Enter(const capture::Process& process);

  const std::vector<Place>& places() const { return places_; }
  // Of the process that was entered last.
  uint32_t NumberOf(capture::FrameId frame) const { return number_of_frame_[frame.value]; }
  // Numbers of a stack's places, innermost first; never empty. Of the process that was entered last.
  const std::vector<uint32_t>& Stack(capture::NodeId node);

 private:
  struct Hash {
    size_t operator()(const Place& place) const;
  };
  uint32_t Add(const Place& place);

  const capture::Process* process_ = nullptr;
  std::vector<Place> places_;
  std::vector<uint32_t> number_of_frame_;  // of process_
  tsl::robin_map<Place, uint32_t, Hash> number_of_;
  std::vector<uint32_t> stack_;
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_FRAMES_H_
