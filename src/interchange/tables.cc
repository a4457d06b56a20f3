#include <fmt/format.h>

#include "interchange/frames.h"
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

}  // namespace

void WriteSitesCsv(const ProfileOptions& options, Sink* sink) {
  std::string head = "pid,function,file,line,kind,type";
  for (size_t m = 0; m < kMeasures; ++m) head += fmt::format(",{0}_bytes,{0}_objects", NameOf(Measure(m)));
  sink->Write(head + ",stack\r\n");
  FrameTable frames;
  for (const ProfileSource& source : options.sources) {
    frames.Enter(*source.process);
    ForEachSite(source, [&](const capture::Site& site, const Amounts& amounts, const std::string& type) {
      const std::vector<uint32_t>& numbers = frames.Stack(site.node);
      const Place& leaf = frames.places()[numbers.front()];
      std::string row = fmt::format("{},{},{},{},{},{}", source.process->pid, Csv(leaf.function), Csv(leaf.file),
                                    leaf.line, NameOf(site.domain), Csv(type));
      for (const capture::Amount& amount : amounts) row += fmt::format(",{},{}", amount.bytes, amount.blocks);
      std::string stack;
      for (const uint32_t number : numbers) {
        const Place& place = frames.places()[number];
        stack += fmt::format("{}{} ({}:{})", stack.empty() ? "" : " <- ", place.function, place.file, place.line);
      }
      sink->Write(fmt::format("{},{}\r\n", row, Csv(stack)));
    });
  }
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
