#include "heap/naming.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "process/symbols.h"

namespace limpet::heap {
namespace {

const std::string& TypeName(const Graph& graph, NodeId node) { return graph.type(graph.type_of(node)).name; }

bool IsIdentifier(std::string_view text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; };
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(), fits);
}

// The key as an attribute's name, if it can be one.
std::string_view AttributeName(const Graph& graph, NodeId key) {
  if (key == kNoNode || TypeName(graph, key) != "str") return {};
  const std::string_view text = graph.text(key);
  return IsIdentifier(text) ? text : std::string_view{};
}

// A class may have any metaclass.
bool IsClass(const Graph& graph, NodeId node) {
  bool found = false;
  graph.ForEachRun(node, [&](const Run& run, EdgeIndex, EdgeIndex) {
    found |= run.kind == RefKind::kAttribute && graph.name(run.label) == "__mro__";
  });
  return found;
}

// It is known where the same name is a key somewhere, as that of a global variable is.
std::string_view ContextVariableName(const Graph& graph, NodeId variable) {
  std::string_view name;
  graph.ForEachRun(variable, [&](const Run& run, EdgeIndex first, EdgeIndex) {
    if (run.kind == RefKind::kAttribute && graph.name(run.label) == "name")
      name = graph.text(graph.edge(first).target());
  });
  return name;
}

std::string LastPart(std::string_view path) { return std::string(path.substr(path.find_last_of('/') + 1)); }

// Turns the references of one path into parts, from the root on.
class Namer {
 public:
  Namer(const Graph& graph, NodeId start, std::span<const EdgeIndex> path, size_t common)
      : graph_(graph), path_(path), common_(common) {
    nodes_.reserve(path.size() + 1);
    nodes_.push_back(start);
    for (const EdgeIndex edge : path) nodes_.push_back(graph.edge(edge).target());
  }

  std::vector<PathPart> Name() {
    NameRoot();
    while (at_ < path_.size()) {
      if (NameModule() || NameSuspended() || NameAttribute() || NameClosure() || NameThreadLocal() || NameContext())
        continue;
      NameOne();
    }
    return std::move(parts_);
  }

 private:
  EdgeLabel Label(size_t i) const { return graph_.Label(nodes_[i], path_[i]); }
  bool IsAttribute(size_t i, std::string_view name) const {
    if (i >= path_.size()) return false;
    const EdgeLabel label = Label(i);
    return label.kind == RefKind::kAttribute && graph_.name(label.argument) == name;
  }
  bool IsKind(size_t i, RefKind kind) const { return i < path_.size() && Label(i).kind == kind; }

  // The part that the next `references` make.
  void Add(PathPart::Join join, std::string edge, size_t references, bool masked = false) {
    at_ += references;
    parts_.push_back(
        {.join = join, .edge = std::move(edge), .node = nodes_[at_], .end = at_, .times = 1, .masked = masked});
  }

  // Masked ones lead from one holder to many; what comes after stands for many, too, but is not told by an index.
  bool Masked(size_t i) const { return i >= common_; }

  void NameRoot() {
    const Type& type = graph_.type(graph_.type_of(nodes_[0]));
    if (!type.synthetic()) {
      Add(PathPart::Join::kRoot, IsRoot() ? NodeName(graph_, nodes_[0]) : std::string(kCCode), 0);
      return;
    }
    size_t i = 0;
    while (IsKind(i, RefKind::kContains)) ++i;  // interpreter -> thread -> frame
    at_ = i;
    const std::string text = RootName(i);
    if (i == path_.size()) return Add(PathPart::Join::kRoot, text, 0);
    const EdgeLabel label = Label(i);
    const std::string_view name = HasName(label.kind) ? std::string_view(graph_.name(label.argument)) : "";
    switch (label.kind) {
      case RefKind::kLocal:
        return Add(PathPart::Join::kRoot, fmt::format("local {} of {}", name, text), 1);
      case RefKind::kStack:
        return Add(PathPart::Join::kRoot, "temporary of " + text, 1);
      case RefKind::kGlobal:
        return Add(PathPart::Join::kRoot, VariableName(i, label.argument), EndOfNative(i + 1) - i);
      case RefKind::kField:
        return NameRootField(i, name, text);
      default:
        return Add(PathPart::Join::kRoot, text, 0);
    }
  }

  // A field of an interpreter's or thread's state.
  void NameRootField(size_t i, std::string_view name, const std::string& text) {
    if (name == "modules" && IsModuleOfSys(i + 1)) {
      ++at_;
      if (NameModule()) return;
      at_ = i;
    }
    if (name == "modules") return Add(PathPart::Join::kRoot, "sys.modules", 1);
    if (name == "builtins" || name == "sysdict") return NameDictOfModule(name == "builtins" ? "builtins" : "sys");
    Add(PathPart::Join::kRoot, fmt::format("{} of {}", name, text), 1);
  }
  // The interpreter keeps the dicts of two modules itself: their entries are names.
  void NameDictOfModule(std::string_view module) {
    Add(PathPart::Join::kRoot, fmt::format("module {}", module), 1);
    const std::string_view name =
        IsKind(at_, RefKind::kValue) ? AttributeName(graph_, Label(at_).key) : std::string_view{};
    if (!name.empty()) Add(PathPart::Join::kAttribute, fmt::format(".{}", name), 1);
  }
  bool IsModuleOfSys(size_t i) const {
    return IsKind(i, RefKind::kValue) && TypeName(graph_, nodes_[i + 1]) == "module";
  }

  bool IsRoot() const { return std::binary_search(graph_.roots().begin(), graph_.roots().end(), nodes_[0]); }

  // "handle (app.py:88) in thread 12", "thread 12", "interpreter 0": of the synthetic node that the first `i` references lead to.
  std::string RootName(size_t i) const {
    std::string text(graph_.text(nodes_[i]));
    if (text.empty()) text = TypeName(graph_, nodes_[i]);
    if (i > 0 && TypeName(graph_, nodes_[i]) == "<frame>" && TypeName(graph_, nodes_[i - 1]) == "<thread>")
      text += fmt::format(" in {}", graph_.text(nodes_[i - 1]));
    return text;
  }
  // "C variable table of libx.so", "C variable libx.so+0x1234"; where many are meant, "C variables of libx.so".
  std::string VariableName(size_t i, uint32_t offset) const {
    const std::string& type = TypeName(graph_, nodes_[i]);
    if (type == "<runtime>") return "state of the runtime";
    if (type != "<C variables>") return "state of " + RootName(i);
    const std::string path(graph_.text(nodes_[i]));
    const std::string library = LastPart(path);
    if (Masked(i)) return "C variables of " + library;
    const auto symbols = process::ElfSymbols::Open(path);
    const auto symbol = symbols.ok() ? symbols->ObjectAt(symbols->first_address() + offset) : std::nullopt;
    if (!symbol) return fmt::format("C variable {}+{:#x}", library, offset);
    return fmt::format("C variable {} of {}", symbol->name, library);
  }

  // ['app'] of sys.modules, or a reference of anything else to a module: its name says how to find it, and what came before does not
  // matter.
  bool NameModule() {
    const NodeId target = nodes_[at_ + 1];
    if (TypeName(graph_, target) != "module") return false;
    std::string name(graph_.text(target));
    const EdgeLabel label = Label(at_);
    if (name.empty() && label.key != kNoNode) name = graph_.text(label.key);
    if (name.empty()) return false;
    parts_.clear();
    Add(PathPart::Join::kRoot, "module " + name, 1);
    return true;
  }

  // A variable of a call under a frame object that is on no thread's stack: a suspended greenlet's. By which frames it is found says nothing.
  bool NameSuspended() {
    if (!IsFrame(at_ + 1) || !IsKind(at_, RefKind::kField)) return false;
    size_t end = at_ + 1;
    while (end < path_.size() && IsFrame(end + 1) && IsKind(end, RefKind::kField)) ++end;
    const bool variable = IsKind(end, RefKind::kLocal) || IsKind(end, RefKind::kClosure);
    if (!variable) {
      Add(PathPart::Join::kAttribute, " suspended call" + OfCode(nodes_[end]), end - at_);
      return true;
    }
    const std::string& name = graph_.name(Label(end).argument);
    Add(PathPart::Join::kAttribute, fmt::format(" local {}{}", name, OfCode(nodes_[end])), end + 1 - at_);
    return true;
  }
  bool IsFrame(size_t i) const { return i < nodes_.size() && TypeName(graph_, nodes_[i]) == "<frame>"; }

  // .__dict__ ['x'] is .x
  bool NameAttribute() {
    if (!IsAttribute(at_, "__dict__") || at_ + 1 >= path_.size()) return false;
    const EdgeLabel label = Label(at_ + 1);
    if (label.kind == RefKind::kAttribute) {
      Add(PathPart::Join::kAttribute, "." + graph_.name(label.argument), 2);
      return true;
    }
    if (label.kind != RefKind::kValue) return false;
    const std::string_view name = AttributeName(graph_, label.key);
    if (name.empty()) return false;
    Add(PathPart::Join::kAttribute, fmt::format(".{}", name), 2);
    return true;
  }

  // .__closure__ [i] .cell_contents is a variable of the function around.
  bool NameClosure() {
    if (!IsAttribute(at_, "__closure__") || !IsKind(at_ + 1, RefKind::kItem) || !IsAttribute(at_ + 2, "cell_contents"))
      return false;
    const std::optional<NameId> variable = ClosureVariable(nodes_[at_], nodes_[at_ + 2]);
    if (!variable) return false;
    Add(PathPart::Join::kAttribute, fmt::format(" closure variable {}", graph_.name(*variable)), 3);
    return true;
  }

  // ->localdicts [<thread>] ['x'] of a threading.local is .x, as the code of some thread says it.
  bool NameThreadLocal() {
    if (TypeName(graph_, nodes_[at_]) != "_thread._local" || !IsKind(at_, RefKind::kField)) return false;
    if (!IsKind(at_ + 1, RefKind::kValue) || !IsKind(at_ + 2, RefKind::kValue)) return false;
    const std::string_view name = AttributeName(graph_, Label(at_ + 2).key);
    if (name.empty()) return false;
    Add(PathPart::Join::kAttribute, fmt::format(".{} of a thread", name), 3);
    return true;
  }

  // A context keeps its variables in a trie: what matters is the variable.
  bool NameContext() {
    if (!IsKind(at_, RefKind::kField) || graph_.name(Label(at_).argument) != "ctx_vars") return false;
    size_t end = at_ + 1;
    while (end < path_.size() && TypeName(graph_, nodes_[end + 1]).starts_with("hamt")) ++end;
    if (!IsKind(end, RefKind::kValue)) return false;
    Add(PathPart::Join::kIndex, fmt::format("[{}]", KeyName(graph_, Label(end).key)), end + 1 - at_);
    return true;
  }

  std::optional<NameId> ClosureVariable(NodeId function, NodeId cell) const {
    std::optional<NameId> found;
    graph_.ForEachRun(function, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
      if (run.kind != RefKind::kClosure || found) return;
      for (EdgeIndex e = first; e < last; ++e) {
        if (graph_.edge(e).target() == cell) found = run.label;
      }
    });
    return found;
  }

  void NameOne() {
    const EdgeLabel label = Label(at_);
    const bool masked = Masked(at_);
    const std::string_view name = HasName(label.kind) ? std::string_view(graph_.name(label.argument)) : "";
    using Join = PathPart::Join;
    switch (label.kind) {
      case RefKind::kAttribute:
        return Add(Join::kAttribute, fmt::format(".{}", name), 1);
      case RefKind::kField:
        return Add(Join::kAttribute, fmt::format("->{}", name), 1);
      case RefKind::kType:
        return Add(Join::kAttribute, ".__class__", 1);
      case RefKind::kLocal:
        return Add(Join::kAttribute, fmt::format(" local {}{}", name, OfCode(nodes_[at_])), 1);
      case RefKind::kClosure:
        return Add(Join::kAttribute, fmt::format(" closure variable {}", name), 1);
      case RefKind::kItem:
        return Add(Join::kIndex, masked ? "[…]" : fmt::format("[{}]", label.argument), 1, masked);
      case RefKind::kValue:
        return Add(Join::kIndex, masked ? "['…']" : fmt::format("[{}]", KeyName(graph_, label.key)), 1, masked);
      case RefKind::kKey:
        return Add(Join::kIndex, masked ? "{key}" : fmt::format("{{key {}}}", KeyName(graph_, nodes_[at_ + 1])), 1,
                   masked);
      case RefKind::kElement:
        return Add(Join::kIndex, "{…}", 1, masked);
      case RefKind::kStack:
        return Add(Join::kAttribute, " temporary" + OfCode(nodes_[at_]), 1);
      case RefKind::kVisited:
        // What a module's C code keeps in its state.
        if (TypeName(graph_, nodes_[at_]) == "module") return Add(Join::kAttribute, "->state", 1);
        return Add(Join::kIndex, "[?]", 1, masked);
      case RefKind::kScanned:
      case RefKind::kGlobal:
        if (IsNative(at_) || IsNative(at_ + 1)) return NameNative();
        return Add(Join::kIndex, "[?]", 1, masked);
      case RefKind::kContains:
        return Add(Join::kAttribute, " part", 1);
    }
  }

  bool IsNative(size_t i) const { return graph_.type(graph_.type_of(nodes_[i])).native(); }

  // From node i on through memory of C code, block by block, to the last of them: by which way nobody can say.
  size_t EndOfNative(size_t i) const {
    while (i < path_.size() && IsNative(i) && IsNative(i + 1)) ++i;
    return i;
  }

  // Into memory of C code and on within it, or out of it.
  void NameNative() {
    const size_t end = EndOfNative(at_ + 1);
    Add(PathPart::Join::kIndex, "", end - at_, Masked(end - 1));
  }

  // " of produce" for a local variable of a suspended generator.
  std::string OfCode(NodeId frame) const {
    std::string name;
    graph_.ForEachRun(frame, [&](const Run&, EdgeIndex first, EdgeIndex last) {
      for (EdgeIndex e = first; e < last && name.empty(); ++e) {
        const NodeId target = graph_.edge(e).target();
        if (TypeName(graph_, target) == "code") name = graph_.text(target);
      }
    });
    return name.empty() ? name : " of " + name;
  }

  const Graph& graph_;
  std::span<const EdgeIndex> path_;
  size_t common_;
  std::vector<NodeId> nodes_;  // path_[i] leads from nodes_[i] to nodes_[i + 1]
  size_t at_ = 0;
  std::vector<PathPart> parts_;
};

// Steps alike become one, with their number: .next .next .next is .next, 3 times.
class Folder {
 public:
  Folder(const Graph& graph, std::vector<PathPart>& parts) : graph_(graph), parts_(parts) {}

  std::vector<PathPart> Fold() {
    std::vector<PathPart> folded;
    for (size_t i = 0; i < parts_.size();) {
      size_t period = 1, repeats = Repeats(i, 1);
      if (repeats < kLeast) {
        period = 2;
        repeats = Repeats(i, 2);
      }
      if (repeats < kLeast) {
        folded.push_back(std::move(parts_[i++]));
        continue;
      }
      // What the first step leads to is told, then the last one, with all that is between.
      for (size_t k = 0; k < period; ++k) {
        PathPart part = std::move(parts_[i + (repeats - 1) * period + k]);
        part.times = uint32_t(repeats);
        folded.push_back(std::move(part));
      }
      i += repeats * period;
    }
    return folded;
  }

 private:
  static constexpr size_t kLeast = 3;

  bool Alike(size_t a, size_t b) const {
    const PathPart &x = parts_[a], &y = parts_[b];
    if (x.join == PathPart::Join::kRoot || x.join != y.join) return false;
    return graph_.type_of(x.node) == graph_.type_of(y.node) && (x.edge == y.edge || x.join == PathPart::Join::kIndex);
  }

  // How often the `period` steps from i on come one after the other.
  size_t Repeats(size_t i, size_t period) const {
    if (parts_[i].join == PathPart::Join::kRoot) return 1;
    size_t end = i + period;
    while (end < parts_.size() && Alike(end, end - period)) ++end;
    return (end - i) / period;
  }

  const Graph& graph_;
  std::vector<PathPart>& parts_;
};

}  // namespace

std::string KeyName(const Graph& graph, NodeId key) {
  if (key == kNoNode) return "?";
  const std::string_view text = graph.text(key);
  const std::string& type = TypeName(graph, key);
  if (type == "_contextvars.ContextVar") {
    if (const std::string_view name = ContextVariableName(graph, key); !name.empty())
      return fmt::format("<ContextVar {}>", name);
  }
  if (text.empty()) return fmt::format("<{}>", ShortTypeName(type));
  if (type != "str") return std::string(text);
  const char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
  return fmt::format("{}{}{}", quote, text, quote);
}

std::string NodeName(const Graph& graph, NodeId node) {
  const std::string& type = TypeName(graph, node);
  const std::string_view text = graph.text(node);
  if (text.empty()) return type;
  if (graph.type(graph.type_of(node)).synthetic()) return std::string(text);
  if (type == "module" || type == "function" || type == "code") return fmt::format("{} {}", type, text);
  return IsClass(graph, node) ? fmt::format("class {}", text) : type;
}

std::string_view ShortTypeName(std::string_view name) {
  const size_t dot = name.find_last_of('.');
  return dot == std::string_view::npos || dot + 1 == name.size() ? name : name.substr(dot + 1);
}

std::vector<PathPart> NamePath(const Graph& graph, NodeId start, std::span<const EdgeIndex> path, size_t common) {
  std::vector<PathPart> parts = Namer(graph, start, path, common).Name();
  return Folder(graph, parts).Fold();
}

namespace {

// "module app", "class Session": the type says no more.
bool SaysAll(const Graph& graph, const PathPart& root) {
  return root.edge.starts_with("module ") || root.edge == NodeName(graph, root.node) ||
         graph.type(graph.type_of(root.node)).synthetic();
}

}  // namespace

std::string PathLine(const Graph& graph, std::span<const PathPart> parts) {
  std::string line, last_type;
  bool complete = false;  // the name at the end of `line` is that of an object: an attribute may be added to it
  for (const PathPart& part : parts) {
    const std::string times = part.times > 1 ? fmt::format(" ({} times)", part.times) : "";
    if (part.join == PathPart::Join::kRoot) {
      line += part.edge;
      complete = part.edge != kCCode;
    } else if (part.join == PathPart::Join::kAttribute) {
      if (!complete) line += fmt::format(" -> {}", last_type);
      const bool after_root = line == parts.front().edge && part.edge[0] == '.';
      line += (after_root ? " " : "") + part.edge + times;
      complete = true;
    } else {
      line += fmt::format(" -> {}{}{}", last_type, part.edge, times);
      complete = false;
    }
    last_type = ShortTypeName(TypeName(graph, part.node));
  }
  if (parts.size() > 1 || !SaysAll(graph, parts.front())) line += fmt::format(" -> {}", last_type);
  return line;
}

std::vector<PathPart> NameCycle(const Graph& graph, std::span<const EdgeIndex> cycle) {
  if (cycle.empty()) return {};
  const NodeId start = graph.Source(cycle.front());
  std::vector<PathPart> parts = NamePath(graph, start, cycle);
  parts.front().edge = ShortTypeName(TypeName(graph, start));
  return parts;
}

std::string CycleLine(const Graph& graph, std::span<const PathPart> parts) {
  std::string line;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string times = parts[i].times > 1 ? fmt::format(" ({} times)", parts[i].times) : "";
    line += fmt::format("{}{}{}{}", i > 0 ? parts[i].edge : "", times, i > 0 ? " -> " : "",
                        ShortTypeName(TypeName(graph, parts[i].node)));
  }
  return line;
}

}  // namespace limpet::heap
