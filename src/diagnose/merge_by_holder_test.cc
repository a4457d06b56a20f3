#include "diagnose/merge_by_holder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "heap/drawn_program.h"

namespace limpet::diagnose {
namespace {

using heap::NodeId;

Finding Found(const char* file, uint32_t line, double rate, double confidence) {
  Finding finding;
  finding.confidence = confidence;
  finding.bytes_per_second = rate;
  finding.site = {{.function = "f", .file = file, .line = line, .column = {}, .end_column = {}}};
  finding.live = {.blocks = 20, .bytes = 2000};
  finding.heap.types = {file};
  return finding;
}

// app.SESSIONS -> 20 sessions -> a list each; app.PAGES -> 20 pages.
struct Shop {
  heap::DrawnProgram program;
  NodeId app = program.Module("app");
  NodeId sessions_dict = program.Dict(1000);
  NodeId pages_dict = program.Dict(1000);
  std::vector<NodeId> sessions, lists, pages;
  Shop() {
    program.Put(app, "SESSIONS", sessions_dict);
    program.Put(app, "PAGES", pages_dict);
    for (int i = 0; i < 20; ++i) {
      sessions.push_back(program.New("Session", 50));
      lists.push_back(program.New("list", 40));
      pages.push_back(program.New("Page", 90));
      program.Set(sessions.back(), "items", lists.back());
      program.Put(sessions_dict, "s" + std::to_string(i), sessions.back());
      program.Put(pages_dict, "p" + std::to_string(i), pages.back());
    }
  }
};

TEST(MergeByHolder, WhatHangsOnAnotherFindingsObjectsIsItsPart) {
  Shop shop;
  const heap::Graph graph = shop.program.Finish();
  heap::Analysis analysis(graph);
  std::vector<Finding> findings = {Found("innocent.py", 3, 10, 0.98), Found("pages.py", 2, 50, 0.98),
                                   Found("sessions.py", 1, 100, 0.98)};
  std::vector<FindingObjects> objects = {{shop.lists}, {shop.pages}, {shop.sessions}};
  MergeByHolder(nullptr, analysis, findings, objects);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].site.front().file, "pages.py");
  EXPECT_EQ(findings[1].site.front().file, "sessions.py");
  ASSERT_EQ(findings[1].parts.size(), 1u);
  EXPECT_EQ(findings[1].parts[0].where.file, "innocent.py");
  EXPECT_DOUBLE_EQ(findings[1].bytes_per_second, 110);
  EXPECT_EQ(findings[1].live.bytes, 4000u);
  EXPECT_EQ(findings[1].heap.types, (std::vector<std::string>{"sessions.py", "innocent.py"}));
}

TEST(MergeByHolder, AFewStrayObjectsDoNotMakeAPart) {
  Shop shop;
  const heap::Graph graph = shop.program.Finish();
  heap::Analysis analysis(graph);
  std::vector<Finding> findings = {Found("sessions.py", 1, 100, 0.98), Found("mixed.py", 2, 50, 0.98)};
  std::vector<NodeId> mixed(shop.pages.begin(), shop.pages.begin() + 12);
  mixed.insert(mixed.end(), shop.lists.begin(), shop.lists.begin() + 8);  // 40 % of them hang on sessions
  std::vector<FindingObjects> objects = {{shop.sessions}, {mixed}};
  MergeByHolder(nullptr, analysis, findings, objects);
  EXPECT_EQ(findings.size(), 2u);
}

TEST(MergeByHolder, OneContainerIsOneFinding) {
  Shop shop;
  const heap::Graph graph = shop.program.Finish();
  heap::Analysis analysis(graph);
  std::vector<Finding> findings = {Found("a.py", 1, 100, 0.98), Found("b.py", 2, 50, 0.98), Found("c.py", 3, 20, 0.98)};
  std::vector<FindingObjects> objects = {
      {shop.pages, shop.pages_dict}, {shop.sessions, shop.sessions_dict}, {shop.lists, shop.pages_dict}};
  MergeByHolder(nullptr, analysis, findings, objects);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].parts.size(), 1u);
}

// All of what surely stays may hang on a few old things.
TEST(MergeByHolder, ASureFindingIsNoPartOfADoubtfulOne) {
  Shop shop;
  std::vector<NodeId> items;
  for (int i = 0; i < 20; ++i) {
    items.push_back(shop.program.New("Item", 30));
    shop.program.Put(shop.lists[i % 2], "i" + std::to_string(i), items.back());
  }
  const heap::Graph graph = shop.program.Finish();
  heap::Analysis analysis(graph);
  std::vector<Finding> findings = {Found("doubtful.py", 1, 100, 0.4), Found("sure.py", 2, 50, 0.98)};
  std::vector<FindingObjects> objects = {{shop.sessions}, {items}};
  MergeByHolder(nullptr, analysis, findings, objects);
  EXPECT_EQ(findings.size(), 2u);
}

TEST(MergeByHolder, WhatHoldsOneSureThingEachIsAsSure) {
  Shop shop;
  const heap::Graph graph = shop.program.Finish();
  heap::Analysis analysis(graph);
  std::vector<Finding> findings = {Found("doubtful.py", 1, 100, 0.4), Found("sure.py", 2, 50, 0.98)};
  std::vector<FindingObjects> objects = {{shop.sessions}, {shop.lists}};
  MergeByHolder(nullptr, analysis, findings, objects);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].site.front().file, "doubtful.py");
  EXPECT_DOUBLE_EQ(findings[0].confidence, 0.98);
}

// The numbers of a loop: keys of both dicts and an attribute of each session, so that nothing dominates them but the module.
TEST(MergeByHolder, WhatSeveralFindingsHoldTogetherIsNoFindingOfItsOwn) {
  for (const bool also_elsewhere : {false, true}) {
    Shop shop;
    std::vector<NodeId> numbers;
    const NodeId elsewhere = shop.program.Dict(1000);
    shop.program.Put(shop.app, "ELSEWHERE", elsewhere);
    for (int i = 0; i < 20; ++i) {
      numbers.push_back(shop.program.New("int", 28));
      shop.program.Set(shop.sessions[i], "number", numbers.back());
      shop.program.PutObject(shop.pages_dict, numbers.back(), shop.pages[i]);
      if (also_elsewhere) shop.program.PutObject(elsewhere, numbers.back(), numbers.back());
    }
    const heap::Graph graph = shop.program.Finish();
    heap::Analysis analysis(graph);
    std::vector<Finding> findings = {Found("pages.py", 2, 50, 0.98), Found("sessions.py", 1, 100, 0.98),
                                     Found("loop.py", 3, 10, 0.98)};
    std::vector<FindingObjects> objects = {
        {.nodes = shop.pages, .container = shop.pages_dict}, {.nodes = shop.sessions}, {.nodes = numbers}};
    for (FindingObjects& one : objects) std::sort(one.nodes.begin(), one.nodes.end());
    MergeByHolder(nullptr, analysis, findings, objects);
    EXPECT_EQ(findings.size(), also_elsewhere ? 3u : 2u);
  }
}

}  // namespace
}  // namespace limpet::diagnose
