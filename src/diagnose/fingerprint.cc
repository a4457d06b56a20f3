#include "diagnose/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "diagnose/diagnose.h"

namespace limpet::diagnose {
namespace {

constexpr uint64_t kWorthNaming =
    10;  // a part that is a tenth of the whole may be what the finding is named after next time

// FNV-1a, 64 bits: the fingerprint must not change with the standard library or the machine.
class Hash {
 public:
  void Add(std::string_view text) {
    for (const char c : text) Mix(static_cast<unsigned char>(c));
    Mix(0);
  }
  std::string Hex() const { return fmt::format("{:016x}", value_); }

 private:
  void Mix(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3u; }
  uint64_t value_ = 0xcbf29ce484222325u;
};

// What follows `mark` at its last place in `file`, or nothing.
std::string_view After(std::string_view file, std::string_view mark) {
  const size_t at = file.rfind(mark);
  return at == std::string_view::npos ? std::string_view() : file.substr(at + mark.size());
}

std::string Absolute(const std::string& path, const std::string& directory) {
  const std::filesystem::path whole = std::filesystem::path(directory) / path;
  std::string text = whole.lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

// Sure ones first, so that doubtful ones that come and go do not renumber them; then by line.
bool Before(const Finding* a, const Finding* b) {
  if (a->fingerprint != b->fingerprint) return a->fingerprint < b->fingerprint;
  const bool sure_a = a->confidence >= kSure, sure_b = b->confidence >= kSure;
  if (sure_a != sure_b) return sure_a;
  return a->site.front().line < b->site.front().line;
}

void Separate(std::vector<Finding*> order) {
  std::stable_sort(order.begin(), order.end(), Before);
  std::string base;
  uint32_t repeats = 0;
  for (Finding* f : order) {
    repeats = f->fingerprint == base ? repeats + 1 : 0;
    base = f->fingerprint;
    if (!repeats) continue;
    Hash hash;
    hash.Add(base);
    hash.Add(std::to_string(repeats));
    f->fingerprint = hash.Hex();
  }
}

void SetPlaces(const std::vector<std::string>& roots, Finding& f) {
  f.place = PlaceOf(f.known_by ? *f.known_by : f.site.front(), roots);
  f.other_places.clear();
  for (const Part& part : f.parts) {
    if (part.live.bytes * kWorthNaming < f.live.bytes) continue;  // by-products may come from anywhere
    std::string place = PlaceOf(part.where, roots);
    const std::vector<std::string>& known = f.other_places;
    if (place != f.place && std::find(known.begin(), known.end(), place) == known.end())
      f.other_places.push_back(std::move(place));
  }
}

void SetAll(const std::vector<std::string>& roots, const std::vector<Finding*>& findings) {
  for (Finding* f : findings) {
    SetPlaces(roots, *f);
    Hash hash;
    hash.Add(f->place);
    f->fingerprint = hash.Hex();
  }
  Separate(findings);
}

}  // namespace

std::string ScriptOf(const capture::RunInfo& run) {
  for (size_t i = 0; i < run.command.size(); i++) {
    const std::string& word = run.command[i];
    if (i > 0 && (word == "-m" || word == "-c")) return "";
    if (word.ends_with(".py")) return Absolute(word, run.directory);
  }
  return "";
}

std::vector<std::string> SourceRoots(const capture::RunInfo& run) {
  std::vector<std::string> roots;
  if (const std::string script = ScriptOf(run); !script.empty())
    roots.push_back(std::filesystem::path(script).parent_path().string());
  if (!run.directory.empty()) roots.push_back(Absolute("", run.directory));
  return roots;
}

std::string StablePath(std::string_view file, const std::vector<std::string>& roots) {
  if (file.empty() || file.front() == '<') return std::string(file);
  for (const std::string_view mark : {"/site-packages/", "/dist-packages/"}) {
    if (const std::string_view rest = After(file, mark); !rest.empty()) return std::string(rest);
  }
  for (const std::string_view mark : {"/lib/python3", "/lib64/python3"}) {
    const std::string_view rest = After(file, mark);
    const size_t slash = rest.find('/');
    if (slash != std::string_view::npos) return std::string(rest.substr(slash + 1));
  }
  for (const std::string& root : roots) {
    if (root.size() > 1 && file.size() > root.size() + 1 && file.starts_with(root) && file[root.size()] == '/')
      return std::string(file.substr(root.size() + 1));
  }
  return std::string(file.substr(file.rfind('/') + 1));
}

std::string_view FunctionAround(std::string_view name) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view part : {"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"}) {
      if (!name.ends_with(part)) continue;
      if (name == part) return "<module>";
      name.remove_suffix(part.size() + 1);  // and the dot
      if (name.ends_with(".<locals>")) name.remove_suffix(std::string_view(".<locals>").size());
      again = true;
    }
  }
  return name;
}

std::string PlaceOf(const Location& where, const std::vector<std::string>& roots) {
  if (where.file.empty()) return where.function;
  return fmt::format("{}:{}", StablePath(where.file, roots), FunctionAround(where.function));
}

void SetFingerprints(const capture::RunInfo& run, std::vector<Finding>& findings) {
  std::vector<Finding*> all;
  for (Finding& f : findings) all.push_back(&f);
  SetAll(SourceRoots(run), all);
}

void SetFingerprints(const capture::RunInfo& run, std::vector<Dismissed>& dismissed) {
  std::vector<Finding*> all;
  for (Dismissed& one : dismissed) all.push_back(&one.finding);
  SetAll(SourceRoots(run), all);
}

}  // namespace limpet::diagnose
