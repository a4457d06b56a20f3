#include "serve/pulse.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace limpet::serve {
namespace {

namespace fs = std::filesystem;

class PulseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "pulseXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  std::string Pulse() const { return PulseOf(root_.string()); }
  fs::path root_;
};

TEST_F(PulseTest, IsAnotherAfterEachChangeAndTheSameWithoutOne) {
  std::set<std::string> seen = {Pulse()};
  const auto is_new = [&] { return seen.insert(Pulse()).second; };
  Write("run.json", "{}");
  EXPECT_TRUE(is_new());
  Write("p1/data", std::string(8192, 'x'));
  EXPECT_TRUE(is_new());
  EXPECT_FALSE(is_new());
  std::string changed(8192, 'x');
  changed[400] = 'y';  // last_tick_ns
  Write("p1/data", changed);
  EXPECT_TRUE(is_new());
  Write("p1/heap.1", "LIMPHEAP");
  EXPECT_TRUE(is_new());
  Write("p2/data", "");
  EXPECT_TRUE(is_new());
  Write("run.json", "{\"exit_status\": 0}");
  EXPECT_TRUE(is_new());
}

TEST_F(PulseTest, DoesNotHeedHalfWrittenSnapshots) {
  Write("p1/data", "x");
  const std::string before = Pulse();
  Write("p1/heap.1.part", "LIMP");
  EXPECT_EQ(Pulse(), before);
}

TEST_F(PulseTest, TakesWhatIsGone) {
  Write("p1/data", "x");
  const std::string before = Pulse();
  fs::remove_all(root_);
  EXPECT_NE(Pulse(), before);
  EXPECT_EQ(Pulse(), PulseOf("/nowhere/at/all"));
}

}  // namespace
}  // namespace limpet::serve
