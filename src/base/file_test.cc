#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/byte_reader.h"
#include "base/crc32.h"

namespace limpet::base {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_ = ::testing::TempDir() + "limpet-file-XXXXXX";
};

TEST_F(FileTest, WritesAndReadsBack) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(WriteFileAtomically(Path("f"), bytes).ok());
  EXPECT_EQ(*ReadFile(Path("f")), bytes);
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "second").ok());
  EXPECT_EQ(*ReadFile(Path("f")), "second");
  EXPECT_EQ((*MappedFile::Open(Path("f"))).bytes(), "second");
}

TEST_F(FileTest, LeavesNoTemporaryFileBehind) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "x").ok());
  ASSERT_TRUE(std::filesystem::create_directory(Path("d")));
  const Status onto_directory = WriteFileAtomically(Path("d"), "x");
  EXPECT_THAT(onto_directory.message(), HasSubstr("cannot write " + Path("d")));
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++entries;
  EXPECT_EQ(entries, 2);
}

TEST_F(FileTest, ErrorsNameThePathAndTheCause) {
  EXPECT_EQ(ReadFile(Path("none")).message(), "cannot open " + Path("none") + ": No such file or directory");
  EXPECT_THAT(ReadFile(folder_).message(), HasSubstr("is a directory"));
  EXPECT_THAT(WriteFileAtomically(Path("no/such/f"), "x").message(), HasSubstr("No such file or directory"));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(Path("pipe")).message(), HasSubstr("not a regular file"));
}

TEST_F(FileTest, MapsAnEmptyFile) {
  ASSERT_TRUE(WriteFileAtomically(Path("empty"), "").ok());
  EXPECT_EQ((*MappedFile::Open(Path("empty"))).bytes(), "");
}

TEST_F(FileTest, MovingAMappedFileKeepsTheBytes) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "first").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("g"), "second").ok());
  MappedFile file = *MappedFile::Open(Path("f"));
  file = *MappedFile::Open(Path("g"));
  const MappedFile moved = std::move(file);
  EXPECT_EQ(moved.bytes(), "second");
}

TEST(ByteReader, NeverReadsPastTheEnd) {
  ByteReader in(std::string_view("\x01\x02\x03\x04\x05", 5));
  EXPECT_EQ(in.Read<uint32_t>(), 0x04030201u);
  EXPECT_EQ(in.Read<uint16_t>(), std::nullopt);
  EXPECT_EQ(in.position(), 4u);
  EXPECT_EQ(in.ReadBytes(2), std::nullopt);
  EXPECT_EQ(in.ReadBytes(1), std::string_view("\x05"));
  EXPECT_EQ(in.remaining(), 0u);
  EXPECT_FALSE(in.Seek(6));
  EXPECT_TRUE(in.Seek(5));
  EXPECT_EQ(ReadAt<uint8_t>("abc", 2), uint8_t('c'));
  EXPECT_EQ(ReadAt<uint8_t>("abc", 3), std::nullopt);
  EXPECT_EQ(ReadAt<uint16_t>("abc", UINT64_MAX), std::nullopt);
}

TEST(Crc32, IsTheOneOfZlib) {
  EXPECT_EQ(Crc32("123456789", 9), 0xcbf43926u);
  EXPECT_EQ(Crc32("", 0), 0u);
}

}  // namespace
}  // namespace limpet::base
