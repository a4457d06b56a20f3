#include "interchange/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace limpet::interchange {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SinkTest : public testing::Test {
 protected:
  SinkTest() { fs::create_directories(folder_); }
  ~SinkTest() override { fs::remove_all(folder_); }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }
  size_t Files() const { return size_t(std::distance(fs::directory_iterator(folder_), fs::directory_iterator())); }
  const fs::path folder_ = fs::path(testing::TempDir()) / ("sink_test." + std::to_string(getpid()));
};

std::string Unpacked(const std::string& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  std::string text;
  char buffer[65536];
  for (int got; (got = gzread(file, buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(got));
  gzclose(file);
  return text;
}

TEST_F(SinkTest, AFileAppearsWholeAtTheEnd) {
  Result<Sink> sink = Sink::Open(At("a"), Packing::kNone);
  ASSERT_TRUE(sink.ok());
  const std::string large(1'000'000, 'x');
  sink->Write("head ");
  sink->Write(large);
  EXPECT_FALSE(fs::exists(At("a")));
  ASSERT_TRUE(sink->Finish().ok());
  EXPECT_EQ(*base::ReadFile(At("a")), "head " + large);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(SinkTest, WhatIsNotFinishedLeavesNothingAndTouchesNothing) {
  ASSERT_TRUE(base::WriteFileAtomically(At("a"), "old").ok());
  {
    Result<Sink> sink = Sink::Open(At("a"), Packing::kGzip);
    ASSERT_TRUE(sink.ok());
    sink->Write(std::string(1'000'000, 'x'));
  }
  EXPECT_EQ(*base::ReadFile(At("a")), "old");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(SinkTest, GzipIsReadBackByItsLibrary) {
  std::string text;
  Result<Sink> sink = Sink::Open(At("a.gz"), Packing::kGzip);
  ASSERT_TRUE(sink.ok());
  for (int i = 0; i < 200'000; ++i) {
    const std::string piece = std::to_string(i * 7919);
    text += piece;
    sink->Write(piece);
  }
  ASSERT_TRUE(sink->Finish().ok());
  EXPECT_EQ(Unpacked(At("a.gz")), text);
  EXPECT_LT(fs::file_size(At("a.gz")), text.size());
}

TEST_F(SinkTest, ErrorsNameThePlaceAndAreToldAtTheEnd) {
  EXPECT_THAT(Sink::Open(At("no/a"), Packing::kNone).message(), HasSubstr("no/a': No such file"));
  Result<Sink> full = Sink::Open("/dev/full", Packing::kNone);
  ASSERT_TRUE(full.ok());
  full->Write("x");
  EXPECT_TRUE(full->good());
  full->Write(std::string(1'000'000, 'x'));
  EXPECT_FALSE(full->good());
  EXPECT_THAT(full->Finish().message(), HasSubstr("cannot write '/dev/full': No space left"));
  struct stat there = {};
  EXPECT_TRUE(stat("/dev/full", &there) == 0 && S_ISCHR(there.st_mode));
}

}  // namespace
}  // namespace limpet::interchange
