#include "diagnose/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/drawn_program.h"

namespace limpet::diagnose {
namespace {

using heap::NodeId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// module app .KEPT -> `container` -> 20 objects of `type`
struct Program {
  heap::DrawnProgram drawn;
  NodeId app = drawn.Module("app");
  NodeId container;
  std::vector<NodeId> all;
  Program(const std::string& container_type, const std::string& type) {
    container = container_type == "dict" ? drawn.Dict(1000) : drawn.New(container_type, 1000);
    drawn.Put(app, "KEPT", container);
    const heap::TypeId made =
        drawn.builder().AddType(type, type.starts_with("app.") ? uint32_t{capture::kTypeHeap} : 0);
    for (int i = 0; i < 20; ++i) {
      all.push_back(drawn.builder().AddNode(made, 100));
      if (container_type == "dict") drawn.Put(container, "k" + std::to_string(i), all.back());
      else drawn.Append(container, all.back());
    }
  }
  std::string Advice() {
    const heap::Graph graph = drawn.Finish();
    heap::Analysis analysis(graph);
    return AdviceFor(graph, heap::FindHolders(analysis, all, 1).holdings.front());
  }
};

TEST(Advice, SuitsTheContainerAndWhatItHolds) {
  EXPECT_THAT(Program("dict", "app.Session").Advice(), HasSubstr("WeakValueDictionary"));
  EXPECT_THAT(Program("dict", "str").Advice(), Not(HasSubstr("Weak")));
  EXPECT_THAT(Program("dict", "str").Advice(), HasSubstr("bound it"));
  EXPECT_THAT(Program("list", "method").Advice(), HasSubstr("weakref.WeakMethod"));
  EXPECT_THAT(Program("set", "_asyncio.Task").Advice(), HasSubstr("add_done_callback"));
  EXPECT_THAT(Program("collections.deque", "bytes").Advice(), HasSubstr("maxlen"));
  EXPECT_THAT(Program("dict", "app.Session").Advice(), HasSubstr("; that frees "));
}

TEST(Advice, ACacheOfAFunctionIsBounded) {
  heap::DrawnProgram drawn;
  const NodeId app = drawn.Module("app"), function = drawn.New("functools._lru_cache_wrapper", 100);
  const NodeId kept = drawn.Dict(1000);
  drawn.Put(app, "offer_for", function);
  drawn.builder().AddEdge(function, kept, heap::RefKind::kField, drawn.builder().AddName("cache"));
  const heap::TypeId offer = drawn.builder().AddType("app.Offer", capture::kTypeHeap);
  std::vector<NodeId> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(drawn.builder().AddNode(offer, 100));
    drawn.Put(kept, "k" + std::to_string(i), all.back());
  }
  const heap::Graph graph = drawn.Finish();
  heap::Analysis analysis(graph);
  const std::string advice = AdviceFor(graph, heap::FindHolders(analysis, all, 1).holdings.front());
  EXPECT_THAT(advice, StartsWith("bound the cache of module app .offer_for"));
  EXPECT_THAT(advice, HasSubstr("maxsize"));
  EXPECT_THAT(advice, Not(HasSubstr("Weak")));
}

TEST(Advice, NoneWhereCuttingFreesNothing) {
  Program program("dict", "app.Session");
  for (const NodeId node : program.all) program.drawn.builder().AddSurplus(node, 1);
  const heap::Graph graph = program.drawn.Finish();
  heap::Analysis analysis(graph);
  for (const heap::Holding& holding : heap::FindHolders(analysis, program.all, 3).holdings)
    EXPECT_EQ(AdviceFor(graph, holding), "");
}

TEST(Advice, FinishedTasksOnTheWayAreTold) {
  heap::DrawnProgram drawn;
  const NodeId app = drawn.Module("app"), done = drawn.New("_asyncio.Task", 100),
               open = drawn.New("_asyncio.Task", 100);
  drawn.Put(app, "DONE", done);
  drawn.Put(app, "OPEN", open);
  const NodeId kept = drawn.New("app.Report", 50), other = drawn.New("app.Report", 50);
  drawn.Set(done, "_result", kept);
  drawn.Set(open, "_coro", other);
  const heap::Graph graph = drawn.Finish();
  heap::Analysis analysis(graph);
  const auto sentences = [&](NodeId node) {
    return DeadOnTheWay(graph, heap::FindHolders(analysis, {&node, 1}, 1).holdings.front().ways.front());
  };
  EXPECT_THAT(sentences(kept), ElementsAre(HasSubstr("Task on the way has finished")));
  EXPECT_THAT(sentences(other), IsEmpty());
}

TEST(Advice, ACycleIsBrokenWhereItLeadsBack) {
  heap::GraphBuilder builder;
  const heap::TypeId type = builder.AddType("app.Node", capture::kTypeGc);
  const NodeId a = builder.AddNode(type), b = builder.AddNode(type);
  builder.AddAttribute(a, b, "child");
  builder.AddAttribute(b, a, "_parent");
  const heap::Graph graph = builder.Finish();
  heap::Analysis analysis(graph);
  const heap::CycleReport report = heap::FindGarbage(graph, analysis.what_if().live());
  ASSERT_EQ(report.groups.size(), 1u);
  const std::vector<heap::PathPart> parts = heap::NameCycle(graph, report.groups[0].cycle);
  const CycleAdvice advice = AdviceForCycle(graph, report.groups[0].cycle, parts, Collector::kOff);
  EXPECT_EQ(parts[advice.weakest].edge, "._parent");
  EXPECT_THAT(advice.fix, StartsWith("make the reference ._parent, which leads back, weak"));
  EXPECT_THAT(advice.fix, HasSubstr("gc.enable"));
  EXPECT_EQ(advice.evidence, "");
}

TEST(Advice, ATypeThatTheCollectorDoesNotSeeIsNamed) {
  heap::GraphBuilder builder;
  const NodeId a = builder.AddNode(builder.AddType("app.Widget", capture::kTypeGc));
  const NodeId b = builder.AddNode(builder.AddType("ext.Box"));
  builder.AddAttribute(a, b, "box");
  builder.AddAttribute(b, a, "widget");
  const heap::Graph graph = builder.Finish();
  heap::Analysis analysis(graph);
  const heap::CycleReport report = heap::FindGarbage(graph, analysis.what_if().live());
  ASSERT_EQ(report.groups.size(), 1u);
  const std::vector<heap::PathPart> parts = heap::NameCycle(graph, report.groups[0].cycle);
  const CycleAdvice advice = AdviceForCycle(graph, report.groups[0].cycle, parts, Collector::kOn);
  EXPECT_THAT(advice.evidence, HasSubstr("ext.Box"));
  EXPECT_THAT(advice.fix, HasSubstr("Py_TPFLAGS_HAVE_GC"));
}

}  // namespace
}  // namespace limpet::diagnose
