// A heap snapshot together with what the recording around it knows: where objects were born, and whose heap it is.
#ifndef LIMPET_REPORT_HEAP_SOURCE_H_
#define LIMPET_REPORT_HEAP_SOURCE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"
#include "heap/load.h"

namespace limpet::report {

struct HeapSource {
  const heap::Snapshot* snapshot = nullptr;
  const capture::Process* process = nullptr;  // null: nothing but snapshots was recorded
  std::string directory;                      // of the program: paths are shown relative to it
  std::string program;                        // "app.py --port 80", safe (ProgramName); empty: not known
  uint32_t number = 0;                        // heap.<number>
  uint32_t count = 0;                         // of snapshots of this process
};

// A line of the program where objects come from, and how old these are at the moment of the snapshot.
struct BirthPlace {
  diagnose::Location where;
  uint64_t objects = 0;
  uint64_t bytes = 0;
  uint64_t oldest_ns = 0;    // at most: the beginning of the epoch in which the oldest was born
  uint64_t youngest_ns = 0;  // at least: the end of the epoch in which the youngest was born, or 0
};

class Births {
 public:
  // `source` outlives this.
  explicit Births(const HeapSource& source);

  // By Graph::birth(): a place, or kUnknown.
  static constexpr uint32_t kUnknown = 0xffffffff;
  uint32_t PlaceOf(uint32_t birth) const { return birth < place_of_.size() ? place_of_[birth] : kUnknown; }
  const diagnose::Location& where(uint32_t place) const { return places_[place]; }
  size_t places() const { return places_.size(); }
  bool known() const { return !places_.empty(); }

  // By Graph::birth(): whether that is at this line of the program, as its own or as the innermost one. `file` may be the end of a path.
  std::vector<bool> AtLine(std::string_view file, uint32_t line) const;

  // Where a group of objects was born, most objects first. Of those of which it is not known there is no row.
  std::vector<BirthPlace> Of(const heap::Graph& graph, std::span<const heap::NodeId> group) const;

 private:
  struct Age {
    uint64_t oldest_ns = 0;
    uint64_t youngest_ns = 0;
  };
  const HeapSource& source_;
  std::vector<uint32_t> place_of_;  // by birth; [0] is not known
  std::vector<Age> age_of_;         // by birth
  std::vector<diagnose::Location> places_;
};

}  // namespace limpet::report

#endif  // LIMPET_REPORT_HEAP_SOURCE_H_
