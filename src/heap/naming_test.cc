#include "heap/naming.h"

#include <gtest/gtest.h>

#include "heap/drawn_program.h"
#include "heap/paths.h"

namespace limpet::heap {
namespace {

std::string LineTo(const Graph& graph, NodeId node, size_t common = SIZE_MAX) {
  const PathTree tree(graph);
  const std::vector<EdgeIndex> path = tree.To(node);
  const NodeId start = path.empty() ? node : graph.Source(path.front());
  return PathLine(graph, NamePath(graph, start, path, common));
}

TEST(PathLine, NamesModulesAttributesAndKeys) {
  DrawnProgram program;
  const NodeId app = program.Module("app");
  const NodeId sessions = program.Dict(), session = program.New("app.Session"), buffer = program.New("bytearray");
  program.Put(app, "SESSIONS", sessions);
  program.Put(sessions, "u 17", session);
  program.Put(program.DictOf(session), "buffer", buffer);
  const Graph graph = program.Finish();
  EXPECT_EQ(LineTo(graph, sessions), "module app .SESSIONS -> dict");
  EXPECT_EQ(LineTo(graph, session), "module app .SESSIONS -> dict['u 17'] -> Session");
  EXPECT_EQ(LineTo(graph, buffer), "module app .SESSIONS -> dict['u 17'] -> Session.buffer -> bytearray");
  EXPECT_EQ(LineTo(graph, buffer, 4), "module app .SESSIONS -> dict['…'] -> Session.buffer -> bytearray");
}

TEST(PathLine, NamesKeysWithoutATextByTheirType) {
  DrawnProgram program;
  const NodeId app = program.Module("app");
  const NodeId by_session = program.Dict(), value = program.New("int"), quoted = program.New("int"),
               key = program.New("app.Session");
  program.Put(app, "CACHE", by_session);
  program.PutObject(by_session, key, value);
  program.Put(by_session, "it's", quoted);
  const Graph graph = program.Finish();
  EXPECT_EQ(LineTo(graph, value), "module app .CACHE -> dict[<Session>] -> int");
  EXPECT_EQ(LineTo(graph, quoted), "module app .CACHE -> dict[\"it's\"] -> int");
  EXPECT_EQ(LineTo(graph, key), "module app .CACHE -> dict{key <Session>} -> Session");
}

TEST(PathLine, NamesLocalsWithFunctionAndThread) {
  DrawnProgram program;
  const NodeId frame = program.Frame("handle (app.py:88)");
  const NodeId list = program.New("list"), item = program.New("app.Job");
  program.SetLocal(frame, "jobs", list);
  program.Append(list, item);
  EXPECT_EQ(LineTo(program.Finish(), item), "local jobs of handle (app.py:88) in thread 1234 -> list[0] -> Job");
}

TEST(PathLine, NamesVariablesOfClosures) {
  DrawnProgram program;
  const NodeId app = program.Module("app");
  const NodeId kept = program.New("list");
  program.Put(app, "handler", program.Closure("make.<locals>.handler", "kept", kept));
  EXPECT_EQ(LineTo(program.Finish(), kept), "module app .handler closure variable kept -> list");
}

TEST(PathLine, NamesVariablesOfThreadsAndContexts) {
  DrawnProgram program;
  GraphBuilder& builder = program.builder();
  const NodeId app = program.Module("app");
  const NodeId local = program.New("_thread._local"), threads = program.Dict(), own = program.Dict(),
               kept = program.New("list");
  program.Put(app, "LOCAL", local);
  builder.AddEdge(local, threads, RefKind::kField, builder.AddName("localdicts"));
  program.PutObject(threads, program.New("_localdummy"), own);
  program.Put(own, "kept", kept);
  const NodeId context = program.New("_contextvars.Context"), trie = program.New("hamt"),
               leaf = program.New("hamt_bitmap_node");
  const NodeId variable = program.New("_contextvars.ContextVar"), value = program.New("set");
  builder.AddEdge(program.thread(), context, RefKind::kField, builder.AddName("context"));
  builder.AddEdge(context, trie, RefKind::kField, builder.AddName("ctx_vars"));
  builder.AddEdge(trie, leaf, RefKind::kField, builder.AddName("h_root"));
  program.Set(variable, "name", program.Text("USER"));
  program.PutObject(leaf, variable, value);
  const Graph graph = program.Finish();
  EXPECT_EQ(LineTo(graph, kept), "module app .LOCAL.kept of a thread -> list");
  EXPECT_EQ(LineTo(graph, value), "context of thread 1234 -> Context[<ContextVar USER>] -> set");
}

TEST(PathLine, KnowsTheDictsThatTheInterpreterKeeps) {
  DrawnProgram program;
  const NodeId dict = program.Dict(), file = program.New("_io.TextIOWrapper");
  program.builder().AddEdge(program.interpreter(), dict, RefKind::kField, program.builder().AddName("sysdict"));
  program.Put(dict, "stdin", file);
  const Graph graph = program.Finish();
  EXPECT_EQ(LineTo(graph, file), "module sys .stdin -> TextIOWrapper");
  EXPECT_EQ(LineTo(graph, dict), "module sys");
}

TEST(PathLine, NamesCVariablesOfLibrariesThatAreGone) {
  DrawnProgram program;
  const NodeId variables = program.Synthetic("<C variables>", "/no/such/libshop.so", capture::kTypeRoot),
               kept = program.New("list");
  program.builder().AddEdge(variables, kept, RefKind::kGlobal, 0x1234, RefStrength::kMaybe);
  program.builder().AddSurplus(kept, 1);
  EXPECT_EQ(LineTo(program.Finish(), kept), "C variable libshop.so+0x1234 -> list");
}

TEST(PathLine, FoldsLinkedLists) {
  DrawnProgram program;
  NodeId last = program.New("app.Link");
  program.Put(program.Module("app"), "HEAD", last);
  for (int i = 0; i < 1000; ++i) {
    const NodeId next = program.New("app.Link");
    program.Set(last, "next", next);
    last = next;
  }
  EXPECT_EQ(LineTo(program.Finish(), last), "module app .HEAD.next (1000 times) -> Link");
}

TEST(PathLine, SaysWhatCCodeHolds) {
  DrawnProgram program;
  const NodeId lost = program.New("app.Lost"), part = program.New("list");
  program.Set(lost, "part", part);
  program.builder().AddSurplus(lost, 1);
  const Graph graph = program.Finish();
  EXPECT_EQ(LineTo(graph, lost), "C code -> Lost");
  EXPECT_EQ(LineTo(graph, part), "C code -> Lost.part -> list");
}

TEST(NodeName, TellsClassesAndFunctions) {
  DrawnProgram program;
  const NodeId cls = program.New("app.Meta"), function = program.New("function"), plain = program.New("app.Session");
  program.Set(cls, "__mro__", program.New("tuple"));
  program.builder().SetText(cls, "app.Session");
  program.builder().SetText(function, "handle");
  const NodeId key = program.Text("x");
  const Graph graph = program.Finish();
  EXPECT_EQ(NodeName(graph, cls), "class app.Session");
  EXPECT_EQ(NodeName(graph, function), "function handle");
  EXPECT_EQ(NodeName(graph, plain), "app.Session");
  EXPECT_EQ(NodeName(graph, key), "str");
}

}  // namespace
}  // namespace limpet::heap
