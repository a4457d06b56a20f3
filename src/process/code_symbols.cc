#include "process/code_symbols.h"

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace limpet::process {
namespace {

constexpr int kMostInlined = 64;  // functions at one address

template <typename T>
struct FreeDeleter {
  void operator()(T* memory) const { free(memory); }
};
template <typename T>
using Freed = std::unique_ptr<T[], FreeDeleter<T>>;

struct DwflDeleter {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};

std::string FileName(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

// Symbols of parts and variants that the compiler made of a function have a tail: "make_node.isra.0".
std::string WithoutVariant(const std::string& name) {
  size_t end = name.size();
  for (const char* tail : {".isra.", ".constprop.", ".part.", ".cold", ".lto_priv.", ".localalias"})
    end = std::min(end, name.find(tail));
  return name.substr(0, end);
}

std::string Readable(const char* symbol) {
  const std::string name = WithoutVariant(symbol);
  int status = 0;
  const Freed<char> demangled(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
  return base::ReplaceInvalidUtf8(status == 0 && demangled ? WithoutParameters(demangled.get()) : name);
}

std::string NameOf(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  for (const unsigned which : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    const char* mangled = dwarf_formstring(dwarf_attr_integrate(die, which, &attribute));
    if (mangled != nullptr) return Readable(mangled);
  }
  const char* name = dwarf_diename(die);
  return name == nullptr ? "" : base::ReplaceInvalidUtf8(name);
}

// The place where an inlined function was called, in the one around it.
void CallPlace(Dwarf_Die* unit, Dwarf_Die* inlined, CodePlace* place) {
  Dwarf_Attribute attribute;
  Dwarf_Word number = 0;
  Dwarf_Files* files = nullptr;
  size_t count = 0;
  if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number) == 0) place->line = uint32_t(number);
  if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) != 0) return;
  if (dwarf_getsrcfiles(unit, &files, &count) != 0 || number >= count) return;
  if (const char* name = dwarf_filesrc(files, number, nullptr, nullptr)) place->file = base::ReplaceInvalidUtf8(name);
}

}  // namespace

std::string WithoutParameters(const std::string& demangled) {
  size_t end = demangled.rfind(')');
  if (end == demangled.npos) return demangled;
  if (demangled.find_first_not_of(" const&volatileABIcxx1:[]", end + 1) != demangled.npos) return demangled;
  int depth = 0;
  for (size_t i = end + 1; i-- > 0;) {
    depth += demangled[i] == ')' ? 1 : demangled[i] == '(' ? -1 : 0;
    if (depth == 0) return i == 0 || demangled.ends_with("operator()") ? demangled : demangled.substr(0, i);
  }
  return demangled;
}

// One ELF file in a Dwfl of its own, where its addresses are as it numbers them.
class CodeSymbols::File {
 public:
  // Null where it cannot be read, or is another file than the one recorded; `problem` says so.
  static std::unique_ptr<File> Open(const std::string& path, std::string_view build_id, std::string* problem) {
    auto file = std::unique_ptr<File>(new File);
    static const Dwfl_Callbacks kCallbacks = {.find_elf = dwfl_build_id_find_elf,
                                              .find_debuginfo = dwfl_standard_find_debuginfo,
                                              .section_address = dwfl_offline_section_address,
                                              .debuginfo_path = nullptr};
    file->dwfl_.reset(dwfl_begin(&kCallbacks));
    if (!file->dwfl_ || access(path.c_str(), R_OK) != 0) {
      *problem = fmt::format("{} is not there any more: its functions have no names", path);
      return nullptr;
    }
    dwfl_report_begin(file->dwfl_.get());
    file->module_ = dwfl_report_elf(file->dwfl_.get(), path.c_str(), path.c_str(), -1, 0, true);
    dwfl_report_end(file->dwfl_.get(), nullptr, nullptr);
    GElf_Addr bias = 0;
    if (file->module_ == nullptr || dwfl_module_getelf(file->module_, &bias) == nullptr) {
      *problem = fmt::format("{} cannot be read: {}", path, dwfl_errmsg(-1));
      return nullptr;
    }
    file->bias_ = bias;
    if (!build_id.empty() && build_id != file->BuildId()) {
      *problem = fmt::format("{} has changed since it was recorded: its functions have no names", path);
      return nullptr;
    }
    return file;
  }

  // Innermost first; empty where nothing is known.
  std::vector<CodePlace> At(uint64_t address) {
    std::vector<CodePlace> places = FromDebugInfo(address + bias_);
    if (!places.empty()) return places;
    GElf_Off offset = 0;
    GElf_Sym symbol;
    const char* name = dwfl_module_addrinfo(module_, address + bias_, &offset, &symbol, nullptr, nullptr, nullptr);
    if (name != nullptr && *name != 0)
      places.push_back({.function = Readable(name), .file = "", .line = 0, .module = ""});
    return places;
  }

 private:
  File() = default;

  std::string BuildId() {
    const unsigned char* bits = nullptr;
    GElf_Addr place = 0;
    const int length = dwfl_module_build_id(module_, &bits, &place);
    std::string text;
    for (int i = 0; i < length; ++i) text += fmt::format("{:02x}", bits[i]);
    return text;
  }

  std::vector<CodePlace> FromDebugInfo(uint64_t address) {
    std::vector<CodePlace> places;
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = dwfl_module_addrdie(module_, address, &bias);
    if (unit == nullptr) return places;
    Dwarf_Die* raw = nullptr;
    if (dwarf_getscopes(unit, address - bias, &raw) <= 0) return places;
    const Freed<Dwarf_Die> inner(raw);
    // As they lie in the code, not as they were written: an inlined function is in its caller.
    Dwarf_Die* around = nullptr;
    const int count = dwarf_getscopes_die(&inner[0], &around);
    const Freed<Dwarf_Die> scopes(around);
    CodePlace place = LineAt(address);
    for (int i = 0; i < count && places.size() < kMostInlined; ++i) {
      const int tag = dwarf_tag(&scopes[size_t(i)]);
      if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) continue;
      place.function = NameOf(&scopes[size_t(i)]);
      if (place.function.empty()) return {};
      places.push_back(place);
      if (tag == DW_TAG_subprogram) return places;
      place = CodePlace();
      CallPlace(unit, &scopes[size_t(i)], &place);
    }
    return {};
  }

  CodePlace LineAt(uint64_t address) {
    CodePlace place;
    Dwfl_Line* line = dwfl_module_getsrc(module_, address);
    int number = 0;
    const char* name = line == nullptr ? nullptr : dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
    if (name != nullptr) place.file = base::ReplaceInvalidUtf8(name);
    if (name != nullptr && number > 0) place.line = uint32_t(number);
    return place;
  }

  std::unique_ptr<Dwfl, DwflDeleter> dwfl_;
  Dwfl_Module* module_ = nullptr;
  uint64_t bias_ = 0;
};

CodeSymbols::CodeSymbols() = default;
CodeSymbols::~CodeSymbols() = default;

CodeSymbols::File* CodeSymbols::FileAt(const std::string& key, const std::string& path, std::string_view build_id) {
  if (const auto found = files_.find(key); found != files_.end()) return found->second.get();
  std::string problem;
  std::unique_ptr<File> file;
  if (path.starts_with("/")) file = File::Open(path, build_id, &problem);  // else it is no file: the kernel's vdso
  if (!problem.empty()) problems_.push_back(problem);
  return files_.emplace(key, std::move(file)).first->second.get();
}

const std::vector<CodePlace>& CodeSymbols::CallBefore(std::string_view path, std::string_view build_id,
                                                      uint64_t address) {
  const std::string name(path);
  const std::string key = fmt::format("{} {}", build_id, path);
  std::vector<CodePlace>& places = known_[{key, address}];
  if (!places.empty()) return places;
  if (File* file = FileAt(key, name, build_id)) places = file->At(address - 1);
  if (places.empty())
    places.push_back(
        {.function = fmt::format("{}+{:#x}", FileName(path), address), .file = "", .line = 0, .module = ""});
  for (CodePlace& place : places) place.module = name;
  return places;
}

}  // namespace limpet::process
