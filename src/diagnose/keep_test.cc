#include "diagnose/keep.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "capture/builder.h"

namespace limpet::diagnose {
namespace {

Finding At(uint32_t line, std::string function, std::string file = "/a/shop/store.py") {
  Finding f;
  f.site = {{.function = std::move(function), .file = std::move(file), .line = line, .column = {}, .end_column = {}}};
  f.fingerprint = "0123";
  return f;
}

// Source files that are not on disk.
class Sources {
 public:
  void Add(const std::string& path, const std::string& text, bool changed = false) {
    Source source;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) source.lines.push_back(line);
    source.changed = changed;
    sources_[path] = source;
  }
  SourceReader reader() const {
    return [this](const std::string& path) -> const Source* {
      const auto found = sources_.find(path);
      return found == sources_.end() ? nullptr : &found->second;
    };
  }

 private:
  std::map<std::string, Source> sources_;
};

capture::Recording ShopRun() {
  capture::Recording recording;
  recording.run.command = {"python3", "/a/app.py"};
  recording.run.directory = "/a";
  return recording;
}

std::string MarkFor(const Sources& sources, const Finding& finding, std::vector<std::string>* notes = nullptr) {
  std::vector<std::string> ignored;
  const auto mark = FindMark(ShopRun(), sources.reader(), finding, notes ? *notes : ignored);
  return mark ? mark->by + " " + mark->reason : "";
}

std::string Match(const std::string& text, const Finding& finding) {
  const std::vector<KeepPattern> patterns = ParseKeepPatterns(text, "f").value();
  const KeepPattern* found = MatchPattern(patterns, finding);
  return found ? found->origin + " " + found->reason : "";
}

TEST(Keep, ReadsAMarkInAComment) {
  EXPECT_EQ(MarkOn("x = {}  # limpet: keep"), "");
  EXPECT_EQ(MarkOn("x = {}  # noqa: E501  #limpet:keep:  the table, all of it  # type: ignore"),
            "the table, all of it");
  EXPECT_EQ(MarkOn("x = {}  # limpet: keeper"), std::nullopt);
  EXPECT_EQ(MarkOn("limpet: keep"), std::nullopt);
  EXPECT_EQ(MarkOn(""), std::nullopt);
}

TEST(Keep, LooksAtTheLineTheFunctionAndTheClass) {
  const std::string text =
      "class Table:{}\n"         // 1
      "    @cached\n"            // 2
      "    def add(self):{}\n"   // 3
      "        x = make(\n"      // 4
      "            1,\n"         // 5
      "        ){}\n"            // 6
      "    def get(self):{}\n";  // 7
  for (int marked : {1, 3, 6, 7}) {
    std::string with;
    int line = 1;
    for (size_t i = 0; i < text.size(); i++) {
      if (text.compare(i, 2, "{}") == 0) {
        if (line == marked) with += "  # limpet: keep: R";
        i++;
        continue;
      }
      with += text[i];
      line += text[i] == '\n';
    }
    Sources sources;
    sources.Add("/a/shop/store.py", with);
    const std::string expected = marked == 7 ? "" : "shop/store.py:" + std::to_string(marked) + " R";
    EXPECT_EQ(MarkFor(sources, At(4, "Table.add.<locals>.<listcomp>")), expected) << with;
  }
}

TEST(Keep, TakesACommentAboveTheLineOrTheFunction) {
  Sources sources;
  sources.Add("/a/shop/store.py",
              "# limpet: keep: R\n@cached\ndef add():\n    return 1\n\ndef get():\n    # limpet: keep\n    # why\n    "
              "return 2\n");
  EXPECT_EQ(MarkFor(sources, At(4, "add")), "shop/store.py:1 R");
  EXPECT_EQ(MarkFor(sources, At(9, "get")), "shop/store.py:7 ");
}

TEST(Keep, LooksWhereTheHolderIsAssigned) {
  Finding f = At(2, "add");
  f.heap.types = {"shop.store.Row"};
  f.heap.holder = {
      {"module shop.store", "module"}, {".TABLE", "shop.store.Table"}, {".rows", "list"}, {"[…]", "shop.store.Row"}};
  const auto marked = [&](const std::string& line) {
    Sources sources;
    sources.Add("/a/shop/store.py", "def add():\n    return Row()\n" + line + "\n");
    return MarkFor(sources, f);
  };
  EXPECT_EQ(marked("TABLE: Table = Table()  # limpet: keep"), "shop/store.py:3 ");
  EXPECT_EQ(marked("class Row:  # limpet: keep"), "shop/store.py:3 ");
  EXPECT_EQ(marked("class Table:  # limpet: keep"), "shop/store.py:3 ");
  EXPECT_EQ(marked("class Table:\n    def __init__(self):\n        self.rows = []  # limpet: keep"),
            "shop/store.py:5 ");
  EXPECT_EQ(marked("class Other:\n    def __init__(self):\n        self.rows = []  # limpet: keep"), "");
  EXPECT_EQ(marked("class Table:\n    pass\nrows = []  # limpet: keep"), "");
  EXPECT_EQ(marked("OTHER = TABLE == 1  # limpet: keep"), "");
  EXPECT_EQ(marked("    TABLE = 1  # limpet: keep"), "");  // a local of something
}

TEST(Keep, LooksForLocalVariablesInTheirFunction) {
  Finding f = At(1, "add");
  f.site.push_back({.function = "serve", .file = "/a/app.py", .line = 4, .column = {}, .end_column = {}});
  f.heap.holder = {{"local rows of serve (app.py:4) in thread 1", "list"}};
  Sources sources;
  sources.Add("/a/app.py", "rows = 1\ndef serve():\n    rows = []  # limpet: keep\n    add(rows)\n");
  EXPECT_EQ(MarkFor(sources, f), "app.py:3 ");
}

TEST(Keep, DoesNotBelieveASourceThatIsNotTheOneRecorded) {
  Sources sources;
  std::vector<std::string> notes;
  sources.Add("/a/shop/store.py", "def add():\n    return 1  # limpet: keep\n", true);
  EXPECT_EQ(MarkFor(sources, At(2, "add"), &notes), "");
  sources.Add("/a/shop/store.py", "def sub():\n    return 1  # limpet: keep\n");
  EXPECT_EQ(MarkFor(sources, At(2, "add"), &notes), "");
  EXPECT_EQ(MarkFor(sources, At(77, "sub"), &notes), "");
  EXPECT_EQ(notes.size(), 2u);
  EXPECT_EQ(MarkFor(sources, At(2, "add", "/a/gone.py"), &notes), "");  // nothing to say of what cannot be read
  EXPECT_EQ(notes.size(), 2u);
}

TEST(Keep, MatchesPatterns) {
  Finding f = At(3, "Table.add");
  f.heap.types = {"shop.store.Row", "dict"};
  f.heap.holder_text = "module shop .ROWS -> dict['…'] -> Row";
  EXPECT_EQ(Match("# nothing\n\nsite store.py:add # why\n", f), "f:3 why");
  EXPECT_EQ(Match("site shop/*.py:Table.*", f), "f:1 ");
  EXPECT_EQ(Match("site op/store.py", f), "");
  EXPECT_EQ(Match("site store.py:ad", f), "");
  EXPECT_EQ(Match("type Row\r\n", f), "f:1 ");
  EXPECT_EQ(Match("type dict", f), "");
  EXPECT_EQ(Match("held .ROWS -> dict['…']", f), "f:1 ");
  EXPECT_EQ(Match("leak 0123", f), "f:1 ");
  EXPECT_FALSE(ParseKeepPatterns("sites x", "f").ok());
  EXPECT_FALSE(ParseKeepPatterns("site", "f").ok());
}

TEST(Keep, MovesWhatIsMarkedAndNothingElse) {
  Diagnosis d;
  d.findings = {At(1, "a"), At(1, "b")};
  TakeKept(ShopRun(), {ParseKeepPatterns("site *:b", "f").value()}, Sources().reader(), d);
  ASSERT_EQ(d.findings.size(), 1u);
  ASSERT_EQ(d.kept.size(), 1u);
  EXPECT_EQ(d.kept[0].finding.site[0].function, "b");
}

TEST(Keep, TakesTheStorageOfWhatIsKeptAlong) {
  Diagnosis d;
  d.findings = {At(1, "make_row"), At(5, "Table.add"), At(7, "other")};
  const Location insert = At(20, "insert").site[0], elsewhere = At(30, "elsewhere").site[0];
  d.findings[0].live = {1000, 100'000};
  d.findings[0].site.push_back(insert);
  for (size_t i : {1, 2}) d.findings[i].live = {1, 8000};
  d.findings[1].site.push_back(insert);
  d.findings[2].site.push_back(elsewhere);
  TakeKept(ShopRun(), {ParseKeepPatterns("site *:make_row", "f").value()}, Sources().reader(), d);
  ASSERT_EQ(d.kept.size(), 2u);
  EXPECT_EQ(d.kept[1].finding.site[0].function, "Table.add");
  EXPECT_EQ(d.findings.at(0).site[0].function, "other");
}

}  // namespace
}  // namespace limpet::diagnose
