// The part of the document that tells where memory was allocated: a tree of stacks, the sites in it, and for each what was born there
// by epoch and what of it is live.
#ifndef LIMPET_VIEWER_SITES_PART_H_
#define LIMPET_VIEWER_SITES_PART_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "capture/recording.h"
#include "viewer/tables.h"

namespace limpet::viewer {

// A stack and an allocator with what came of them; sites that differ in their C stack only are one.
struct SiteRow {
  capture::NodeId stack;  // as interchange::SitesByStack has it
  capture::Domain domain = capture::Domain::kObject;
  std::string type;
  capture::Amount grown, peak;
  struct Cell {
    capture::GroupId epoch;
    capture::Amount born, live, freed;
  };
  std::vector<Cell> cells;  // by epoch
  double weight = 0;        // the largest of its shares in what is live, grew, was allocated, was live at the peak
};

struct SiteRows {
  std::vector<SiteRow> rows;  // by stack
  std::vector<uint32_t> row_of_site;
};
// `types`: of Process::sites, as interchange::TypesOfSites tells them; may be empty.
SiteRows CollectSites(const capture::Process& process, const std::vector<std::string>& types);

// What fits into `max_cells`: the heaviest rows, and those of `wanted` sites in any case. All others are added up in one row.
struct ChosenSites {
  std::vector<uint32_t> rows;  // of SiteRows, ascending
  std::optional<SiteRow> rest;
  uint64_t left_out = 0;  // rows that are in the rest
};
ChosenSites ChooseSites(const SiteRows& all, const std::vector<uint32_t>& wanted, uint64_t max_cells);

// Adds "stacks" and "sites". The result: by row of `all`, its row in the document (kNoRow: left out).
inline constexpr uint32_t kNoRow = 0xffffffff;
std::vector<uint32_t> AddSitesPart(const capture::Process& process, const SiteRows& all, const ChosenSites& chosen,
                                   Tables* tables, nlohmann::json* part);

}  // namespace limpet::viewer

#endif  // LIMPET_VIEWER_SITES_PART_H_
