// What the memory of the whole process over time adds to the fate of single lines.
//
// Backlogs: a queue that is filled faster than it is read. Its old entries do leave, so the survivor test takes it for a ring buffer; but
// a ring's memory is constant, and a backlog's is not. What tells them apart is the memory of the whole process over time.
#ifndef LIMPET_DIAGNOSE_BACKLOG_H_
#define LIMPET_DIAGNOSE_BACKLOG_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "capture/recording.h"
#include "diagnose/unit.h"

namespace limpet::diagnose {

struct Suspect;

// By how much the live memory of the process rose from the first to the last of several stretches of the run, if it rose from each to the
// next. Nothing where it did not, or where there are too few samples to tell.
std::optional<uint64_t> SteadyRise(const capture::Process& process, WorkSpan work);

// The best entries of a stream, or a cache that evicts by chance: of every time some stay, as in a slow leak, but the memory is constant.
// Lowers the confidence of suspects that a level course of the process's live memory contradicts.
void DoubtAgainstCourse(const capture::Process& process, WorkSpan work, std::vector<Suspect>& suspects);

// A leak that begins late looks like a ring that holds the latest part of the run: everything older has been freed. But a ring filled up
// before, and is level since; here the process rises since then, by what this line keeps. Makes findings of such suspects.
void MarkLateStart(const capture::Process& process, WorkSpan work, std::vector<Suspect>& suspects);

// Turns dismissed suspects into findings of signal kBacklog where the process rises and the findings so far do not account for it.
// REQUIRES: suspects are sorted by live bytes, most first.
void MarkBacklog(const capture::Process& process, WorkSpan work, std::vector<Suspect>& suspects);

}  // namespace limpet::diagnose

#endif  // LIMPET_DIAGNOSE_BACKLOG_H_
