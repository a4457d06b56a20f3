// What an executable file is, as far as it decides whether the dynamic linker will load a library into it on our behalf.
// The file is read, never run; it is distrusted like any input.
#ifndef LIMPET_PROCESS_EXECUTABLE_H_
#define LIMPET_PROCESS_EXECUTABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace limpet::process {

struct Executable {
  std::string path;                    // the ELF file in the end: for a script, that of its interpreter
  std::vector<std::string> by_way_of;  // the scripts that led there, "#!" by "#!"
  bool is_elf = false;                 // false: neither ELF nor a script with an interpreter (a shell runs it)
  bool is_64_bit = false;
  uint16_t machine = 0;  // EM_X86_64 ...
  std::string linker;    // dynamic linker; empty: statically linked
  std::vector<std::string> needed;
  bool gains_privileges = false;  // setuid, setgid or file capabilities give it rights that we have not
  bool setuid = false;            // ... and by which
  bool setgid = false;
  bool capabilities = false;
};

// Looks at the file that execve(path) would end up running.
Result<Executable> InspectExecutable(const std::string& path);

// The same for the bytes of an ELF file: fills the ELF part. False if they are no ELF file, or a damaged one.
bool InspectElf(std::string_view bytes, Executable* executable);

// Why the dynamic linker will not load our library into it, as the end of a sentence ("it is statically linked, ..."); empty
// when it will.
std::string WhyNotPreloadable(const Executable& executable);

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_EXECUTABLE_H_
