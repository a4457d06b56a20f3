// The memory of a process as a core file has it (the kernel's, or gcore's). What a core leaves out, because it is in files that the
// process had mapped, is taken from those files, where they are still the same.
#ifndef LIMPET_PROCESS_CORE_FILE_H_
#define LIMPET_PROCESS_CORE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "process/memory_map.h"
#include "process/memory_mirror.h"

namespace limpet::process {

class CorePages;

class CoreFile {
 public:
  static constexpr bool kOwn = false;  // see cpython/decode.h

  // Fails when `path` is no ELF core of x86-64. What is missing of it is told in problems().
  static Result<CoreFile> Open(const std::string& path);

  CoreFile(CoreFile&&) noexcept;
  CoreFile& operator=(CoreFile&&) noexcept;
  ~CoreFile();

  // The bytes [address, address + size), or null if not all of them can be read. Valid as long as the core.
  const char* Span(uint64_t address, size_t size) { return mirror_.Span(address, size); }

  const MemoryMap& map() const { return map_; }
  int32_t pid() const { return pid_; }
  size_t threads() const { return threads_; }
  const std::string& program() const { return program_; }  // name of the executable, 15 characters of it
  // What can't be read and why: the file was cut short, a library is another one today.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  CoreFile();
  void CheckFiles();

  MemoryMap map_;
  MemoryMirror mirror_;
  std::unique_ptr<CorePages> pages_;
  int32_t pid_ = 0;
  size_t threads_ = 0;
  std::string program_;
  std::vector<std::string> problems_;
};

// What the headers of a core say, before its memory is looked at.
struct CoreLayout {
  struct Segment {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t file_offset = 0;  // in the core
    uint64_t file_size = 0;    // bytes that are in the core; the rest of a segment with any is zero
  };
  std::vector<Mapping> mappings;  // in order of address, with the files' names
  std::vector<Segment> segments;  // of each mapping
  int32_t pid = 0;
  size_t threads = 0;
  std::string program;
  std::vector<std::string> problems;
};

// Reads the headers from the bytes of a core; `file_size` is how long the file is (`bytes` may be its beginning only).
Result<CoreLayout> ParseCore(std::string_view bytes, uint64_t file_size);

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_CORE_FILE_H_
