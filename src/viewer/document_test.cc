#include "viewer/document.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "capture/builder.h"
#include "diagnose/suspects.h"
#include "diagnose/unit.h"
#include "viewer/column.h"
#include "viewer/sites_part.h"

namespace limpet::viewer {
namespace {

using capture::Amount;
using capture::ProcessBuilder;
using nlohmann::json;

// With columns as arrays: as the page reads them.
void ReadColumns(json* table) {
  for (auto& [key, value] : table->items()) {
    if (!value.is_string()) continue;
    json numbers = json::array();
    std::istringstream text(value.get<std::string>());
    for (uint64_t number = 0; text >> number;) numbers.push_back(number);
    value = std::move(numbers);
  }
}

json Parsed(const std::string& text) {
  json document = json::parse(text);
  ReadColumns(&document["frames"]);
  for (json& run : document["runs"]) {
    for (json& process : run["processes"]) {
      ReadColumns(&process["stacks"]);
      ReadColumns(&process["sites"]);
      ReadColumns(&process["sites"]["cells"]);
    }
  }
  return document;
}

json DocumentOf(const capture::Recording& recording, const DocumentOptions& options = {}) {
  const report::Report report = report::BuildReport(recording, {.pid = options.pid});
  return Parsed(WriteViewerDocument({{&recording, &report}}, options));
}

capture::Recording RecordingOf(std::vector<capture::Process> processes) {
  capture::Recording recording;
  recording.path = "app.limpet";
  recording.run.command = {"app.py"};
  recording.run.ended_ns = 1;
  recording.processes = std::move(processes);
  return recording;
}

// A process with stacks, epochs, births and deaths by chance.
capture::Process Drawn() {
  ProcessBuilder builder;
  const auto number = [](uint32_t most) { return *rc::gen::inRange<uint32_t>(0, most); };
  std::vector<uint32_t> sites;
  const uint32_t count = 1 + number(12);
  for (uint32_t i = 0; i < count; ++i) {
    std::vector<ProcessBuilder::FrameSpec> stack;
    for (uint32_t depth = number(4); depth > 0; --depth) stack.push_back({"app.py", "f", number(5) + 1});
    sites.push_back(builder.Site(stack, number(2) ? capture::Domain::kObject : capture::Domain::kMalloc));
  }
  for (uint32_t epoch = 0; epoch < 6; ++epoch) {
    if (epoch > 0) builder.NextEpoch();
    for (const uint32_t site : sites) {
      const uint32_t born = number(4);
      if (born == 0) continue;
      builder.Born(site, born, uint64_t{born} * 100);
      const uint32_t died = number(born + 1);
      if (died) builder.Died(site, epoch, died, uint64_t{died} * 100);
    }
  }
  return builder.Read();
}

uint64_t SumOf(const json& column) {
  uint64_t sum = 0;
  for (const json& value : column) sum += value.get<uint64_t>();
  return sum;
}

TEST(Column, IsItsNumbersWithASpaceBetween) {
  EXPECT_EQ(ColumnText(std::vector<uint32_t>{}), "");
  EXPECT_EQ(ColumnText(std::vector<uint32_t>{0, 7, 0xffffffff}), "0 7 4294967295");
  EXPECT_EQ(ColumnText(std::vector<uint64_t>{uint64_t{1} << 53, ~uint64_t{0}}),
            "9007199254740992 18446744073709551615");
}

RC_GTEST_PROP(ViewerDocument, SumsAreTheProcessesWhateverIsLeftOut, ()) {
  const capture::Process process = Drawn();
  const json document = DocumentOf(RecordingOf({process}), {.max_cells = *rc::gen::inRange<uint64_t>(0, 40)});
  const json& sites = document["runs"][0]["processes"][0]["sites"];
  RC_ASSERT(SumOf(sites["cells"]["born_bytes"]) == process.births.bytes);
  RC_ASSERT(SumOf(sites["cells"]["born_objects"]) == process.births.blocks);
  RC_ASSERT(SumOf(sites["cells"]["live_bytes"]) == process.live().bytes);
  RC_ASSERT(SumOf(sites["cells"]["freed_objects"]) == process.deaths.blocks);
  RC_ASSERT(sites["cell"].size() == sites["stack"].size() + 1);
  RC_ASSERT(sites["cell"].back().get<size_t>() == sites["cells"]["epoch"].size());
}

// What a row of the document is called: its frames from the outermost on, and its kind.
std::string NameOfRow(const json& document, const json& process, size_t row) {
  std::string name;
  for (size_t at = process["sites"]["stack"][row]; at != 0; at = process["stacks"]["parent"][at])
    name = document["frames"]["line"][process["stacks"]["frame"][at].get<size_t>()].dump() + " " + name;
  return name + document["strings"][process["sites"]["kind"][row].get<size_t>()].get<std::string>();
}

RC_GTEST_PROP(ViewerDocument, EveryStackHasWhatItsSitesHave, ()) {
  const capture::Process process = Drawn();
  std::map<std::string, uint64_t> wanted, found;
  for (const capture::Site& site : process.sites) {
    std::string name;
    for (const capture::FrameId frame : process.Stack(site.node))
      name = std::to_string(process.frames[frame.value].line) + " " + name;
    wanted[name + (site.domain == capture::Domain::kObject ? "object" : "malloc")] += site.births.bytes;
  }
  const json document = DocumentOf(RecordingOf({process}));
  const json& part = document["runs"][0]["processes"][0];
  for (size_t row = 0; row < part["sites"]["stack"].size(); ++row) {
    uint64_t& sum = found[NameOfRow(document, part, row)];
    for (size_t cell = part["sites"]["cell"][row]; cell < part["sites"]["cell"][row + 1].get<size_t>(); ++cell)
      sum += part["sites"]["cells"]["born_bytes"][cell].get<uint64_t>();
  }
  RC_ASSERT(found == wanted);
}

capture::Process Leaking(const std::string& function, const std::string& file) {
  ProcessBuilder builder;
  const uint32_t leak = builder.Site({{file, function, 40}, {file, "main", 88}});
  const uint32_t churn = builder.Site({{file, "work", 50}, {file, "main", 90}});
  for (int second = 0; second < 60; ++second) {
    if (second > 0) builder.NextEpoch();
    builder.Born(leak, 100, 100'000);
    builder.Born(churn, 100, 100'000);
    builder.Died(churn, builder.epoch(), 100, 100'000);
  }
  builder.TakePeak();
  return builder.Read();
}

TEST(ViewerDocument, FindingsNameTheirSites) {
  const json document = DocumentOf(RecordingOf({Leaking("open", "/srv/app.py")}));
  const json& run = document["runs"][0];
  ASSERT_EQ(run["report"]["findings"].size(), 1u);
  const json& process = run["processes"][0];
  ASSERT_EQ(process["findings"].size(), 1u);
  ASSERT_EQ(process["findings"][0].size(), 1u);
  EXPECT_EQ(NameOfRow(document, process, process["findings"][0][0]), "88 40 object");
}

TEST(ViewerDocument, ANameMayBeAnything) {
  const std::string function = "</script><script>alert(1)</script>\"'\\\xff\xfe\u202e" + std::string(10'000, 'x');
  const json document = DocumentOf(RecordingOf({Leaking(function, "/srv/\x80<b>.py")}));
  const json& strings = document["strings"];
  EXPECT_TRUE(std::any_of(strings.begin(), strings.end(), [](const json& one) {
    return one.get<std::string>().starts_with("</script><script>alert(1)</script>\"'\\\uFFFD\uFFFD\u202e");
  }));
}

TEST(ViewerDocument, ARecordingWithoutProcessesIsADocument) {
  const json document = DocumentOf(RecordingOf({}));
  EXPECT_EQ(document["runs"][0]["processes"].size(), 0u);
  EXPECT_EQ(document["running"], false);
  EXPECT_EQ(document["comparison"], nullptr);
}

TEST(ViewerDocument, ManyProcessesShareTheRoom) {
  std::vector<capture::Process> processes(64, Leaking("open", "/srv/app.py"));
  for (size_t i = 0; i < processes.size(); ++i) {
    processes[i].pid = int32_t(100 + i);
    processes[i].folder = "p" + std::to_string(100 + i);
  }
  const json document = DocumentOf(RecordingOf(processes), {.max_cells = 64 * 60});
  ASSERT_EQ(document["runs"][0]["processes"].size(), 64u);
  for (const json& process : document["runs"][0]["processes"]) EXPECT_EQ(process["sites"]["stack"].size(), 2u);
  EXPECT_EQ(document["frames"]["line"].size(), 2u) << "places are told once for all";
}

// Keys of maps are put together of a caller and a place: those of one place must not fall into one bucket.
TEST(ViewerDocument, OneLineMayHaveManyCallers) {
  ProcessBuilder builder;
  constexpr uint32_t kCallers = 6000;
  for (uint32_t i = 0; i < kCallers; ++i)
    builder.Born(builder.Site({{"a.py", "leaf", 1}, {"a.py", "caller", i + 2}}), 1, 100);
  const json document = DocumentOf(RecordingOf({builder.Read()}));
  EXPECT_EQ(document["runs"][0]["processes"][0]["stacks"]["frame"].size(), 1 + 2 * kCallers);
}

TEST(ViewerDocument, TwoRunsAreCompared) {
  const capture::Recording before = RecordingOf({Leaking("open", "/srv/app.py")});
  const capture::Recording after = RecordingOf({Leaking("other", "/srv/app.py")});
  const report::Report report_before = report::BuildReport(before, {}), report_after = report::BuildReport(after, {});
  const json document =
      Parsed(WriteViewerDocument({{&after, &report_after}, {&before, &report_before}}, {.version = "1"}));
  EXPECT_EQ(document["runs"].size(), 2u);
  EXPECT_EQ(document["comparison"]["schema"], "limpet.diff/1");
  EXPECT_EQ(document["comparison"]["changes"].size(), 2u);
}

TEST(ChooseSites, TakesTheHeaviestAndWhatIsWanted) {
  SiteRows all;
  for (uint32_t i = 0; i < 10; ++i) {
    SiteRow row;
    row.weight = i;
    row.cells = {{capture::GroupId{0}, {1, 10}, {1, 10}, {}}};
    all.rows.push_back(row);
    all.row_of_site.push_back(i);
  }
  const ChosenSites chosen = ChooseSites(all, {2}, 3);
  EXPECT_EQ(chosen.rows, (std::vector<uint32_t>{2, 8, 9}));
  EXPECT_EQ(chosen.left_out, 7u);
  ASSERT_TRUE(chosen.rest);
  EXPECT_EQ(chosen.rest->cells.front().born, (Amount{7, 70}));
}

}  // namespace
}  // namespace limpet::viewer
