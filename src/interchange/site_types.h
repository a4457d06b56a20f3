// What kind of objects each stack makes, as far as a heap snapshot tells: it has the type and the place of birth of every object.
#ifndef LIMPET_INTERCHANGE_SITE_TYPES_H_
#define LIMPET_INTERCHANGE_SITE_TYPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "capture/recording.h"

namespace limpet::interchange {

// By site: the type that most bytes of its objects in the snapshot are of; "" where none of them was in it. The snapshot is read in
// parts: memory grows with the number of places and types, not with that of objects. What is damaged is left out.
Result<std::vector<std::string>> TypesOfSites(const capture::Process& process, const std::string& snapshot_path);

// One type of a snapshot.
struct TypeCount {
  std::string type;
  uint64_t objects = 0;
  uint64_t bytes = 0;  // of the objects themselves
};
// Most bytes first, then by name; synthetic types (threads, frames) are left out.
Result<std::vector<TypeCount>> CountTypes(const std::string& snapshot_path);

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_SITE_TYPES_H_
