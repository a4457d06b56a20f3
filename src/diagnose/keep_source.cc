// Marks in the source: which lines a finding has to do with, and whether one of them says "# limpet: keep".
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "diagnose/fingerprint.h"
#include "diagnose/keep.h"

namespace limpet::diagnose {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr off_t kMostBytes = 16 << 20;  // larger files are data
constexpr size_t kMostLines = 40;       // of one statement

std::string_view TrimLeft(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

size_t Indent(std::string_view line) { return line.size() - TrimLeft(line).size(); }

bool IsComment(std::string_view line) { return TrimLeft(line).starts_with('#'); }

bool IsNameCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }

// Takes `word` from the front of `text`, if it stands there as a whole word, and blanks behind it.
bool Take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  if (text.size() > word.size() && IsNameCharacter(text[word.size()]) && IsNameCharacter(word.back())) return false;
  text = TrimLeft(text.substr(word.size()));
  return true;
}

// "def name(" or "class name:", also "async def name".
bool Defines(std::string_view line, std::string_view keyword, std::string_view name) {
  std::string_view rest = TrimLeft(line);
  if (keyword == "def") Take(rest, "async");
  return Take(rest, keyword) && Take(rest, name);
}

// "name = ", "name: type = ", "self.name = " and the like: an assignment to that name, not a comparison.
bool Assigns(std::string_view line, std::string_view name) {
  std::string_view rest = TrimLeft(line);
  if (!Take(rest, name)) {
    const size_t dot = rest.find('.');
    if (dot == std::string_view::npos ||
        !std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(dot), IsNameCharacter))
      return false;
    rest = rest.substr(dot + 1);
    if (!Take(rest, name)) return false;
  }
  return rest.starts_with(':') || (rest.starts_with('=') && !rest.starts_with("=="));
}

// Lines of a source file, counted from 1, and what is marked on them.
class Text {
 public:
  explicit Text(const Source& source) : lines_(source.lines) {}

  size_t size() const { return lines_.size(); }
  std::string_view line(size_t number) const { return lines_[number - 1]; }

  // A mark on a line, on the lines that its statement goes on over, or in a comment right above it and its decorators.
  std::optional<std::pair<size_t, std::string>> Marked(size_t number) const {
    int open = 0;
    for (size_t n = number; n <= size() && n < number + kMostLines; ++n) {
      if (auto reason = MarkOn(line(n))) return std::pair(n, *reason);
      for (const char c : line(n)) open += (c == '(' || c == '[' || c == '{') - (c == ')' || c == ']' || c == '}');
      if (open <= 0) break;
    }
    for (size_t n = number - 1; n > 0 && (IsComment(line(n)) || TrimLeft(line(n)).starts_with('@')); --n) {
      if (auto reason = MarkOn(line(n))) return std::pair(n, *reason);
    }
    return std::nullopt;
  }

  // The line above `number` that opens what is called `name` and holds it: less indented than all between. 0: there is none.
  size_t Opening(size_t number, std::string_view keyword, std::string_view name) const {
    for (size_t n = number; n > 0; --n) {
      if (Defines(line(n), keyword, name) && (n == number || Indent(line(n)) < IndentOf(number))) return n;
    }
    return 0;
  }

  // The line that defines a class; 0: none.
  size_t ClassLine(std::string_view name) const {
    for (size_t n = 1; n <= size(); ++n) {
      if (Defines(line(n), "class", name)) return n;
    }
    return 0;
  }

  // Past the last line of the block that line `number` opens.
  size_t EndOfBlock(size_t number) const {
    size_t n = number + 1;
    while (n <= size() && (TrimLeft(line(n)).empty() || IsComment(line(n)) || Indent(line(n)) > Indent(line(number))))
      ++n;
    return n;
  }

 private:
  // A line that continues a statement may stand anywhere: it does not count as less indented than what holds it.
  size_t IndentOf(size_t number) const { return std::max<size_t>(Indent(line(number)), 1); }

  const std::vector<std::string>& lines_;
};

// One finding against the sources of one recording.
class Searcher {
 public:
  Searcher(const capture::Recording& recording, const SourceReader& read, std::vector<std::string>& notes)
      : recording_(recording), read_(read), notes_(notes) {}

  std::optional<SourceMark> Find(const Finding& f) {
    if (auto mark = AtSite(f.site.front())) return mark;
    if (!f.heap.types.empty())
      if (auto mark = AtClass(f.heap.types.front())) return mark;
    return AtHolder(f);
  }

 private:
  std::optional<SourceMark> MarkAt(const std::string& file, const Text& text, size_t line) const {
    if (line == 0 || line > text.size()) return std::nullopt;
    const auto found = text.Marked(line);
    if (!found) return std::nullopt;
    return SourceMark{fmt::format("{}:{}", StablePath(file, SourceRoots(recording_.run)), found->first), found->second};
  }

  // The allocating line, the function around it, and the class around that.
  std::optional<SourceMark> AtSite(const Location& where) {
    const Source* source = Open(where.file);
    if (!source) return std::nullopt;
    const Text text(*source);
    if (where.line == 0 || where.line > text.size()) return Mismatch(where.file);
    std::string_view function = FunctionAround(where.function);
    const size_t dot = function.rfind('.');
    const std::string_view name = function.substr(dot == std::string_view::npos ? 0 : dot + 1);
    size_t opening = 0;
    if (!name.starts_with('<')) {
      opening = text.Opening(where.line, "def", name);
      if (opening == 0) opening = text.Opening(where.line, "class", name);  // the body of a class is code as well
      if (opening == 0) return Mismatch(where.file);
    }
    if (auto mark = MarkAt(where.file, text, where.line)) return mark;
    if (auto mark = MarkAt(where.file, text, opening)) return mark;
    if (opening == 0 || dot == std::string_view::npos) return std::nullopt;
    const std::string_view outer = function.substr(0, dot);
    const std::string_view holder = outer.substr(outer.rfind('.') + 1);  // "<locals>": no class
    return MarkAt(where.file, text, text.Opening(opening, "class", holder));
  }

  // "app.Session": its class statement.
  std::optional<SourceMark> AtClass(std::string_view type) {
    const size_t dot = type.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string file = FileOfModule(type.substr(0, dot));
    const Source* source = Open(file);
    if (!source) return std::nullopt;
    const Text text(*source);
    return MarkAt(file, text, text.ClassLine(type.substr(dot + 1)));
  }

  // The way from the root to what is held: "module app" ".SESSIONS" -> "dict" ...; each named step is assigned somewhere.
  std::optional<SourceMark> AtHolder(const Finding& f) {
    const std::vector<HolderStep>& steps = f.heap.holder;
    if (steps.empty()) return std::nullopt;
    std::string module;
    if (steps[0].edge.starts_with("module ")) module = steps[0].edge.substr(7);
    if (auto mark = AtLocal(steps[0].edge, f)) return mark;
    for (size_t i = 1; i < steps.size(); ++i) {
      if (!steps[i].edge.starts_with('.')) continue;
      const std::string name = steps[i].edge.substr(1);
      const bool of_module = i == 1 && !module.empty();
      auto mark = of_module ? AtGlobal(module, name) : AtAttribute(steps[i - 1], module, name);
      if (mark) return mark;
    }
    return std::nullopt;
  }

  // SESSIONS of a module: assigned, or a function or class of that name.
  std::optional<SourceMark> AtGlobal(const std::string& module, std::string_view name) {
    const std::string file = FileOfModule(module);
    const Source* source = Open(file);
    if (!source) return std::nullopt;
    const Text text(*source);
    for (size_t n = 1; n <= text.size(); ++n) {
      const std::string_view line = text.line(n);
      const bool top =
          Indent(line) == 0 && (Assigns(line, name) || Defines(line, "def", name) || Defines(line, "class", name));
      if (!top) continue;
      if (auto mark = MarkAt(file, text, n)) return mark;
    }
    return std::nullopt;
  }

  // .rows of an object of class app.Registry, or of the class itself: the class, or where it assigns to that attribute.
  std::optional<SourceMark> AtAttribute(const HolderStep& owner, const std::string& module, std::string_view name) {
    std::string type = owner.type;
    if (type == "type" && owner.edge.starts_with('.') && !module.empty()) type = module + owner.edge;
    const size_t dot = type.rfind('.');
    if (dot == std::string::npos) return std::nullopt;
    const std::string file = FileOfModule(std::string_view(type).substr(0, dot));
    const Source* source = Open(file);
    if (!source) return std::nullopt;
    const Text text(*source);
    const size_t opening = text.ClassLine(std::string_view(type).substr(dot + 1));
    if (opening == 0) return std::nullopt;
    if (auto mark = MarkAt(file, text, opening)) return mark;
    return AtAssignment(file, text, opening, name);
  }

  std::optional<SourceMark> AtAssignment(const std::string& file, const Text& text, size_t opening,
                                         std::string_view name) {
    const size_t end = text.EndOfBlock(opening);
    for (size_t n = opening + 1; n < end; ++n) {
      if (!Assigns(text.line(n), name)) continue;
      if (auto mark = MarkAt(file, text, n)) return mark;
    }
    return std::nullopt;
  }

  // "local rows of serve (app.py:88) in thread 12": where that function of the stack assigns to it.
  std::optional<SourceMark> AtLocal(std::string_view root, const Finding& f) {
    if (!Take(root, "local")) return std::nullopt;
    const size_t of = root.find(" of ");
    if (of == std::string_view::npos) return std::nullopt;
    const std::string_view name = root.substr(0, of);
    std::string_view function = root.substr(of + 4);
    function = function.substr(0, function.find(' '));
    function = function.substr(function.rfind('.') + 1);
    for (const Location& frame : f.site) {
      const std::string_view own = frame.function;
      if (own.substr(own.rfind('.') + 1) != function) continue;
      const Source* source = Open(frame.file);
      if (!source) return std::nullopt;
      const Text text(*source);
      const size_t opening = frame.line && frame.line <= text.size() ? text.Opening(frame.line, "def", function) : 0;
      if (opening == 0) return std::nullopt;
      if (auto mark = MarkAt(frame.file, text, opening)) return mark;
      return AtAssignment(frame.file, text, opening, name);
    }
    return std::nullopt;
  }

  const Source* Open(const std::string& file) {
    if (!file.ends_with(".py")) return nullptr;
    const Source* source = read_(file);
    if (!source || !source->changed) return source;
    Note(fmt::format("{} was changed after the recording began: marks in it are not looked at", file));
    return nullptr;
  }

  std::optional<SourceMark> Mismatch(const std::string& file) {
    Note(fmt::format("{} is not the file that was recorded: marks in it are not looked at", file));
    return std::nullopt;
  }

  void Note(std::string note) {
    if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(std::move(note));
  }

  // The source file of a module, by the files that the recording knows.
  std::string FileOfModule(std::string_view module) {
    if (module == "__main__") return MainFile();
    std::string path(module);
    std::replace(path.begin(), path.end(), '.', '/');
    for (const std::string& ending : {"/" + path + ".py", "/" + path + "/__init__.py"}) {
      for (const std::string_view file : Files()) {
        if (file.ends_with(ending)) return std::string(file);
      }
    }
    // Code that allocated nothing is in no stack: beside the script, where programs look for their modules.
    for (const std::string& root : SourceRoots(recording_.run)) {
      for (const std::string& ending : {"/" + path + ".py", "/" + path + "/__init__.py"}) {
        if (read_(root + ending)) return root + ending;
      }
    }
    return "";
  }

  std::string MainFile() {
    if (std::string script = ScriptOf(recording_.run); !script.empty()) return script;
    for (const capture::Process& process : recording_.processes) {
      for (size_t i = 1; i < process.nodes.size(); ++i) {
        const capture::Frame& frame = process.frames[process.nodes[i].frame.value];
        if (process.nodes[i].depth == 1 && frame.function == "<module>") return std::string(frame.file);
      }
    }
    return "";
  }

  const std::set<std::string_view>& Files() {
    if (!files_.empty()) return files_;
    for (const capture::Process& process : recording_.processes) {
      for (const capture::Frame& frame : process.frames) files_.insert(frame.file);
    }
    return files_;
  }

  const capture::Recording& recording_;
  const SourceReader& read_;
  std::vector<std::string>& notes_;
  std::set<std::string_view> files_;
};

std::optional<Source> ReadSource(const std::string& path, uint64_t recorded_ns) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kMostBytes) return std::nullopt;
  const Result<std::string> text = base::ReadFile(path);
  if (!text.ok()) return std::nullopt;
  Source source;
  const uint64_t written =
      static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(status.st_mtim.tv_nsec);
  source.changed = recorded_ns != 0 && written > recorded_ns;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    source.lines.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return source;
}

}  // namespace

std::optional<std::string> MarkOn(std::string_view line) {
  for (size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    std::string_view rest = TrimLeft(line.substr(at + 1));
    if (!Take(rest, "limpet:") || !Take(rest, "keep")) continue;
    if (!rest.starts_with(':')) return "";
    rest = TrimLeft(rest.substr(1));
    rest = rest.substr(0, rest.find(" #"));
    return std::string(rest.substr(0, rest.find_last_not_of(kBlanks) + 1));
  }
  return std::nullopt;
}

SourceReader ReadSourcesOf(const capture::Recording& recording) {
  uint64_t began = recording.run.started_ns;
  for (const capture::Process& process : recording.processes) {
    if (began == 0 || (process.start_realtime_ns != 0 && process.start_realtime_ns < began))
      began = process.start_realtime_ns;
  }
  auto known = std::make_shared<std::map<std::string, std::optional<Source>>>();
  return [began, known](const std::string& path) -> const Source* {
    auto found = known->find(path);
    if (found == known->end()) found = known->emplace(path, ReadSource(path, began)).first;
    return found->second ? &*found->second : nullptr;
  };
}

std::optional<SourceMark> FindMark(const capture::Recording& recording, const SourceReader& read,
                                   const Finding& finding, std::vector<std::string>& notes) {
  if (finding.site.empty()) return std::nullopt;
  return Searcher(recording, read, notes).Find(finding);
}

}  // namespace limpet::diagnose
