#include "process/memory_map.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace limpet::process {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kMaps =
    "55d0a0000000-55d0a0001000 r--p 00000000 08:01 131090                     /usr/bin/python3.11\n"
    "55d0a0001000-55d0a0002000 r-xp 00001000 08:01 131090                     /usr/bin/python3.11\n"
    "55d0a0003000-55d0a0004000 rw-p 00002000 08:01 131090                     /usr/bin/python3.11\n"
    "55d0a0004000-55d0a0007000 rw-p 00000000 00:00 0 \n"
    "55d0a1000000-55d0a1021000 rw-p 00000000 00:00 0                          [heap]\n"
    "7f0000000000-7f0000001000 rw-s 00000000 00:01 2048                       /memfd:with space (deleted)\n"
    "7f1000000000-7f1000001000 r--p 00000000 fd:10 77                         /opt/a b/libx.so.1\n"
    "7f1000001000-7f1000002000 r-xp 00001000 fd:10 77                         /opt/a b/libx.so.1\n"
    "7f1000002000-7f1000004000 rw-p 00001000 fd:10 77                         /opt/a b/libx.so.1\n"
    "7f2000000000-7f2000001000 r--p 00000000 fd:10 78                         /usr/share/locale.mo\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

TEST(MemoryMap, ReadsEveryField) {
  const MemoryMap map = MemoryMap::Parse(kMaps);
  ASSERT_THAT(map.mappings(), SizeIs(11));
  EXPECT_EQ(map.odd_lines(), 0u);
  const Mapping& shared = map.mappings()[5];
  EXPECT_EQ(shared.path, "/memfd:with space");
  EXPECT_TRUE(shared.deleted && shared.shared && shared.readable && shared.writable && !shared.executable);
  EXPECT_EQ(shared.inode, 2048u);
  const Mapping& code = map.mappings()[7];
  EXPECT_TRUE(code.executable && !code.shared && !code.writable && code.has_file());
  EXPECT_EQ(code.offset, 0x1000u);
  EXPECT_EQ(code.path, "/opt/a b/libx.so.1");
  EXPECT_FALSE(map.mappings()[4].has_file());
}

TEST(MemoryMap, FindsTheMappingOfAnAddress) {
  const MemoryMap map = MemoryMap::Parse(kMaps);
  EXPECT_EQ(map.Find(0x55d0a0000000)->offset, 0u);
  EXPECT_EQ(map.Find(0x55d0a0001fff)->offset, 0x1000u);
  EXPECT_EQ(map.Find(0x55d0a0002000), nullptr);
  EXPECT_EQ(map.Find(0), nullptr);
  EXPECT_EQ(map.Find(~uint64_t{0}), nullptr);
  EXPECT_EQ(MemoryMap().Find(5), nullptr);
}

TEST(MemoryMap, LeavesOutLinesThatMakeNoSense) {
  const MemoryMap map = MemoryMap::Parse(
      "no line of a map\n"
      "1000-2000 r--p 0 08:01 5 /a\n"
      "1800-2800 r--p 0 08:01 5 /overlaps\n"
      "5000-4000 r--p 0 08:01 5 /backwards\n"
      "zzzz-4000 r--p 0 08:01 5 /z\n"
      "6000-7000 r-\n"
      "\n"
      "3000-4000 rw-p 0 00:00 0");
  EXPECT_THAT(map.mappings(), SizeIs(2));
  EXPECT_EQ(map.odd_lines(), 5u);
}

TEST(MemoryMap, ModulesHaveTheirDataAndBss) {
  const auto modules = FindModules(MemoryMap::Parse(kMaps));
  ASSERT_THAT(modules, SizeIs(2));  // the catalogue of messages has no code
  EXPECT_EQ(modules[0].name, "python3.11");
  EXPECT_EQ(modules[0].begin, 0x55d0a0000000u);
  EXPECT_EQ(modules[0].end, 0x55d0a0007000u);
  ASSERT_THAT(modules[0].data, SizeIs(2));
  EXPECT_TRUE(modules[0].data[0].in_file);
  EXPECT_EQ(modules[0].data[0].file_offset, 0x2000u);
  EXPECT_FALSE(modules[0].data[1].in_file);
  EXPECT_EQ(modules[0].data[1].begin, 0x55d0a0004000u);
  EXPECT_EQ(modules[1].path, "/opt/a b/libx.so.1");
  EXPECT_THAT(modules[1].data, SizeIs(1));
}

// The first page of an ELF file with one writable part.
std::string PageWithPart(uint16_t type, uint64_t address, uint64_t size) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_type = type;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr part = {};
  part.p_type = PT_LOAD;
  part.p_flags = PF_R | PF_W;
  part.p_vaddr = address;
  part.p_memsz = size;
  std::string page(4096, '\0');
  std::memcpy(page.data(), &header, sizeof header);
  std::memcpy(page.data() + sizeof header, &part, sizeof part);
  return page;
}

TEST(MemoryMap, MemoryThatAdjoinsBssIsNotPartOfIt) {
  Module module = {.path = "/libx.so", .name = "libx.so", .begin = 0x10000, .end = 0x90000, .data = {}};
  module.data = {{0x12000, 0x13000, true, 0x2000}, {0x13000, 0x90000, false, 0}};
  Module cut = module;
  CutToProgramHeaders(PageWithPart(ET_DYN, 0x2100, 0x1f80), &cut);  // ends in the second page of .bss
  ASSERT_THAT(cut.data, SizeIs(2));
  EXPECT_EQ(cut.data[1].end, 0x14080u);
  EXPECT_EQ(cut.end, 0x14080u);
  cut = module;
  CutToProgramHeaders(PageWithPart(ET_DYN, 0x2100, 0x800), &cut);  // ends in the file's own last page: there is no .bss
  ASSERT_THAT(cut.data, SizeIs(1));
  EXPECT_TRUE(cut.data[0].in_file);
  EXPECT_EQ(cut.end, 0x13000u);
  cut = module;
  CutToProgramHeaders(PageWithPart(ET_EXEC, 0x12100, 0x1f80), &cut);  // addresses as they are
  EXPECT_EQ(cut.data.back().end, 0x14080u);
}

TEST(MemoryMap, APageThatIsNoElfHeaderCutsNothing) {
  Module module = {.path = "/libx.so", .name = "libx.so", .begin = 0x10000, .end = 0x90000, .data = {}};
  module.data = {{0x13000, 0x90000, false, 0}};
  std::string far = PageWithPart(ET_DYN, 0x2100, 0x800);
  Elf64_Ehdr header;
  std::memcpy(&header, far.data(), sizeof header);
  header.e_phoff = ~uint64_t{0} - 10;
  std::memcpy(far.data(), &header, sizeof header);
  for (const std::string& page : {std::string(), std::string(4096, 'x'), far}) {
    CutToProgramHeaders(page, &module);
    ASSERT_THAT(module.data, SizeIs(1));
    EXPECT_EQ(module.data[0].end, 0x90000u);
  }
}

TEST(MemoryMap, ReadsOurOwn) {
  const auto map = MemoryMap::Read(getpid());
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->odd_lines(), 0u);
  static int variable = 1;
  const auto modules = FindModules(*map);
  bool found = false;
  for (const Module& module : modules) {
    for (const DataRange& range : module.data) {
      const auto address = reinterpret_cast<uint64_t>(&variable);
      found |= module.name == "process_test" && range.begin <= address && address < range.end;
    }
  }
  EXPECT_TRUE(found);
  EXPECT_THAT(MemoryMap::Read(0x3ffffff0).ok(), false);
}

}  // namespace
}  // namespace limpet::process
