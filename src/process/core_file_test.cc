#include "process/core_file.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "process/symbols.h"

namespace limpet::process {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename T>
std::string Bytes(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// Builds a core: header, program headers, notes, memory.
class CoreBuilder {
 public:
  void Segment(uint64_t address, uint64_t memory_size, const std::string& bytes, uint32_t flags = PF_R | PF_W) {
    Elf64_Phdr load = {};
    load.p_type = PT_LOAD;
    load.p_flags = flags;
    load.p_vaddr = address;
    load.p_memsz = memory_size;
    load.p_filesz = bytes.size();
    loads_.push_back(load);
    memory_ += bytes;
  }
  void Note(uint32_t type, const std::string& text) {
    notes_ += Bytes(Elf64_Nhdr{5, uint32_t(text.size()), type}) + std::string("CORE\0\0\0\0", 8) + text;
    notes_.resize((notes_.size() + 3) & ~size_t{3});
  }
  void Files(const std::vector<std::pair<std::string, std::vector<uint64_t>>>& files) {
    std::string text = Bytes(uint64_t{files.size()}) + Bytes(uint64_t{4096});
    for (const auto& [path, place] : files) text += Bytes(place[0]) + Bytes(place[1]) + Bytes(place[2]);
    for (const auto& [path, place] : files) text += path + '\0';
    Note(NT_FILE, text);
  }

  // `skew`: bytes before the memory, so that pages do not lie at pages (as in gcore's files).
  std::string Build(size_t skew = 0) {
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_type = ET_CORE;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = uint16_t(loads_.size() + 1);
    Elf64_Phdr note = {};
    note.p_type = PT_NOTE;
    note.p_offset = sizeof header + header.e_phnum * sizeof(Elf64_Phdr);
    note.p_filesz = notes_.size();
    uint64_t offset = (note.p_offset + notes_.size() + 4095) / 4096 * 4096 + skew;
    std::string text = Bytes(header) + Bytes(note);
    const uint64_t memory_at = offset;
    for (Elf64_Phdr load : loads_) {
      load.p_offset = offset;
      offset += load.p_filesz;
      text += Bytes(load);
    }
    text += notes_;
    text.resize(memory_at);
    return text + memory_;
  }

 private:
  std::vector<Elf64_Phdr> loads_;
  std::string notes_, memory_;
};

class CoreFileTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  std::string folder_ = ::testing::TempDir() + "limpet-core-XXXXXX";
};

const std::string kPageA(4096, 'a'), kPageB(4096, 'b');

TEST_F(CoreFileTest, SpansAreWhereTheSegmentsAre) {
  for (const size_t skew : {0, 100}) {
    CoreBuilder builder;
    builder.Segment(0x10000, 0x1000, kPageA);
    builder.Segment(0x11000, 0x3000, kPageB);  // adjoins; two thirds of it are zero
    builder.Segment(0x90000, 0x1000, kPageA);
    prpsinfo_t info = {};
    info.pr_pid = 4711;
    std::strcpy(info.pr_fname, "python3");
    builder.Note(NT_PRPSINFO, Bytes(info));
    builder.Note(NT_PRSTATUS, "");
    builder.Note(NT_PRSTATUS, "");
    auto core = CoreFile::Open(Write("core", builder.Build(skew)));
    ASSERT_TRUE(core.ok()) << core.message();
    EXPECT_THAT(core->problems(), IsEmpty());
    EXPECT_EQ(core->pid(), 4711);
    EXPECT_EQ(core->program(), "python3");
    EXPECT_EQ(core->threads(), 2u);
    const char* span = core->Span(0x10ff0, 0x3000);
    ASSERT_NE(span, nullptr);
    EXPECT_EQ(span[0xf], 'a');
    EXPECT_EQ(span[0x10], 'b');
    EXPECT_EQ(span[0x100f], 'b');
    EXPECT_EQ(span[0x1010], 0);
    EXPECT_EQ(core->Span(0x13ff0, 0x20), nullptr);
    EXPECT_EQ(core->Span(0x20000, 1), nullptr);
    EXPECT_EQ(core->Span(0x90fff, 1)[0], 'a');
  }
}

TEST_F(CoreFileTest, TakesWhatIsLeftOutFromTheFiles) {
  const std::string library = Write("libx.so", std::string(4096, '0') + std::string(4096, '1') + std::string(100, '2'));
  const std::string shorter = Write("liby.so", "too short");
  CoreBuilder builder;
  builder.Segment(0x10000, 0x1000, kPageA);
  builder.Segment(0x20000, 0x2000, "", PF_R | PF_X);
  builder.Segment(0x40000, 0x2000, "", PF_R | PF_X);
  builder.Segment(0x50000, 0x1000, "", PF_R | PF_X);
  builder.Segment(0x60000, 0x2000, kPageA, PF_R);  // the first page alone: the rest is the file's, not zero
  builder.Files({{library, {0x20000, 0x22000, 1}},
                 {shorter, {0x40000, 0x42000, 0}},
                 {"/nonexistent/libz.so", {0x50000, 0x51000, 0}},
                 {library, {0x60000, 0x62000, 0}}});
  auto core = CoreFile::Open(Write("core", builder.Build()));
  ASSERT_TRUE(core.ok()) << core.message();
  EXPECT_EQ(core->Span(0x20fff, 1)[0], '1');
  EXPECT_EQ(core->Span(0x21000, 100)[99], '2');
  EXPECT_EQ(core->Span(0x21000, 101)[100], 0);
  EXPECT_EQ(core->Span(0x60fff, 2)[0], 'a');
  EXPECT_EQ(core->Span(0x60fff, 2)[1], '1');
  EXPECT_EQ(core->Span(0x40000, 1), nullptr);
  EXPECT_EQ(core->Span(0x50000, 1), nullptr);
  EXPECT_THAT(core->problems(), ElementsAre(HasSubstr("libz.so"), HasSubstr("liby.so is not the file")));
  const auto modules = FindModules(core->map());
  EXPECT_THAT(modules, SizeIs(3));  // the copy without code is none
}

// An ELF file's first page with a build id of one byte.
std::string ElfPage(char build_id) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr note = {};
  note.p_type = PT_NOTE;
  note.p_offset = sizeof header + sizeof note;
  note.p_filesz = 20;
  std::string page =
      Bytes(header) + Bytes(note) + Bytes(Elf64_Nhdr{4, 1, NT_GNU_BUILD_ID}) + std::string("GNU\0", 4) + build_id;
  page.resize(4096);
  return page;
}

TEST_F(CoreFileTest, AFileOfAnotherBuildIsNotTaken) {
  ASSERT_EQ(BuildId(ElfPage('x')), "x");
  for (const char build_id : {'x', 'y'}) {
    const std::string library = Write("libx.so", ElfPage('x') + kPageB);
    CoreBuilder builder;
    builder.Segment(0x10000, 0x1000, ElfPage(build_id), PF_R);
    builder.Segment(0x11000, 0x1000, "", PF_R | PF_X);
    builder.Files({{library, {0x10000, 0x11000, 0}}, {library, {0x11000, 0x12000, 1}}});
    auto core = CoreFile::Open(Write("core", builder.Build()));
    ASSERT_TRUE(core.ok()) << core.message();
    EXPECT_EQ(core->Span(0x11000, 16) != nullptr, build_id == 'x');
    EXPECT_THAT(core->problems(), SizeIs(build_id == 'x' ? 0 : 1));
  }
}

TEST_F(CoreFileTest, ACutCoreGivesWhatIsThereAndSaysSo) {
  CoreBuilder builder;
  builder.Segment(0x10000, 0x4000, kPageA + kPageA + kPageA + kPageA);
  builder.Segment(0x20000, 0x1000, kPageB);
  const std::string bytes = builder.Build();
  auto core = CoreFile::Open(Write("core", bytes.substr(0, bytes.size() - 4096 - 5000)));
  ASSERT_TRUE(core.ok()) << core.message();
  EXPECT_THAT(core->problems(), ElementsAre(HasSubstr("cut short")));
  EXPECT_NE(core->Span(0x11000, 0x1000), nullptr);
  EXPECT_EQ(core->Span(0x12000, 1), nullptr);  // not zero
  EXPECT_EQ(core->Span(0x20000, 1), nullptr);
  for (size_t size = 0; size < bytes.size(); size += 37)
    (void)CoreFile::Open(Write("core", bytes.substr(0, size))).ok();
}

TEST_F(CoreFileTest, OtherFilesAreNamed) {
  EXPECT_THAT(CoreFile::Open("/proc/self/exe").message(), HasSubstr("but no core"));
  EXPECT_THAT(CoreFile::Open(Write("text", "hello")).message(), HasSubstr("no ELF file at all"));
  EXPECT_THAT(CoreFile::Open(folder_ + "/missing").message(), HasSubstr("missing"));
  EXPECT_THAT(CoreFile::Open(Write("core", CoreBuilder().Build())).message(), HasSubstr("without memory"));
}

int variable_in_core[3] = {1, 4711, 3};

TEST_F(CoreFileTest, ReadsWhatGcoreWrites) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the core of a process with a sanitizer has its shadow in it: terabytes";
#endif
  if (std::system("gcore 2>&1 | grep -q usage") != 0) GTEST_SKIP() << "no gcore (gdb) here";
  auto* const memory =
      static_cast<char*>(mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (int i = 0; i < 1 << 20; ++i) memory[i] = char(i * 7 >> 4);
  const pid_t child = fork();
  if (child == 0) {
    variable_in_core[1] = 4712;
    for (;;) pause();
  }
  const std::string command = "gcore -o '" + folder_ + "/core' " + std::to_string(child) + " >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  if (status != 0) GTEST_SKIP() << "gcore may not trace here";
  auto core = CoreFile::Open(folder_ + "/core." + std::to_string(child));
  ASSERT_TRUE(core.ok()) << core.message();
  EXPECT_THAT(core->problems(), IsEmpty());
  EXPECT_EQ(core->pid(), child);
  const char* span = core->Span(reinterpret_cast<uint64_t>(memory), 1 << 20);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(std::memcmp(span, memory, 1 << 20), 0);
  ModuleSymbols symbols(FindModules(core->map()));
  const auto address = reinterpret_cast<uint64_t>(&variable_in_core);
  EXPECT_THAT(symbols.NameData(address), HasSubstr("process_test:"));
  EXPECT_THAT(symbols.NameData(address), HasSubstr("variable_in_core"));
  int value = 0;
  std::memcpy(&value, core->Span(address + 4, 4), 4);
  EXPECT_EQ(value, 4712);
  munmap(memory, 1 << 20);
}

}  // namespace
}  // namespace limpet::process
