// The headers of a core file: segments, and the notes that name files and the process.
#include <elf.h>
#include <sys/procfs.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/byte_reader.h"
#include "fmt/format.h"
#include "process/core_file.h"

namespace limpet::process {
namespace {

using base::ByteReader;
using base::ReadAt;

constexpr uint64_t kMostSegments = 1 << 20;  // a process may have 65530 mappings, more with a changed vm.max_map_count
constexpr uint64_t kMostAddress = uint64_t{1} << 56;
constexpr uint64_t kKernel = uint64_t{1} << 63;

struct NamedFile {
  uint64_t begin;
  uint64_t end;
  uint64_t offset;
  std::string path;
};

struct Headers {
  std::vector<Elf64_Phdr> loads;
  std::vector<Elf64_Phdr> notes;
};

Result<Headers> ReadHeaders(std::string_view bytes) {
  const auto elf = ReadAt<Elf64_Ehdr>(bytes, 0);
  if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) return Error("it is no core file (no ELF file at all)");
  if (elf->e_type != ET_CORE) return Error("it is an ELF file, but no core");
  if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != EM_X86_64 || elf->e_phentsize != sizeof(Elf64_Phdr)) {
    return Error("it is the core of another kind of machine than x86-64");
  }
  uint64_t count = elf->e_phnum;
  if (count == PN_XNUM) {  // too many for the field: the first section header has the number
    const auto section = ReadAt<Elf64_Shdr>(bytes, elf->e_shoff);
    if (!section) return Error("it is cut short: the number of its segments stood in its last bytes");
    count = section->sh_info;
  }
  if (count > kMostSegments) return Error(fmt::format("it claims {} segments", count));
  Headers headers;
  for (uint64_t i = 0; i < count; ++i) {
    const auto program = ReadAt<Elf64_Phdr>(bytes, elf->e_phoff + i * sizeof(Elf64_Phdr));
    if (!program) return Error("it is cut short within its headers");
    if (program->p_type == PT_LOAD) headers.loads.push_back(*program);
    if (program->p_type == PT_NOTE) headers.notes.push_back(*program);
  }
  return headers;
}

// NT_FILE: count, page size; begin, end, offset in pages of each; then the names.
std::vector<NamedFile> ReadFiles(std::string_view note) {
  ByteReader in(note);
  const auto count = in.Read<uint64_t>();
  const auto page = count ? in.Read<uint64_t>() : std::nullopt;
  if (!page || *count > in.remaining() / 24) return {};
  std::vector<NamedFile> files;
  for (uint64_t i = 0; i < *count; ++i) {
    const uint64_t begin = *in.Read<uint64_t>(), end = *in.Read<uint64_t>(), offset = *in.Read<uint64_t>();
    files.push_back({begin, end, offset * *page, {}});
  }
  std::string_view names = *in.ReadBytes(in.remaining());
  for (NamedFile& file : files) {
    const size_t end = names.find('\0');
    if (end == std::string_view::npos) break;
    file.path = std::string(names.substr(0, end));
    names.remove_prefix(end + 1);
  }
  std::erase_if(files, [](const NamedFile& file) { return file.end <= file.begin || file.path.empty(); });
  return files;
}

std::vector<NamedFile> ReadNotes(std::string_view notes, CoreLayout* layout) {
  std::vector<NamedFile> files;
  const auto round = [](uint64_t size) { return (size + 3) & ~uint64_t{3}; };
  while (const auto note = ReadAt<Elf64_Nhdr>(notes, 0)) {
    const uint64_t at = sizeof *note + round(note->n_namesz);
    if (at > notes.size() || note->n_descsz > notes.size() - at) break;
    const std::string_view text = notes.substr(at, note->n_descsz);
    if (note->n_type == NT_FILE) files = ReadFiles(text);
    if (note->n_type == NT_PRSTATUS) ++layout->threads;
    if (note->n_type == NT_PRPSINFO) {
      if (const auto info = ReadAt<prpsinfo_t>(text, 0)) {
        layout->pid = info->pr_pid;
        layout->program = std::string(info->pr_fname, strnlen(info->pr_fname, sizeof info->pr_fname));
      }
    }
    notes.remove_prefix(std::min<uint64_t>(at + round(note->n_descsz), notes.size()));
  }
  return files;
}

void AddSegment(const Elf64_Phdr& load, uint64_t file_size, CoreLayout* layout) {
  if (load.p_memsz == 0 || load.p_vaddr >= kKernel) return;  // [vsyscall]
  if (load.p_vaddr % kPageSize || load.p_vaddr >= kMostAddress || load.p_memsz >= kMostAddress ||
      load.p_filesz > load.p_memsz) {
    layout->problems.push_back(fmt::format("a segment at {:#x} makes no sense and was left out", load.p_vaddr));
    return;
  }
  Mapping mapping;
  mapping.begin = load.p_vaddr;
  mapping.end = load.p_vaddr + (load.p_memsz + kPageSize - 1) / kPageSize * kPageSize;
  mapping.readable = true;  // what is in the core could be read
  mapping.writable = (load.p_flags & PF_W) != 0;
  mapping.executable = (load.p_flags & PF_X) != 0;
  CoreLayout::Segment segment = {mapping.begin, mapping.end, load.p_offset, load.p_filesz};
  const uint64_t there = load.p_offset < file_size ? file_size - load.p_offset : 0;
  if (there < load.p_filesz) {
    // What is whole of it stays readable. The rest must not pass for zeros, so it is no part of the image.
    segment.file_size = there / kPageSize * kPageSize;
    segment.end = mapping.end = mapping.begin + segment.file_size;
    if (segment.file_size == 0) return;
  }
  layout->mappings.push_back(std::move(mapping));
  layout->segments.push_back(segment);
}

// Sorts both lists, and drops what overlaps.
void Sort(CoreLayout* layout) {
  std::vector<size_t> order(layout->mappings.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return layout->mappings[a].begin < layout->mappings[b].begin; });
  std::vector<Mapping> mappings;
  std::vector<CoreLayout::Segment> segments;
  for (const size_t i : order) {
    if (!mappings.empty() && layout->mappings[i].begin < mappings.back().end) {
      layout->problems.push_back(
          fmt::format("a segment at {:#x} overlaps another one and was left out", layout->mappings[i].begin));
      continue;
    }
    mappings.push_back(std::move(layout->mappings[i]));
    segments.push_back(layout->segments[i]);
  }
  layout->mappings = std::move(mappings);
  layout->segments = std::move(segments);
}

// Gives mappings the names of their files, and adds mapped files that have no segment (gcore leaves those out that cannot be written).
void NameMappings(std::vector<NamedFile> files, CoreLayout* layout) {
  Sort(layout);
  std::sort(files.begin(), files.end(), [](const NamedFile& a, const NamedFile& b) { return a.begin < b.begin; });
  const MemoryMap map(layout->mappings);
  for (const NamedFile& file : files) {
    if (file.begin % kPageSize || file.end % kPageSize || file.end > kMostAddress) continue;
    if (const Mapping* found = map.Find(file.begin)) {
      Mapping& mapping = layout->mappings[size_t(found - map.mappings().data())];
      if (mapping.begin != file.begin) continue;
      mapping.path = file.path;
      mapping.offset = file.offset;
      mapping.inode = 1;
      continue;
    }
    Mapping mapping;
    mapping.begin = file.begin;
    mapping.end = file.end;
    mapping.offset = file.offset;
    mapping.inode = 1;  // not told; some file
    mapping.readable = true;
    mapping.executable = true;  // not told; it is not writable, so likely a part of a module
    mapping.path = file.path;
    layout->segments.push_back({mapping.begin, mapping.end, 0, 0});
    layout->mappings.push_back(std::move(mapping));
  }
  Sort(layout);
}

}  // namespace

Result<CoreLayout> ParseCore(std::string_view bytes, uint64_t file_size) {
  LIMPET_ASSIGN_OR_RETURN(const Headers headers, ReadHeaders(bytes));
  CoreLayout layout;
  uint64_t missing = 0;
  for (const Elf64_Phdr& load : headers.loads) {
    const uint64_t there = load.p_offset < file_size ? file_size - load.p_offset : 0;
    missing += load.p_filesz - std::min(load.p_filesz, there);
    AddSegment(load, file_size, &layout);
  }
  if (missing) {
    layout.problems.push_back(
        fmt::format("the core was cut short: {} MB of its memory are missing (is there a limit, ulimit -c, or was "
                    "the disk full?)",
                    (missing >> 20) + 1));
  }
  std::vector<NamedFile> files;
  for (const Elf64_Phdr& note : headers.notes) {
    if (note.p_offset > bytes.size()) continue;
    std::vector<NamedFile> more = ReadNotes(bytes.substr(note.p_offset, note.p_filesz), &layout);
    files.insert(files.end(), more.begin(), more.end());
  }
  NameMappings(std::move(files), &layout);
  if (layout.mappings.empty()) return Error("it is a core without memory");
  return layout;
}

}  // namespace limpet::process
