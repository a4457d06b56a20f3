#include "process/symbols.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "base/byte_reader.h"
#include "fmt/format.h"

namespace limpet::process {
namespace {

using base::ReadAt;

constexpr uint64_t kMostSections = 1'000'000;
constexpr uint64_t kMostNote = 1 << 20;

std::optional<Elf64_Ehdr> ReadElfHeader(std::string_view bytes) {
  const auto header = ReadAt<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64)
    return std::nullopt;
  return header;
}

std::string_view TextAt(std::string_view strings, uint64_t offset) {
  if (offset >= strings.size()) return {};
  const std::string_view text = strings.substr(offset);
  const size_t end = text.find('\0');
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

std::string_view SectionBytes(std::string_view bytes, const Elf64_Shdr& section) {
  if (section.sh_type == SHT_NOBITS || section.sh_offset > bytes.size()) return {};
  return bytes.substr(section.sh_offset, section.sh_size);
}

std::string BuildIdInNotes(std::string_view notes) {
  while (true) {
    const auto note = ReadAt<Elf64_Nhdr>(notes, 0);
    if (!note) return {};
    const uint64_t name_size = (uint64_t{note->n_namesz} + 3) & ~uint64_t{3};
    const uint64_t text_at = sizeof *note + name_size;
    if (text_at > notes.size() || note->n_descsz > notes.size() - text_at) return {};
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
        notes.substr(sizeof *note, 4) == std::string_view("GNU\0", 4)) {
      return std::string(notes.substr(text_at, note->n_descsz));
    }
    const uint64_t next = text_at + ((uint64_t{note->n_descsz} + 3) & ~uint64_t{3});
    if (next > notes.size()) return {};
    notes.remove_prefix(next);
  }
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", uint8_t(byte));
  return text;
}

}  // namespace

std::string BuildId(std::string_view bytes) {
  const auto header = ReadElfHeader(bytes);
  if (!header) return {};
  for (uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto program = ReadAt<Elf64_Phdr>(bytes, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!program) return {};
    if (program->p_type != PT_NOTE || program->p_offset > bytes.size()) continue;
    std::string id = BuildIdInNotes(bytes.substr(program->p_offset, std::min<uint64_t>(program->p_filesz, kMostNote)));
    if (!id.empty()) return id;
  }
  return {};
}

// ---- One file

Result<ElfSymbols> ElfSymbols::Open(const std::string& path, const std::string& root) {
  LIMPET_ASSIGN_OR_RETURN(base::MappedFile file, base::MappedFile::Open(path));
  Result<ElfSymbols> symbols = FromBytes(file.bytes());
  if (!symbols.ok()) return symbols.status().WithContext(path);
  if (!symbols->has_symtab_) {
    const std::string id = Hex(BuildId(file.bytes()));
    if (id.size() > 2) {
      auto debug = base::MappedFile::Open(
          fmt::format("{}/usr/lib/debug/.build-id/{}/{}.debug", root, id.substr(0, 2), id.substr(2)));
      if (debug.ok() && Hex(BuildId(debug->bytes())) == id && symbols->Add(debug->bytes(), SHT_SYMTAB)) {
        symbols->files_.push_back(*std::move(debug));
        symbols->Finish();
      }
    }
  }
  symbols->files_.push_back(std::move(file));
  return symbols;
}

Result<ElfSymbols> ElfSymbols::FromBytes(std::string_view bytes) {
  const auto header = ReadElfHeader(bytes);
  if (!header) return Error("it is no 64-bit ELF file");
  ElfSymbols symbols;
  for (uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto program = ReadAt<Elf64_Phdr>(bytes, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!program) break;
    if (program->p_type != PT_LOAD) continue;
    symbols.first_address_ = (program->p_vaddr - program->p_offset) & ~uint64_t{4095};
    break;
  }
  symbols.has_symtab_ = symbols.Add(bytes, SHT_SYMTAB);
  symbols.Add(bytes, SHT_DYNSYM);  // these too: a .symtab may have been stripped of all but a few
  symbols.Finish();
  return symbols;
}

// Adds the tables of a kind; false if there is none with symbols.
bool ElfSymbols::Add(std::string_view bytes, uint32_t section_type) {
  const auto header = ReadElfHeader(bytes);
  if (!header || header->e_shentsize != sizeof(Elf64_Shdr)) return false;
  const auto section = [&](uint64_t index) {
    return ReadAt<Elf64_Shdr>(bytes, header->e_shoff + index * sizeof(Elf64_Shdr));
  };
  const auto zero = section(0);
  const uint64_t sections = header->e_shnum || !zero ? header->e_shnum : std::min(zero->sh_size, kMostSections);
  const size_t before = symbols_.size();
  for (uint64_t i = 0; i < sections; ++i) {
    const auto table = section(i);
    if (!table) break;
    if (table->sh_type != section_type || table->sh_link >= sections) continue;
    const auto link = section(table->sh_link);
    if (!link || link->sh_type != SHT_STRTAB) continue;
    const std::string_view strings = SectionBytes(bytes, *link);
    const std::string_view entries = SectionBytes(bytes, *table);
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= entries.size(); at += sizeof(Elf64_Sym)) {
      const Elf64_Sym entry = *ReadAt<Elf64_Sym>(entries, at);
      const int type = ELF64_ST_TYPE(entry.st_info);
      if (entry.st_shndx == SHN_UNDEF || type == STT_SECTION || type == STT_FILE || type == STT_TLS) continue;
      const std::string_view name = TextAt(strings, entry.st_name);
      if (!name.empty())
        symbols_.push_back({entry.st_value, entry.st_size, type == STT_OBJECT || type == STT_COMMON, name});
    }
  }
  return symbols_.size() > before;
}

void ElfSymbols::Finish() {
  objects_.clear();
  for (uint32_t i = 0; i < symbols_.size(); ++i) {
    if (symbols_[i].is_object) objects_.push_back(i);
  }
  std::stable_sort(objects_.begin(), objects_.end(),
                   [this](uint32_t a, uint32_t b) { return symbols_[a].address < symbols_[b].address; });
}

std::optional<Symbol> ElfSymbols::Find(std::string_view name) const {
  const auto found =
      std::find_if(symbols_.begin(), symbols_.end(), [name](const Symbol& symbol) { return symbol.name == name; });
  return found == symbols_.end() ? std::nullopt : std::optional(*found);
}

std::optional<Symbol> ElfSymbols::ObjectAt(uint64_t address) const {
  constexpr int kMostOverlapping = 8;  // names for the same place, and variables within a section's marker
  auto after = std::upper_bound(objects_.begin(), objects_.end(), address,
                                [this](uint64_t a, uint32_t index) { return a < symbols_[index].address; });
  std::optional<Symbol> unsized;
  for (int i = 0; i < kMostOverlapping && after != objects_.begin(); ++i) {
    const Symbol& symbol = symbols_[*--after];
    if (address - symbol.address < symbol.size) return symbol;
    if (symbol.size == 0 && !unsized && i == 0) unsized = symbol;
  }
  return unsized;
}

// ---- All modules

ModuleSymbols::ModuleSymbols(std::vector<Module> modules, std::string root)
    : modules_(std::move(modules)), root_(std::move(root)) {
  for (size_t i = 0; i < modules_.size(); ++i) order_.push_back(i);
  // Python's own: most names that are asked for are there.
  std::stable_partition(order_.begin(), order_.end(), [this](size_t i) {
    return modules_[i].name.starts_with("libpython") || modules_[i].name.starts_with("python");
  });
}

const Module* ModuleSymbols::ModuleAt(uint64_t address) const {
  for (const Module& module : modules_) {
    if (address >= module.begin && address < module.end) return &module;
  }
  return nullptr;
}

const ElfSymbols* ModuleSymbols::SymbolsOf(size_t index) {
  auto found = symbols_.find(index);
  if (found == symbols_.end()) {
    Result<ElfSymbols> symbols = ElfSymbols::Open(root_ + modules_[index].path, root_);
    found = symbols_.emplace(index, symbols.ok() ? std::optional(*std::move(symbols)) : std::nullopt).first;
  }
  return found->second ? &*found->second : nullptr;
}

std::optional<uint64_t> ModuleSymbols::Find(std::string_view name) {
  for (const size_t index : order_) {
    const ElfSymbols* symbols = SymbolsOf(index);
    const auto symbol = symbols ? symbols->Find(name) : std::nullopt;
    if (symbol) return symbol->address + Bias(index, *symbols);
  }
  return std::nullopt;
}

std::string ModuleSymbols::NameData(uint64_t address) {
  const Module* module = ModuleAt(address);
  if (!module) return {};
  const auto index = size_t(module - modules_.data());
  const ElfSymbols* symbols = SymbolsOf(index);
  if (symbols) {
    const uint64_t bias = Bias(index, *symbols);
    if (const auto symbol = symbols->ObjectAt(address - bias)) {
      const uint64_t offset = address - bias - symbol->address;
      return offset ? fmt::format("{}:{}+{:#x}", module->name, symbol->name, offset)
                    : fmt::format("{}:{}", module->name, symbol->name);
    }
  }
  return fmt::format("{}+{:#x}", module->name, address - module->begin);
}

}  // namespace limpet::process
