// What the code at an address of an ELF file is called: function, file and line, with the functions that the compiler inlined there.
// From debug information where the file (or the debug file that belongs to it) has some, else from its symbol tables, else as
// "libx.so+0x1234". Reads by libdw.
#ifndef LIMPET_PROCESS_CODE_SYMBOLS_H_
#define LIMPET_PROCESS_CODE_SYMBOLS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limpet::process {

struct CodePlace {
  std::string function;  // of C++ without parameters: "app::Index::Add"
  std::string file;      // empty: not known
  uint32_t line = 0;     // 0: not known
  std::string module;    // path of the ELF file
  bool operator==(const CodePlace&) const = default;
};

class CodeSymbols {
 public:
  CodeSymbols();
  ~CodeSymbols();
  CodeSymbols(const CodeSymbols&) = delete;
  CodeSymbols& operator=(const CodeSymbols&) = delete;

  // The code before `address` of the file at `path`, as that file numbers addresses: innermost first, so inlined functions before
  // the one that they are in. Never empty. A file whose build id is not `build_id` (in hex; empty: not known) is another one: then
  // only the offset is told.
  const std::vector<CodePlace>& CallBefore(std::string_view path, std::string_view build_id, uint64_t address);

  // Files that have changed or gone since, one sentence each.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  class File;
  File* FileAt(const std::string& key, const std::string& path, std::string_view build_id);

  std::map<std::string, std::unique_ptr<File>, std::less<>> files_;           // by path and build id
  std::map<std::pair<std::string, uint64_t>, std::vector<CodePlace>> known_;  // by the same, and address
  std::vector<std::string> problems_;
};

// "ns::Outer<int>::f(std::string const&) const" -> "ns::Outer<int>::f"; what does not end in parameters stays as it is.
std::string WithoutParameters(const std::string& demangled);

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_CODE_SYMBOLS_H_
