// A program that sleeps most of the time: whether what it did in between is enough to say that nothing grows.
//
// Epochs are cut by time and by volume, so a run that begins with its imports and then wakes up five times has epochs enough, and hardly one of
// them is of what it does. What was kept at five moments is neither growth nor none: the survivor test wants twelve epochs for its windows, and one of a
// program that sleeps may be a single round of its work.
#ifndef LIMPET_DIAGNOSE_ASLEEP_H_
#define LIMPET_DIAGNOSE_ASLEEP_H_

#include <string>

#include "capture/recording.h"
#include "diagnose/unit.h"

namespace limpet::diagnose {

// Why too little was seen of the work of a program that slept, with what would decide; "" where it was enough, or the program was awake.
std::string SleptTooMuch(const capture::Process& process, const UnitTable& table);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_ASLEEP_H_
