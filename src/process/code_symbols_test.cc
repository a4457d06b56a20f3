#include "process/code_symbols.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <filesystem>
#include <fstream>

namespace limpet::process {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(CodeSymbolsTest, NamesAreToldWithoutParameters) {
  EXPECT_EQ(WithoutParameters("app::Index::Add(std::string const&, int)"), "app::Index::Add");
  EXPECT_EQ(WithoutParameters("f() const"), "f");
  EXPECT_EQ(WithoutParameters("std::function<void (int)>::call(int)"), "std::function<void (int)>::call");
  EXPECT_EQ(WithoutParameters("operator new(unsigned long)"), "operator new");
  EXPECT_EQ(WithoutParameters("(anonymous namespace)::f(int)"), "(anonymous namespace)::f");
  EXPECT_EQ(WithoutParameters("make_node"), "make_node");
  EXPECT_EQ(WithoutParameters("Frame::operator()"), "Frame::operator()");
  EXPECT_EQ(WithoutParameters(")("), ")(");
  EXPECT_EQ(WithoutParameters(""), "");
}

uint64_t BiasOfThis() {
  Dl_info info;
  link_map* map = nullptr;
  dladdr1(reinterpret_cast<void*>(&BiasOfThis), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP);
  return map->l_addr;
}

[[gnu::noinline]] uint64_t WhereThisReturnsTo() { return reinterpret_cast<uint64_t>(__builtin_return_address(0)); }

[[gnu::always_inline]] inline uint64_t Inlined() { return WhereThisReturnsTo() + 0; }

// The function whose name is asked for.
[[gnu::noinline]] uint64_t Outer() {
  const uint64_t address = Inlined();
  __asm__ volatile("" ::: "memory");
  return address;
}

TEST(CodeSymbolsTest, NamesAFunctionOfThisProgram) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  CodeSymbols symbols;
  const std::vector<CodePlace>& places = symbols.CallBefore(self, "", Outer() - BiasOfThis());
  ASSERT_THAT(places, SizeIs(testing::Ge(1u)));
  EXPECT_THAT(places.back().function, HasSubstr("Outer"));
  EXPECT_EQ(places.back().module, self);
  if (places.size() == 2) {  // built with debug information
    EXPECT_THAT(places.front().function, HasSubstr("Inlined"));
    EXPECT_THAT(places.front().file, HasSubstr("code_symbols_test.cc"));
    EXPECT_GT(places.back().line, places.front().line);
  }
  EXPECT_THAT(symbols.problems(), IsEmpty());
}

TEST(CodeSymbolsTest, TellsOffsetsWhereAFileIsGoneOrIsAnother) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  CodeSymbols symbols;
  EXPECT_THAT(symbols.CallBefore("/no/such/libx.so.1", "", 0x1234),
              ElementsAre(CodePlace{"libx.so.1+0x1234", "", 0, "/no/such/libx.so.1"}));
  EXPECT_THAT(symbols.CallBefore(self, "00ff", 0x1234),
              ElementsAre(testing::Field(&CodePlace::function, HasSubstr("+0x1234"))));
  EXPECT_THAT(symbols.CallBefore("linux-vdso.so.1", "", 0x99),
              ElementsAre(CodePlace{"linux-vdso.so.1+0x99", "", 0, "linux-vdso.so.1"}));
  EXPECT_THAT(symbols.problems(), ElementsAre(HasSubstr("not there any more"), HasSubstr("has changed")));
}

TEST(CodeSymbolsTest, FilesThatAreNoElfHaveNoNames) {
  const std::string path = ::testing::TempDir() + "limpet-no-elf";
  std::ofstream(path) << "\177ELF and nothing else";
  CodeSymbols symbols;
  EXPECT_THAT(symbols.CallBefore(path, "", 1), ElementsAre(testing::Field(&CodePlace::function, "limpet-no-elf+0x1")));
  EXPECT_THAT(symbols.problems(), SizeIs(1));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace limpet::process
