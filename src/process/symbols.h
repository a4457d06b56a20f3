// Names of C functions and variables, from the symbol tables of ELF files. Files are distrusted like any input.
#ifndef LIMPET_PROCESS_SYMBOLS_H_
#define LIMPET_PROCESS_SYMBOLS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "process/memory_map.h"

namespace limpet::process {

struct Symbol {
  uint64_t address = 0;    // as the file has it: add where it is loaded
  uint64_t size = 0;       // 0: not told
  bool is_object = false;  // a variable, no function
  std::string_view name;
};

// The build id of an ELF file (the bytes, not as text), or empty. Its first page is usually enough.
std::string BuildId(std::string_view elf_bytes);

// The symbols of one ELF file: of .symtab where it has one, else of the debug file that belongs to it, else of .dynsym.
class ElfSymbols {
 public:
  // `root` is put in front of the places where debug files are.
  static Result<ElfSymbols> Open(const std::string& path, const std::string& root = {});
  // Without a debug file. `bytes` outlive the symbols.
  static Result<ElfSymbols> FromBytes(std::string_view bytes);

  // A defined symbol of that name, or nothing.
  std::optional<Symbol> Find(std::string_view name) const;
  // The variable that `address` lies in; where sizes are not told, the last one that begins before it.
  std::optional<Symbol> ObjectAt(uint64_t address) const;

  // The address that the file has for its own first byte: 0 for libraries.
  uint64_t first_address() const { return first_address_; }
  const std::vector<Symbol>& symbols() const { return symbols_; }

 private:
  ElfSymbols() = default;
  bool Add(std::string_view bytes, uint32_t section_type);
  void Finish();

  std::vector<base::MappedFile> files_;  // that the names are in
  std::vector<Symbol> symbols_;
  std::vector<uint32_t> objects_;  // indices, by address
  uint64_t first_address_ = 0;
  bool has_symtab_ = false;
};

// The symbols of all modules of a process or a core, read as they are needed.
class ModuleSymbols {
 public:
  // `root`: the folder that the process sees as / ("/proc/7/root"); empty for ours.
  explicit ModuleSymbols(std::vector<Module> modules, std::string root = {});

  const std::vector<Module>& modules() const { return modules_; }
  // The module whose memory `address` is, or null.
  const Module* ModuleAt(uint64_t address) const;

  // Where the process has the symbol; in the executable or libpython if there is one, else in the first module that has it.
  std::optional<uint64_t> Find(std::string_view name);

  // What a C variable's address is called: "libx.so:table", "libx.so:table+0x10", "libx.so+0x1234"; empty outside of all modules.
  std::string NameData(uint64_t address);

 private:
  const ElfSymbols* SymbolsOf(size_t module);
  // What is added to a file's addresses.
  uint64_t Bias(size_t module, const ElfSymbols& symbols) const {
    return modules_[module].begin - symbols.first_address();
  }

  std::vector<Module> modules_;
  std::string root_;
  std::vector<size_t> order_;  // in which names are looked for
  std::map<size_t, std::optional<ElfSymbols>> symbols_;
};

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_SYMBOLS_H_
