// What objects and the ways to them are called, as somebody would say it who knows the program and not the interpreter:
//
//     interpreter ->modules ['app'] .__dict__ ['SESSIONS'] ['u17'] .buffer
//     module app                              .SESSIONS    ['u17'] .buffer
//
// Texts of the target go through as they are: whoever shows them makes them safe.
#ifndef LIMPET_HEAP_NAMING_H_
#define LIMPET_HEAP_NAMING_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heap/graph.h"

namespace limpet::heap {

// "'u17'", "17", "<Session>" for a key without a preview.
std::string KeyName(const Graph& graph, NodeId key);

// "class app.Session", "function open_session", "module app"; any other object by its type alone: "dict".
std::string NodeName(const Graph& graph, NodeId node);

// The last part of a type's name: "Session" of "app.Session".
std::string_view ShortTypeName(std::string_view name);

// One step of a path. References that belong together are one step.
struct PathPart {
  enum class Join : uint8_t {
    kRoot,       // the first one: "module app", "local x of handle (app.py:88) in thread 12"
    kAttribute,  // belongs to the name before it: ".SESSIONS"
    kIndex,      // of a container: "['u17']", "[3]", "{…}"
  };
  Join join = Join::kRoot;
  std::string edge;
  NodeId node = kNoNode;  // where it leads
  size_t end = 0;         // this step and those before it are path[0, end)
  uint32_t times = 1;     // so many steps alike, folded into this one
  bool masked = false;    // one of many: the key or index is left out
};

// The first part of a path that begins with an object of which nobody knows who holds it.
inline constexpr std::string_view kCCode = "C code";

// Names the path that begins at `start` and follows `path`. References from `common` on stand for many like them: their keys and
// indices are left out. An object that the path begins with, and that is no root, is held by C code. Steps that are alike, one after
// the other (a linked list) or in twos, are folded into one.
std::vector<PathPart> NamePath(const Graph& graph, NodeId start, std::span<const EdgeIndex> path,
                               size_t common = SIZE_MAX);

// "module app .SESSIONS -> dict['…'] -> Session"
std::string PathLine(const Graph& graph, std::span<const PathPart> parts);

// A cycle of references, each of which begins where the one before ends, as parts like those of a path, and as "Node.next -> Node".
std::vector<PathPart> NameCycle(const Graph& graph, std::span<const EdgeIndex> cycle);
std::string CycleLine(const Graph& graph, std::span<const PathPart> parts);

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_NAMING_H_
