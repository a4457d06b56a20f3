#include "process/executable.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/file.h"
#include "fmt/format.h"

namespace limpet::process {
namespace {

constexpr int kMaxScripts = 4;             // as many "#!" as Linux follows
constexpr uint64_t kMaxDynamic = 100'000;  // entries; a real file has some dozens

// A record at `offset`, copied out; nothing when it does not lie within the bytes.
template <typename T>
std::optional<T> ReadAt(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string TextAt(std::string_view bytes, uint64_t offset, uint64_t limit) {
  if (offset >= bytes.size()) return {};
  const std::string_view text = bytes.substr(offset, limit);
  return std::string(text.substr(0, text.find('\0')));
}

struct Segment {
  uint64_t offset;
  uint64_t address;
  uint64_t size;
};

// Where in the file the byte that will be loaded at `address` stands.
std::optional<uint64_t> FileOffset(const std::vector<Segment>& segments, uint64_t address) {
  for (const Segment& segment : segments) {
    if (address >= segment.address && address - segment.address < segment.size) {
      return segment.offset + (address - segment.address);
    }
  }
  return std::nullopt;
}

void ReadDynamic(std::string_view bytes, const Segment& dynamic, const std::vector<Segment>& loads, Executable* out) {
  std::vector<uint64_t> names;
  std::optional<uint64_t> strings;
  const uint64_t count = std::min<uint64_t>(dynamic.size / sizeof(Elf64_Dyn), kMaxDynamic);
  for (uint64_t i = 0; i < count; ++i) {
    const auto entry = ReadAt<Elf64_Dyn>(bytes, dynamic.offset + i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_NEEDED) names.push_back(entry->d_un.d_val);
    if (entry->d_tag == DT_STRTAB) strings = FileOffset(loads, entry->d_un.d_ptr);
  }
  if (!strings) return;
  for (const uint64_t name : names) {
    const std::string text = TextAt(bytes, *strings + name, 4096);
    if (!text.empty()) out->needed.push_back(text);
  }
}

// "#!/usr/bin/env python3" -> "/usr/bin/env"; empty for anything else.
std::string ScriptInterpreter(std::string_view bytes) {
  if (!bytes.starts_with("#!")) return {};
  std::string_view line = bytes.substr(2, 254);
  line = line.substr(0, line.find('\n'));
  const size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  line.remove_prefix(start);
  return std::string(line.substr(0, line.find_first_of(" \t\r")));
}

// Rights count only where they change something and the file system honours them.
void ReadPrivileges(const std::string& path, Executable* out) {
  struct stat info;
  struct statvfs system;
  if (stat(path.c_str(), &info) != 0) return;
  if (statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_NOSUID) != 0) return;
  out->setuid = (info.st_mode & S_ISUID) != 0;
  out->setgid = (info.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
  out->capabilities = getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
  out->gains_privileges = (out->setuid && info.st_uid != getuid()) || (out->setgid && info.st_gid != getgid()) ||
                          (out->capabilities && getuid() != 0);
}

}  // namespace

bool InspectElf(std::string_view bytes, Executable* out) {
  if (!bytes.starts_with(ELFMAG) || bytes.size() < EI_NIDENT) return false;
  out->is_elf = true;
  out->is_64_bit = bytes[EI_CLASS] == ELFCLASS64;
  const auto machine = ReadAt<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine));  // the same place in 32-bit files
  if (machine) out->machine = *machine;
  if (!out->is_64_bit) return true;
  const auto header = ReadAt<Elf64_Ehdr>(bytes, 0);
  if (!header || header->e_phentsize != sizeof(Elf64_Phdr)) return false;

  std::vector<Segment> loads;
  std::optional<Segment> dynamic;
  for (uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto program = ReadAt<Elf64_Phdr>(bytes, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!program) return false;
    const Segment segment = {program->p_offset, program->p_vaddr, program->p_filesz};
    if (program->p_type == PT_LOAD) loads.push_back(segment);
    if (program->p_type == PT_DYNAMIC) dynamic = segment;
    if (program->p_type == PT_INTERP)
      out->linker = TextAt(bytes, segment.offset, std::min<uint64_t>(segment.size, 4096));
  }
  if (dynamic) ReadDynamic(bytes, *dynamic, loads, out);
  return true;
}

Result<Executable> InspectExecutable(const std::string& path) {
  Executable executable;
  executable.path = path;
  for (int depth = 0; depth <= kMaxScripts; ++depth) {
    LIMPET_ASSIGN_OR_RETURN(const base::MappedFile file, base::MappedFile::Open(executable.path));
    const std::string interpreter = ScriptInterpreter(file.bytes());
    if (interpreter.empty()) {
      InspectElf(file.bytes(), &executable);
      ReadPrivileges(executable.path, &executable);
      return executable;
    }
    executable.by_way_of.push_back(executable.path);
    executable.path = interpreter;
  }
  return Error(fmt::format("'{}' leads from script to script more than {} times", path, kMaxScripts));
}

std::string WhyNotPreloadable(const Executable& executable) {
  if (!executable.is_elf) return {};  // a shell runs it, and that loads the agent
  if (!executable.is_64_bit) return "it is a 32-bit program, and limpet traces 64-bit ones";
  if (executable.machine != EM_X86_64) return "it is built for another processor than x86-64";
  if (executable.linker.empty()) return "it is statically linked, so no dynamic linker is there to load the agent";
  if (executable.gains_privileges) {
    const char* by = executable.setuid ? "setuid" : executable.setgid ? "setgid" : "file capabilities";
    return fmt::format(
        "it gains privileges ({}), so the dynamic linker ignores LD_PRELOAD; run limpet as the user that the "
        "program becomes, or a copy without that",
        by);
  }
  if (executable.linker.find("ld-musl") != std::string::npos) {
    return "it is built for musl libc, and the agent needs glibc";
  }
  return {};
}

}  // namespace limpet::process
