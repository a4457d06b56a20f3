// Heaps of small Python programs for tests, as snapshots of real ones look: an interpreter, its modules, their dicts, classes and
// instances. Nothing has a surplus unless it is said.
#ifndef LIMPET_HEAP_DRAWN_PROGRAM_H_
#define LIMPET_HEAP_DRAWN_PROGRAM_H_

#include <map>
#include <string>
#include <utility>

#include "heap/builder.h"

namespace limpet::heap {

class DrawnProgram {
 public:
  DrawnProgram() {
    interpreter_ = Synthetic("<interpreter>", "interpreter 0", capture::kTypeRoot);
    thread_ = Synthetic("<thread>", "thread 1234", 0);
    modules_ = Dict();
    builder_.AddEdge(interpreter_, thread_, RefKind::kContains);
    builder_.AddEdge(interpreter_, modules_, RefKind::kField, builder_.AddName("modules"));
  }

  GraphBuilder& builder() { return builder_; }
  Graph Finish() const { return builder_.Finish(); }
  NodeId interpreter() const { return interpreter_; }
  NodeId thread() const { return thread_; }

  NodeId New(const std::string& type, uint64_t size = 16) {
    const auto [at, added] = types_.try_emplace(type, 0);
    if (added) at->second = builder_.AddType(type);
    return builder_.AddNode(at->second, size);
  }
  NodeId Dict(uint64_t size = 64) { return New("dict", size); }
  NodeId Text(const std::string& text) {
    const auto [at, added] = texts_.try_emplace(text, 0);
    if (added) {
      at->second = New("str", 50);
      builder_.SetText(at->second, text);
    }
    return at->second;
  }
  NodeId Synthetic(const std::string& type, const std::string& text, uint32_t flags) {
    const auto [at, added] = types_.try_emplace(type, 0);
    if (added) at->second = builder_.AddType(type, capture::kTypeSynthetic | flags);
    const NodeId node = builder_.AddNode(at->second, 0);
    builder_.SetText(node, text);
    return node;
  }

  // The dict of a new module of sys.modules.
  NodeId Module(const std::string& name) {
    const NodeId module = New("module", 72);
    builder_.SetText(module, name);
    Put(modules_, name, module);
    return DictOf(module);
  }
  // A dict as `__dict__` of an object.
  NodeId DictOf(NodeId object) {
    const NodeId dict = Dict();
    builder_.AddAttribute(object, dict, "__dict__");
    return dict;
  }
  void Put(NodeId dict, const std::string& key, NodeId value) { builder_.AddEntry(dict, Text(key), value); }
  void PutObject(NodeId dict, NodeId key, NodeId value) { builder_.AddEntry(dict, key, value); }
  void Append(NodeId list, NodeId item) { builder_.AddItem(list, item, length_[list]++); }
  void Set(NodeId object, const std::string& name, NodeId value) { builder_.AddAttribute(object, value, name); }

  // A new frame of the thread, innermost last.
  NodeId Frame(const std::string& text) {
    const NodeId frame = Synthetic("<frame>", text, 0);
    builder_.AddEdge(thread_, frame, RefKind::kContains);
    return frame;
  }
  void SetLocal(NodeId frame, const std::string& name, NodeId value) {
    builder_.AddEdge(frame, value, RefKind::kLocal, builder_.AddName(name));
  }
  // A function whose variable `name` comes from the function around it.
  NodeId Closure(const std::string& function_name, const std::string& name, NodeId value) {
    const NodeId function = New("function", 120);
    builder_.SetText(function, function_name);
    const NodeId cells = New("tuple"), cell = New("cell");
    builder_.AddAttribute(function, cells, "__closure__");
    builder_.AddEdge(function, cell, RefKind::kClosure, builder_.AddName(name), RefStrength::kBorrowed);
    Append(cells, cell);
    builder_.AddAttribute(cell, value, "cell_contents");
    return function;
  }
  void Watch(NodeId from, NodeId to) {
    builder_.AddEdge(from, to, RefKind::kField, builder_.AddName("wr_object"), RefStrength::kWeak);
  }

 private:
  GraphBuilder builder_;
  std::map<std::string, TypeId> types_;
  std::map<std::string, NodeId> texts_;
  std::map<NodeId, uint32_t> length_;
  NodeId interpreter_ = 0, thread_ = 0, modules_ = 0;
};

}  // namespace limpet::heap

#endif  // LIMPET_HEAP_DRAWN_PROGRAM_H_
