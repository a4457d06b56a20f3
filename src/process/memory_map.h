// What a process has mapped where (/proc/PID/maps), and the files among it: its modules.
#ifndef LIMPET_PROCESS_MEMORY_MAP_H_
#define LIMPET_PROCESS_MEMORY_MAP_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace limpet::process {

struct Mapping {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t offset = 0;  // in the file
  uint64_t device = 0;  // as in struct stat
  uint64_t inode = 0;   // 0: no file
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
  bool deleted = false;  // the file has no name any more
  std::string path;      // or what the kernel calls it: "[heap]", "[anon:...]"; empty: nothing

  uint64_t size() const { return end - begin; }
  bool has_file() const { return inode != 0 && path.starts_with('/'); }
};

// The mappings of a process in order of address; none overlaps another.
class MemoryMap {
 public:
  MemoryMap() = default;
  // Sorts, and drops what is empty or overlaps something before it.
  explicit MemoryMap(std::vector<Mapping> mappings);

  static Result<MemoryMap> Read(pid_t pid);
  // Text as in /proc/PID/maps. Lines that make no sense are left out, and counted.
  static MemoryMap Parse(std::string_view text);

  const std::vector<Mapping>& mappings() const { return mappings_; }
  uint32_t odd_lines() const { return odd_lines_; }
  // The mapping that `address` lies in, or null.
  const Mapping* Find(uint64_t address) const;

 private:
  std::vector<Mapping> mappings_;
  uint32_t odd_lines_ = 0;
};

// Memory of a module that C variables live in: .data, .bss and what is like them.
struct DataRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool in_file = false;  // false: .bss
  uint64_t file_offset = 0;
};

// An executable or library in memory.
struct Module {
  std::string path;
  std::string name;    // the last part of the path
  uint64_t begin = 0;  // where its file's first byte is mapped, or would be
  uint64_t end = 0;    // of its last mapping; between the two there may be others' mappings
  std::vector<DataRange> data;
};

// All modules, in order of address: the files that have code mapped. The map alone cannot tell where .bss ends when other memory of the
// process happens to adjoin it: CutToProgramHeaders knows.
std::vector<Module> FindModules(const MemoryMap& map);

// Cuts off what is no .bss. `page`: what is at module->begin, the first page of its ELF file. Does nothing where that is no such page.
void CutToProgramHeaders(std::string_view page, Module* module);

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_MEMORY_MAP_H_
