// Allocation stacks in the formats of other people's tools: docs/exports.md says which tool opens what, and what is in it.
#ifndef LIMPET_INTERCHANGE_PROFILES_H_
#define LIMPET_INTERCHANGE_PROFILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "capture/recording.h"
#include "interchange/sink.h"
#include "interchange/stacks.h"

namespace limpet::interchange {

enum class Unit : uint8_t { kBytes, kObjects };

struct ProfileSource {
  const capture::Process* process = nullptr;
  std::vector<std::string> site_types;  // by site; "", or nothing at all: not known (TypesOfSites)
};

struct ProfileOptions {
  std::vector<ProfileSource> sources;
  std::string title;
  std::string version;  // of limpet
  Measure what = Measure::kLive;
  Unit unit = Unit::kBytes;
};

// "root (file:line);...;leaf (file:line) 4096", a line for each stack: flamegraph.pl, speedscope, inferno.
void WriteCollapsed(const ProfileOptions& options, Sink* sink);
// Two profiles for each process, bytes and objects.
void WriteSpeedscope(const ProfileOptions& options, Sink* sink);
// Every measure is a sample type of its own; `what` and `unit` name the one that tools show first. To be packed by gzip.
void WritePprof(const ProfileOptions& options, Sink* sink);

// One row for each stack and allocator.
void WriteSitesCsv(const ProfileOptions& options, Sink* sink);
void WriteSitesJson(const ProfileOptions& options, Sink* sink);
void WriteSitesParquet(const ProfileOptions& options,
                       Sink* sink);  // the rows of the CSV; a type that is not known is null

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_PROFILES_H_
