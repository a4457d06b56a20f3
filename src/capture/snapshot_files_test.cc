#include "capture/snapshot_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace limpet::capture {
namespace {

TEST(SnapshotFiles, OnlyWholeOnesHaveANumber) {
  EXPECT_EQ(SnapshotNumber("heap.3"), 3u);
  for (const char* name : {"heap.", "heap.3.part", "heap.x", "heap3", "data", "heap.-1", "heap.99999999999"}) {
    EXPECT_FALSE(SnapshotNumber(name)) << name;
  }
}

TEST(SnapshotFiles, AreInOrderOfNumberAlsoAcrossGaps) {
  std::string folder = ::testing::TempDir() + "limpet-files-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  for (const char* name : {"heap.10", "heap.2", "heap.1", "heap.11.part", "data"})
    std::ofstream(folder + "/" + name) << "x";
  std::vector<uint32_t> numbers;
  for (const NumberedSnapshot& file : ListSnapshotFiles(folder)) {
    numbers.push_back(file.number);
    EXPECT_EQ(file.path, folder + "/heap." + std::to_string(file.number));
  }
  EXPECT_EQ(numbers, (std::vector<uint32_t>{1, 2, 10}));
  EXPECT_TRUE(ListSnapshotFiles(folder + "/none").empty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace limpet::capture
