// The types of heap snapshots as tables.
#ifndef LIMPET_INTERCHANGE_TYPES_TABLE_H_
#define LIMPET_INTERCHANGE_TYPES_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "interchange/sink.h"
#include "interchange/site_types.h"

namespace limpet::interchange {

struct TypesSource {
  int32_t pid = 0;
  std::vector<TypeCount> rows;
};

void WriteTypesCsv(const std::vector<TypesSource>& sources, Sink* sink);
void WriteTypesJson(const std::vector<TypesSource>& sources, Sink* sink);
void WriteTypesParquet(const std::vector<TypesSource>& sources, const std::string& version,
                       Sink* sink);  // version: of limpet

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_TYPES_TABLE_H_
