// The lines of one process that hold memory, each judged: does it grow, and if not, why is that memory there?
#ifndef LIMPET_DIAGNOSE_SUSPECTS_H_
#define LIMPET_DIAGNOSE_SUSPECTS_H_

#include <cstdint>
#include <vector>

#include "capture/recording.h"
#include "diagnose/finding.h"
#include "diagnose/survival.h"
#include "diagnose/unit.h"

namespace limpet::diagnose {

// How a suspect came to be one.
enum class Signal : uint8_t {
  kNone,      // dismissed
  kSurvival,  // old ones never die
  kSwelling,  // one block replaced by larger and larger ones
  kBacklog,   // old ones die, but the process grows all the time and only this line's blocks account for it
};

struct Suspect {
  uint32_t unit = 0;  // index into UnitTable::units
  Signal signal = Signal::kNone;
  Kind kind = Kind::kPythonObject;
  bool mostly_native = false;  // by bytes; `kind` takes native memory for that of objects that come with it
  AsOf as_of = AsOf::kEnd;
  double confidence = 0;       // that it grows
  double most_confidence = 1;  // that so short a run allows
  Reason reason = Reason::kTooFew;
  Judgement judgement;
  Swelling swelling;
  std::vector<Slot> slots;           // as of `as_of`; of the line's stacks that have live blocks
  double line_survival = 0;          // live blocks as a share of all births at the line, whatever the stack
  bool may_be_garbage = false;       // see deferred.h
  bool against_course = false;       // see backlog.h
  bool grows_together_only = false;  // no kind of block of the line grows by itself
  bool confirmed = false;            // the heap shows that what grows is held, and becomes more
  capture::Amount live;              // as of `as_of`
  capture::Amount peak_live;
  capture::Amount end_live;  // at the end of the recording, when the interpreter has cleared what it could
  double steady_bytes = 0;   // growth over [onset, 1]
  double steady_blocks = 0;
  size_t since = 0;            // slot in which the growth began
  uint64_t backlog_bytes = 0;  // kBacklog: what the process grew by that nothing else accounts for
};

// All lines with enough memory to be looked at, most live bytes first.
std::vector<Suspect> FindSuspects(const capture::Process& process, const UnitTable& table);

// The first slot in which anything was born.
size_t FirstBirths(const std::vector<Slot>& slots);

// The image at which the process is looked at first.
AsOf ReferenceOf(const capture::Process& process);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_SUSPECTS_H_
