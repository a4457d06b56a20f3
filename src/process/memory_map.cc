#include "process/memory_map.h"

#include <elf.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>

#include "base/file.h"
#include "fmt/format.h"

namespace limpet::process {
namespace {

// Takes a number and the character after it off the front of `text`; nothing where that is not what stands there.
std::optional<uint64_t> TakeNumber(std::string_view* text, int base, char after) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, base);
  const size_t length = size_t(end - text->data());
  if (error != std::errc() || length == 0 || length >= text->size() || *end != after) return std::nullopt;
  text->remove_prefix(length + 1);
  return value;
}

// 7f0c1a000000-7f0c1a021000 rw-p 00000000 08:01 131090      /usr/lib/libx.so
std::optional<Mapping> ParseLine(std::string_view line) {
  Mapping mapping;
  const auto begin = TakeNumber(&line, 16, '-');
  const auto end = begin ? TakeNumber(&line, 16, ' ') : std::nullopt;
  if (!end || line.size() < 5 || line[4] != ' ') return std::nullopt;
  mapping.readable = line[0] == 'r';
  mapping.writable = line[1] == 'w';
  mapping.executable = line[2] == 'x';
  mapping.shared = line[3] == 's';
  line.remove_prefix(5);
  const auto offset = TakeNumber(&line, 16, ' ');
  const auto major = offset ? TakeNumber(&line, 16, ':') : std::nullopt;
  const auto minor = major ? TakeNumber(&line, 16, ' ') : std::nullopt;
  if (!minor) return std::nullopt;
  const size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view inode = line.substr(0, digits);
  const auto [number_end, error] = std::from_chars(inode.data(), inode.data() + inode.size(), mapping.inode);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(digits);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  constexpr std::string_view kDeleted = " (deleted)";
  if (line.ends_with(kDeleted)) {
    mapping.deleted = true;
    line.remove_suffix(kDeleted.size());
  }
  mapping.begin = *begin;
  mapping.end = *end;
  mapping.offset = *offset;
  mapping.device = makedev(unsigned(*major), unsigned(*minor));
  mapping.path = std::string(line);
  return mapping;
}

}  // namespace

MemoryMap::MemoryMap(std::vector<Mapping> mappings) : mappings_(std::move(mappings)) {
  std::stable_sort(mappings_.begin(), mappings_.end(),
                   [](const Mapping& a, const Mapping& b) { return a.begin < b.begin; });
  uint64_t end = 0;
  std::erase_if(mappings_, [&end](const Mapping& mapping) {
    if (mapping.end <= mapping.begin || mapping.begin < end) return true;
    end = mapping.end;
    return false;
  });
}

MemoryMap MemoryMap::Parse(std::string_view text) {
  std::vector<Mapping> mappings;
  uint32_t lines = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end) {
      ++lines;
      if (auto mapping = ParseLine(text.substr(0, end))) mappings.push_back(*std::move(mapping));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  MemoryMap map(std::move(mappings));
  map.odd_lines_ = lines - uint32_t(map.mappings_.size());
  return map;
}

Result<MemoryMap> MemoryMap::Read(pid_t pid) {
  LIMPET_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(fmt::format("/proc/{}/maps", pid)));
  MemoryMap map = Parse(text);
  if (map.mappings_.empty()) return Error(fmt::format("process {} has no memory: it has ended", pid));
  return map;
}

const Mapping* MemoryMap::Find(uint64_t address) const {
  const auto after = std::upper_bound(mappings_.begin(), mappings_.end(), address,
                                      [](uint64_t a, const Mapping& mapping) { return a < mapping.begin; });
  if (after == mappings_.begin() || address >= std::prev(after)->end) return nullptr;
  return &*std::prev(after);
}

std::vector<Module> FindModules(const MemoryMap& map) {
  std::vector<Module> modules;
  std::map<std::string_view, size_t> last_of;  // the module that a path's mappings go to
  std::vector<bool> has_code;
  for (size_t i = 0; i < map.mappings().size(); ++i) {
    const Mapping& mapping = map.mappings()[i];
    if (!mapping.has_file() || mapping.shared) continue;
    auto known = last_of.find(mapping.path);
    // A library may be there twice: a mapping of the file's beginning begins another one.
    if (known == last_of.end() ||
        (mapping.offset == 0 && !mapping.writable && modules[known->second].end < mapping.begin)) {
      Module module;
      module.path = mapping.path;
      module.name = mapping.path.substr(mapping.path.rfind('/') + 1);
      module.begin = mapping.begin - std::min(mapping.begin, mapping.offset);
      last_of[mapping.path] = modules.size();
      known = last_of.find(mapping.path);
      modules.push_back(std::move(module));
      has_code.push_back(false);
    }
    Module& module = modules[known->second];
    module.end = mapping.end;
    if (mapping.executable) has_code[known->second] = true;
    if (!mapping.writable) continue;
    module.data.push_back({mapping.begin, mapping.end, true, mapping.offset});
    // .bss: the memory without a file that adjoins the last data of the file.
    if (i + 1 >= map.mappings().size()) continue;
    const Mapping& next = map.mappings()[i + 1];
    if (next.begin == mapping.end && next.writable && !next.shared && !next.inode &&
        (next.path.empty() || next.path.starts_with("[anon:.bss"))) {
      module.data.push_back({next.begin, next.end, false, 0});
      module.end = next.end;
    }
  }
  std::vector<Module> result;
  for (size_t i = 0; i < modules.size(); ++i) {
    if (has_code[i]) result.push_back(std::move(modules[i]));
  }
  return result;
}

void CutToProgramHeaders(std::string_view page, Module* module) {
  Elf64_Ehdr header;
  if (page.size() < sizeof header) return;
  std::memcpy(&header, page.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(Elf64_Phdr) ||
      header.e_phoff > page.size() || header.e_phnum * sizeof(Elf64_Phdr) > page.size() - header.e_phoff) {
    return;
  }
  const uint64_t bias = header.e_type == ET_EXEC ? 0 : module->begin;
  std::vector<DataRange> kept;
  for (DataRange& range : module->data) {
    uint64_t end = range.in_file ? range.end : range.begin;
    for (size_t i = 0; !range.in_file && i < header.e_phnum; ++i) {
      Elf64_Phdr part;
      std::memcpy(&part, page.data() + header.e_phoff + i * sizeof part, sizeof part);
      const uint64_t part_begin = bias + part.p_vaddr, part_end = part_begin + part.p_memsz;
      if (part.p_type == PT_LOAD && (part.p_flags & PF_W) && part_begin < range.end && part_end > range.begin) {
        end = std::max(end, std::min(range.end, part_end));
      }
    }
    if (module->end == range.end) module->end = end;
    range.end = end;
    if (range.begin < range.end) kept.push_back(range);
  }
  module->data = std::move(kept);
}

}  // namespace limpet::process
