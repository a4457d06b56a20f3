// The survivor test: do births go on while the old ones never die?
//
// A run is cut into slots (the epoch groups). For the blocks of one line of the program each slot says how many were born in it and how
// many of those are still live at the moment looked at. What the survivors look like over their time of birth tells the cases apart
// (left: oldest, '#': survivors, '.': born and dead):
//
//     leak            ######################      slow leak in churn   #.#.#.#.#.#.#.#.#.#.##
//     warm-up         ############                one-off load             #
//     cache, ring     ................######      flushed batches      ....................##
//
// Memory grows only where every one of several windows of the run, the first and the last included, keeps its share.
#ifndef LIMPET_DIAGNOSE_SURVIVAL_H_
#define LIMPET_DIAGNOSE_SURVIVAL_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "diagnose/finding.h"

namespace limpet::diagnose {

struct Slot {
  double weight = 0;  // its share of the run; any unit, only the proportions matter
  capture::Amount births;
  capture::Amount survivors;
  // Of processor or, where that waits, somewhat more; 0 throughout: not known. (A buffer that grows has much of the volume itself.)
  double time = 0;
};

// Each factor is 1 where nothing speaks against growth and 0 where it excludes it.
struct Factors {
  double going_on = 1;  // survivors are born up to the end
  double every_window = 1;
  double even = 1;         // windows keep about the same
  double old_alive = 1;    // older windows keep no smaller share than newer ones
  double not_slowing = 1;  // newer windows keep no fewer than older ones
  double none_before = 1;  // no blocks were born and all freed before the first survivor
  double count = 1;        // enough blocks for a trend
  double span = 1;         // the growth covers enough of the run
  double epochs = 1;       // enough slots
  double share = 1;        // most survivors belong to the steady part
  double bytes = 1;        // enough memory to matter
  double Product() const;
};

struct Judgement {
  bool growing = false;             // confidence >= kSuspicious
  Reason reason = Reason::kTooFew;  // where it is not growing
  double confidence = 0;            // that it grows
  Factors factors;
  double onset = 0;  // share of the run before the first slot that keeps blocks
  double last = 0;   // share of the run by which nearly all survivors had been born
  size_t onset_slot = 0;
  std::vector<double> kept;  // survivors per window of [onset, 1]
  double steady_blocks = 0;  // windows x median window: what grows, without what is merely in use at the moment
  double steady_bytes = 0;
  capture::Amount before;    // born before the onset and dead
  double survival = 0;       // share of births that stays, in the typical window
  bool level_fates = false;  // about the same large share of births stays in every window, however many there are
};

// Below this a line is not worth a finding at all.
inline constexpr double kSuspicious = 0.3;

Judgement JudgeSurvival(std::span<const Slot> slots);

// One block (or a few) that is given up for a larger one again and again: the storage of a growing list, dict or bytearray. The number
// of blocks says nothing then; the size of each new one does.
struct Swelling {
  bool swelling = false;
  double confidence = 0;
  double first_bytes = 0;  // mean size of the blocks born in the first and last window that had births
  double last_bytes = 0;
  // The line also makes many small blocks that die; first_bytes then is that of all large ones in a slot.
  bool among_small = false;
  uint64_t latest_bytes = 0;  // of the youngest survivors, together
};
Swelling JudgeSwelling(std::span<const Slot> slots);

// Windows x median window of the survivors over the whole run: how much of what is live grew steadily.
capture::Amount SteadyGrowth(std::span<const Slot> slots);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_SURVIVAL_H_
