#include <fmt/format.h>

#include "interchange/frames.h"
#include "interchange/parquet_file.h"
#include "interchange/profiles.h"
#include "interchange/text.h"

namespace limpet::interchange {
namespace {

// visit(process, site, amounts, type) for each site: a stack and an allocator. The growth of a stack that several allocators were asked
// by is told with the first of them.
template <class Visit>
void ForEachSite(const ProfileSource& source, Visit visit) {
  ForEachStack(*source.process, [&](const Stack& stack) {
    bool first = true;
    for (const uint32_t index : stack.sites) {
      Amounts amounts = AmountsOf(*source.process, {index});
      amounts[size_t(Measure::kGrown)] = first ? stack.amounts[size_t(Measure::kGrown)] : capture::Amount();
      first = false;
      visit(source.process->sites[index], amounts,
            index < source.site_types.size() ? source.site_types[index] : std::string());
    }
  });
}

// A site as a row of a flat table; the columns are those of SiteColumns.
struct SiteRow {
  int32_t pid = 0;
  Place leaf;
  std::string_view kind;
  std::string type;  // "": not known
  Amounts amounts;
  std::string stack;  // "leaf (file:line) <- ... <- root (file:line)"
};

std::vector<ParquetColumn> SiteColumns() {
  using enum ParquetType;
  std::vector<ParquetColumn> columns = {{"pid", kNumber},  {"function", kText}, {"file", kText},
                                        {"line", kNumber}, {"kind", kText},     {"type", kText, true}};
  for (size_t m = 0; m < kMeasures; ++m) {
    for (const char* unit : {"bytes", "objects"})
      columns.push_back({fmt::format("{}_{}", NameOf(Measure(m)), unit), kNumber});
  }
  columns.push_back({"stack", kText});
  return columns;
}

template <class Visit>
void ForEachSiteRow(const ProfileOptions& options, Visit visit) {
  FrameTable frames;
  for (const ProfileSource& source : options.sources) {
    frames.Enter(*source.process);
    ForEachSite(source, [&](const capture::Site& site, const Amounts& amounts, const std::string& type) {
      const std::vector<uint32_t>& numbers = frames.Stack(site.node);
      SiteRow row = {.pid = source.process->pid,
                     .leaf = frames.places()[numbers.front()],
                     .kind = NameOf(site.domain),
                     .type = type,
                     .amounts = amounts,
                     .stack = {}};
      for (const uint32_t number : numbers) {
        const Place& place = frames.places()[number];
        row.stack +=
            fmt::format("{}{} ({}:{})", row.stack.empty() ? "" : " <- ", place.function, place.file, place.line);
      }
      visit(row);
    });
  }
}

}  // namespace

void WriteSitesCsv(const ProfileOptions& options, Sink* sink) {
  std::string head;
  for (const ParquetColumn& column : SiteColumns()) head += (head.empty() ? "" : ",") + column.name;
  sink->Write(head + "\r\n");
  ForEachSiteRow(options, [&](const SiteRow& row) {
    std::string line = fmt::format("{},{},{},{},{},{}", row.pid, Csv(row.leaf.function), Csv(row.leaf.file),
                                   row.leaf.line, row.kind, Csv(row.type));
    for (const capture::Amount& amount : row.amounts) line += fmt::format(",{},{}", amount.bytes, amount.blocks);
    sink->Write(fmt::format("{},{}\r\n", line, Csv(row.stack)));
  });
}

void WriteSitesParquet(const ProfileOptions& options, Sink* sink) {
  ParquetFile file(SiteColumns(), {.schema = "limpet.sites/1", .version = options.version}, sink);
  ForEachSiteRow(options, [&](const SiteRow& row) {
    file.Number(uint64_t(row.pid));
    file.Text(row.leaf.function);
    file.Text(row.leaf.file);
    file.Number(row.leaf.line);
    file.Text(row.kind);
    row.type.empty() ? file.Null() : file.Text(row.type);
    for (const capture::Amount& amount : row.amounts) {
      file.Number(amount.bytes);
      file.Number(amount.blocks);
    }
    file.Text(row.stack);
    file.EndRow();
  });
  file.Finish();
}

void WriteSitesJson(const ProfileOptions& options, Sink* sink) {
  sink->Write("{\"schema\":\"limpet.sites/1\",\"sites\":[");
  FrameTable frames;
  std::string separator = "\n";
  for (const ProfileSource& source : options.sources) {
    frames.Enter(*source.process);
    ForEachSite(source, [&](const capture::Site& site, const Amounts& amounts, const std::string& type) {
      std::string row =
          fmt::format("{}{{\"pid\":{},\"kind\":\"{}\"", separator, source.process->pid, NameOf(site.domain));
      if (!type.empty()) row += fmt::format(",\"type\":{}", Json(type));
      for (size_t m = 0; m < kMeasures; ++m)
        row += fmt::format(",\"{}\":{{\"bytes\":{},\"objects\":{}}}", NameOf(Measure(m)), amounts[m].bytes,
                           amounts[m].blocks);
      row += ",\"stack\":";
      bool first = true;
      for (const uint32_t number : frames.Stack(site.node)) {
        const Place& place = frames.places()[number];
        row += fmt::format("{}{{\"function\":{},\"file\":{},\"line\":{}}}", first ? "[" : ",", Json(place.function),
                           Json(place.file), place.line);
        first = false;
      }
      sink->Write(row + "]}");
      separator = ",\n";
    });
  }
  sink->Write("\n]}\n");
}

}  // namespace limpet::interchange
