#include "interchange/types_table.h"

#include <fmt/format.h>

#include "interchange/parquet_file.h"
#include "interchange/text.h"

namespace limpet::interchange {

void WriteTypesCsv(const std::vector<TypesSource>& sources, Sink* sink) {
  sink->Write("pid,type,objects,bytes\r\n");
  for (const TypesSource& source : sources) {
    for (const TypeCount& row : source.rows)
      sink->Write(fmt::format("{},{},{},{}\r\n", source.pid, Csv(row.type), row.objects, row.bytes));
  }
}

void WriteTypesJson(const std::vector<TypesSource>& sources, Sink* sink) {
  sink->Write("{\"schema\":\"limpet.types/1\",\"types\":[");
  const char* separator = "\n";
  for (const TypesSource& source : sources) {
    for (const TypeCount& row : source.rows) {
      sink->Write(fmt::format("{}{{\"pid\":{},\"type\":{},\"objects\":{},\"bytes\":{}}}", separator, source.pid,
                              Json(row.type), row.objects, row.bytes));
      separator = ",\n";
    }
  }
  sink->Write("\n]}\n");
}

void WriteTypesParquet(const std::vector<TypesSource>& sources, const std::string& version, Sink* sink) {
  using enum ParquetType;
  ParquetFile file({{"pid", kNumber}, {"type", kText}, {"objects", kNumber}, {"bytes", kNumber}},
                   {.schema = "limpet.types/1", .version = version}, sink);
  for (const TypesSource& source : sources) {
    for (const TypeCount& row : source.rows) {
      file.Number(uint64_t(source.pid));
      file.Text(row.type);
      file.Number(row.objects);
      file.Number(row.bytes);
      file.EndRow();
    }
  }
  file.Finish();
}

}  // namespace limpet::interchange
