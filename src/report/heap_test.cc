// Whole screens of `limpet heap` and `limpet why`, from heaps made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "capture/builder.h"
#include "heap/drawn_program.h"
#include "report/heap_screen.h"
#include "report/why.h"

namespace limpet::report {
namespace {

using heap::DrawnProgram;
using heap::NodeId;
using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kSecond = 1'000'000'000;

// A service that keeps its sessions in a dict, and whose nodes are cycles of garbage.
class HeapTest : public testing::Test {
 protected:
  HeapTest() {
    capture::ProcessBuilder recording;
    const uint32_t line =
        recording.Site({{"/srv/shop/app.py", "open_session", 40}, {"/srv/shop/app.py", "handle", 88}});
    recording.Born(line, 100, 5000);
    recording.header().last_tick_ns = 60 * kSecond;
    process_ = recording.Read();
    now_.births = before_.births = {{line, 0}};
    Fill(&now_, 100, 60 * kSecond);
    Fill(&before_, 10, 10 * kSecond);
    source_ = {.snapshot = &now_,
               .process = &process_,
               .directory = "/srv/shop",
               .program = "app.py",
               .number = 3,
               .count = 3};
    source_before_ = source_;
    source_before_.snapshot = &before_;
    source_before_.number = 1;
  }

  void Fill(heap::Snapshot* snapshot, int sessions, uint64_t time_ns) {
    DrawnProgram program;
    const NodeId app = program.Module("app"), dict = program.Dict(9000);
    program.Put(app, "SESSIONS", dict);
    for (int i = 0; i < sessions; ++i) {
      const NodeId session = program.New("app.Session", 56);
      program.builder().SetBirth(session, 1);
      program.builder().SetAddress(session, 0x7f0000000000 + uint64_t(i) * 64);
      program.Set(session, "buffer", program.New("bytearray", 40'000));
      program.Put(dict, "u" + std::to_string(i), session);
    }
    const NodeId a = program.New("app.Node"), b = program.New("app.Node");
    program.Set(a, "next", b);
    program.Set(b, "next", a);
    const NodeId lost = program.New("app.Lost", 500);
    program.builder().AddSurplus(lost, sessions);
    snapshot->graph = program.Finish();
    snapshot->header.pid = 4711;
    snapshot->header.python_version = 0x030c01f0;
    snapshot->header.trigger = uint32_t(capture::SnapshotTrigger::kCheckpoint);
    snapshot->header.time_ns = time_ns;
    snapshot->header.pause_ns = 1'200'000;
    snapshot->header.gc_flags = 3;
    snapshot->end.emplace();
    snapshot->end->torn = 2;
  }

  std::string Why(std::string_view text) {
    const Births births(source_);
    const heap::Target target = FindWhyTarget(source_, births, text);
    if (target.kind == heap::TargetKind::kNothing) return TargetProblem(target);
    heap::Analysis analysis(now_.graph);
    view_ = MakeWhyView(source_, births, analysis, text, target, {});
    std::string screen = RenderWhy(view_, source_, {.columns = 110});
    return screen.substr(screen.find("\n\n") + 2);  // the head is the same for all
  }

  capture::Process process_;
  heap::Snapshot now_, before_;
  HeapSource source_, source_before_;
  WhyView view_;
};

// The function of the interpreter that runs the main module has a reference to it; so has sys.modules.
TEST_F(HeapTest, WhatOthersHoldTooIsNotHeldByCCodeAlone) {
  DrawnProgram program;
  const NodeId app = program.Module("app"), held = program.New("app.Held", 100);
  program.Put(app, "HELD", held);
  const NodeId lost = program.New("app.Lost", 500), kept = program.New("app.Kept", 20);
  program.Set(lost, "kept", kept);
  program.Set(lost, "held", held);
  program.builder().AddSurplus(app, 1);
  program.builder().AddSurplus(lost, 2);
  now_.graph = program.Finish();
  const HeapTotals totals = MakeHeapView(source_, nullptr, nullptr, {}).totals;
  EXPECT_EQ(totals.entry_objects, 2u);
  EXPECT_EQ(totals.entry_bytes, 520u);
}

TEST_F(HeapTest, ScreenOfAHeap) {
  const HeapView view = MakeHeapView(source_, &source_before_, nullptr, {.limit = 4});
  EXPECT_EQ(RenderHeap(view, source_, {.columns = 100}), R"(heap of app.py, process 4711, Python 3.12.1: snapshot 3 of 3
taken at a checkpoint of the program, 1 min after the start; the program stood still for 1 ms
309 objects, 4.0 MB; garbage that waits for the collector: 2 objects, 32 B
held by C code alone: 1 object, 500 B
note: 2 objects made no sense (half made, or changed meanwhile), and were left out

by type, most in what they retain first
objects     own  retained  type         born at
      3  9.1 KB    4.0 MB  dict
      1    72 B    4.0 MB  module
    100  5.6 KB    4.0 MB  app.Session  app.py:40 in open_session
    100  4.0 MB    4.0 MB  bytearray
and 3 types more

objects that keep most alive
   4.0 MB  module app .SESSIONS  dict, 100 entries

modules, and what their names alone keep alive
   4.0 MB  app  303 objects

cycles that wait for the collector
     32 B  Node.next -> Node.next -> Node  1 cycle, 2 objects

since snapshot 1, 50 s before: +3.6 MB, +270 objects
  +3.6 MB  module app .SESSIONS -> dict['…'] -> Session  10 -> 100

more and more references that nobody explains: C code takes and does not give back
      +90  app.Lost  100 references to 1 object
)");
}

TEST_F(HeapTest, RowsOfLines) {
  const HeapView view = MakeHeapView(source_, nullptr, nullptr, {.by = HeapSort::kCount, .group = HeapGroup::kSite});
  const std::string screen = RenderHeap(view, source_, {.columns = 100});
  EXPECT_THAT(screen, HasSubstr("    100  5.6 KB    4.0 MB  app.py:40 in open_session\n"));
  EXPECT_THAT(screen, Not(HasSubstr("since snapshot")));
}

TEST_F(HeapTest, JsonOfAHeap) {
  const nlohmann::json json = HeapJson(MakeHeapView(source_, &source_before_, nullptr, {}), source_);
  EXPECT_EQ(json["schema"], "limpet.heap/1");
  EXPECT_EQ(json["objects"], 309);
  EXPECT_EQ(json["garbage"]["objects"], 2);
  EXPECT_EQ(json["biggest"][0]["holder"],
            nlohmann::json::parse(R"([{"edge":"module app","type":"module"},{"edge":".SESSIONS","type":"dict"}])"));
  EXPECT_EQ(json["growth"]["paths"][0]["objects_after"], 100);
  EXPECT_EQ(json["growth"]["surplus"][0]["more_references"], 90);
}

TEST_F(HeapTest, WhyOfAType) {
  EXPECT_EQ(Why("Session"), R"(100 app.Session: 5.6 KB, 4.0 MB with what they alone keep alive
born at app.py:40 in open_session, the oldest at most 1 min before

held by
  module app
    .SESSIONS  dict, 100 entries
      ['…']    100 app.Session  <- cut here
  cutting all 100 of these frees 4.0 MB (300 objects)
)");
}

TEST_F(HeapTest, WhyOfALineIsThatOfItsObjects) {
  EXPECT_THAT(Why("app.py:40"), HasSubstr("100 objects allocated at app.py:40"));
  EXPECT_THAT(Why("shop/app.py:40"), HasSubstr("100 objects"));
  EXPECT_EQ(Why("app.py:41"), "no object in this snapshot was allocated at app.py:41; did you mean app.py:40?");
  EXPECT_THAT(Why("pp.py:40"), HasSubstr("no object"));
}

TEST_F(HeapTest, WhyOfALineTellsAllOfItsVerdict) {
  Why("app.py:40");
  view_.judgement =
      "a leak, confidence 0.97: 12 000 blocks (4.0 MB) born here are live; of those older than 5 s, none was freed";
  EXPECT_THAT(RenderWhy(view_, source_, {.columns = 70}),
              HasSubstr("a leak, confidence 0.97: 12 000 blocks (4.0 MB) born here are live; of\n"
                        "those older than 5 s, none was freed\n\nheld by\n"));
}

TEST_F(HeapTest, WhyOfOneObject) {
  EXPECT_EQ(Why("app.SESSIONS['u7']"), R"(app.Session at 0x7f00000001c0: 56 B, 40 KB with what it alone keeps alive
born at app.py:40 in open_session, at most 1 min before

held by
  module app
    .SESSIONS  dict, 100 entries
      ['u7']   app.Session  <- cut here
  cutting it frees 40 KB (3 objects)
)");
}

TEST_F(HeapTest, WhyOfGarbage) {
  EXPECT_EQ(Why("Node"), R"(2 app.Node: 32 B

nobody holds them: they wait for the cyclic collector
  cycle  Node.next -> Node.next -> Node
  1 cycle like this, 32 B
)");
}

TEST_F(HeapTest, WhyOfWhatCCodeHolds) {
  EXPECT_EQ(Why("Lost"), R"(app.Lost at 0x0: 500 B

held by
  C code  app.Lost
  C code holds it: reference count 100, 0 of them known
)");
}

TEST_F(HeapTest, JsonAndGraphOfWhy) {
  Why("Session");
  const nlohmann::json json = WhyJson(view_, source_);
  EXPECT_EQ(json["schema"], "limpet.why/1");
  const nlohmann::json& holding = json["holdings"][0];
  EXPECT_EQ(holding["ways"][0]["holder_text"], "module app .SESSIONS -> dict['…'] -> Session");
  EXPECT_EQ(holding["ways"][0]["cut"], 2);
  EXPECT_EQ(holding["would_free"]["target_objects"], 100);
  EXPECT_EQ(json["born"][0]["site"]["line"], 40);
  const std::string dot = WhyDot(view_, source_);
  EXPECT_THAT(dot, HasSubstr("label=\".SESSIONS\""));
  EXPECT_THAT(dot, HasSubstr("color=red"));
}

TEST(WhyText, NothingOfTheTargetReachesTheTerminalRaw) {
  DrawnProgram program;
  const NodeId app = program.Module("app\x1b[31m"), dict = program.Dict(), list = program.New("list");
  program.Put(app, "D", dict);
  program.Put(dict, "evil\x1b]0;x\x07\"\n", list);
  heap::Snapshot snapshot;
  snapshot.graph = program.Finish();
  HeapSource source;
  source.snapshot = &snapshot;
  const Births births(source);
  heap::Analysis analysis(snapshot.graph);
  const heap::Target target = heap::FindTarget(snapshot.graph, "list");
  const WhyView view = MakeWhyView(source, births, analysis, "list", target, {});
  for (const std::string& text :
       {RenderWhy(view, source, {.columns = 100}), WhyDot(view, source), WhyJson(view, source).dump(),
        RenderHeap(MakeHeapView(source, nullptr, nullptr, {}), source, {.columns = 100})}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\x07")));
  }
}

}  // namespace
}  // namespace limpet::report
