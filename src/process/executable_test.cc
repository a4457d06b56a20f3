#include "process/executable.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/file.h"

namespace limpet::process {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ExecutableTest : public ::testing::Test {
 protected:
  ExecutableTest() {
    char name[] = "/tmp/limpet-executable-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~ExecutableTest() override {
    for (const std::string& file : files_) unlink(file.c_str());
    rmdir(folder_.c_str());
  }
  std::string Write(const std::string& name, const std::string& bytes, mode_t mode = 0755) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    chmod(path.c_str(), mode);
    files_.push_back(path);
    return path;
  }

 private:
  std::string folder_;
  std::vector<std::string> files_;
};

// The smallest file with a dynamic linker and one needed library:
//
//     0 Ehdr | 64 Phdr x 3 (load, interp, dynamic) | 232 "/lib/ld.so" | 256 Dyn x 3 | 304 "\0libx.so"
std::string SmallElf() {
  std::string bytes(320, '\0');
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 3;
  std::memcpy(bytes.data(), &header, sizeof header);
  const auto segment = [&](int index, uint32_t type, uint64_t offset, uint64_t address, uint64_t size) {
    Elf64_Phdr program = {};
    program.p_type = type;
    program.p_offset = offset;
    program.p_vaddr = address;
    program.p_filesz = size;
    std::memcpy(bytes.data() + 64 + size_t(index) * sizeof program, &program, sizeof program);
  };
  segment(0, PT_LOAD, 0, 0x400000, 320);
  segment(1, PT_INTERP, 232, 0x400000 + 232, 11);
  segment(2, PT_DYNAMIC, 256, 0x400000 + 256, 48);
  std::memcpy(bytes.data() + 232, "/lib/ld.so", 11);
  const Elf64_Dyn entries[3] = {{DT_NEEDED, {1}}, {DT_STRTAB, {0x400000 + 304}}, {DT_NULL, {0}}};
  std::memcpy(bytes.data() + 256, entries, sizeof entries);
  std::memcpy(bytes.data() + 305, "libx.so", 8);
  return bytes;
}

TEST_F(ExecutableTest, ReadsLinkerAndNeededLibraries) {
  const auto found = InspectExecutable(Write("small", SmallElf()));
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->is_elf);
  EXPECT_TRUE(found->is_64_bit);
  EXPECT_EQ(found->machine, EM_X86_64);
  EXPECT_EQ(found->linker, "/lib/ld.so");
  EXPECT_EQ(found->needed, std::vector<std::string>{"libx.so"});
  EXPECT_EQ(WhyNotPreloadable(*found), "");
}

TEST_F(ExecutableTest, ReadsThisVeryProgram) {
  const auto found = InspectExecutable("/proc/self/exe");
  ASSERT_TRUE(found.ok());
  EXPECT_THAT(found->linker, HasSubstr("ld-linux"));
  EXPECT_THAT(found->needed, Contains("libc.so.6"));
}

TEST_F(ExecutableTest, FollowsScriptsToTheirInterpreter) {
  const std::string elf = Write("elf", SmallElf());
  const std::string inner = Write("inner", "#! " + elf + " -x\n");
  const std::string outer = Write("outer", "#!" + inner + "\nrest");
  const auto found = InspectExecutable(outer);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->path, elf);
  EXPECT_EQ(found->by_way_of, (std::vector<std::string>{outer, inner}));
}

TEST_F(ExecutableTest, GivesUpOnScriptsInACircle) {
  const std::string path = Write("circle", "");
  Write("circle", "#!" + path + "\n");
  const auto found = InspectExecutable(path);
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.message(), HasSubstr("from script to script"));
}

TEST_F(ExecutableTest, SaysWhyTheAgentCannotGetIn) {
  std::string bytes = SmallElf();
  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(WhyNotPreloadable(*InspectExecutable(Write("a", bytes))), HasSubstr("32-bit"));

  bytes = SmallElf();
  bytes[offsetof(Elf64_Ehdr, e_machine)] = char(EM_AARCH64);
  EXPECT_THAT(WhyNotPreloadable(*InspectExecutable(Write("b", bytes))), HasSubstr("another processor"));

  bytes = SmallElf();
  bytes[64 + sizeof(Elf64_Phdr)] = PT_NULL;
  EXPECT_THAT(WhyNotPreloadable(*InspectExecutable(Write("c", bytes))), HasSubstr("statically linked"));

  bytes = SmallElf();
  std::memcpy(bytes.data() + 232, "/ld-musl-x", 10);
  EXPECT_THAT(WhyNotPreloadable(*InspectExecutable(Write("d", bytes))), HasSubstr("musl"));
}

TEST_F(ExecutableTest, PrivilegesCountOnlyWhereTheyChangeSomething) {
  const std::string path = Write("mine", SmallElf(), 04755);  // ours: gains nothing
  EXPECT_EQ(WhyNotPreloadable(*InspectExecutable(path)), "");
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(chown(path.c_str(), 1, 1), 0);
  ASSERT_EQ(chmod(path.c_str(), 04755), 0);
  EXPECT_THAT(WhyNotPreloadable(*InspectExecutable(path)), HasSubstr("setuid"));
}

TEST_F(ExecutableTest, MissingFileIsAnError) {
  EXPECT_THAT(InspectExecutable("/no/such/file").message(), HasSubstr("/no/such/file"));
}

TEST_F(ExecutableTest, OtherFilesAreNeitherElfNorScript) {
  for (const char* bytes : {"", "plain text", "#!", "#!   \n",
                            "\x7f"
                            "ELF"}) {
    const auto found = InspectExecutable(Write("other", bytes));
    ASSERT_TRUE(found.ok()) << bytes;
    EXPECT_EQ(found->linker, "");
  }
}

RC_GTEST_PROP(InspectElf, TakesAnyDamage, (std::vector<std::pair<uint16_t, uint8_t>> changes, uint16_t length)) {
  std::string bytes = SmallElf();
  for (const auto& [place, value] : changes) bytes[place % bytes.size()] = char(value);
  bytes.resize(std::min<size_t>(length % 400, bytes.size()));
  Executable executable;
  InspectElf(bytes, &executable);
  RC_ASSERT(executable.linker.size() <= bytes.size());
}

}  // namespace
}  // namespace limpet::process
