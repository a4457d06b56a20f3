#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <vector>

#include "capture/format.h"
#include "capture/reader.h"

namespace limpet::capture {
namespace {

using ::testing::ElementsAre;

// The same by other means: every epoch carries the number of its group, as in the agent, and a merge halves them all.
std::vector<EpochRange> GroupByNumbers(const std::vector<uint32_t>& folds, uint32_t final_folds) {
  std::vector<uint32_t> group_of;
  const auto groups = [&] { return group_of.empty() ? 0 : group_of.back() + 1; };
  const auto merge = [&] {
    for (uint32_t& group : group_of) group /= 2;
  };
  uint32_t done = 0;
  for (const uint32_t fold : folds) {
    for (; done < fold; ++done) merge();
    if (groups() >= kMaxEpochGroups) merge();
    group_of.push_back(groups());
  }
  for (; done < final_folds; ++done) merge();
  std::vector<EpochRange> ranges;
  for (uint32_t epoch = 0; epoch < group_of.size(); ++epoch) {
    if (group_of[epoch] == ranges.size()) ranges.push_back({epoch, epoch});
    ranges.back().end = epoch + 1;
  }
  return ranges;
}

TEST(GroupEpochs, LeavesFewEpochsAlone) {
  EXPECT_TRUE(GroupEpochs({}, 0).empty());
  const std::vector<uint32_t> folds = {0, 0};
  EXPECT_THAT(GroupEpochs(folds, 0), ElementsAre(EpochRange{0, 1}, EpochRange{1, 2}));
}

TEST(GroupEpochs, MergesPairsBeforeTheEpochThatSaysSo) {
  const std::vector<uint32_t> folds = {0, 0, 0, 0, 1};
  EXPECT_THAT(GroupEpochs(folds, 1), ElementsAre(EpochRange{0, 2}, EpochRange{2, 4}, EpochRange{4, 5}));
  EXPECT_THAT(GroupEpochs(folds, 2), ElementsAre(EpochRange{0, 4}, EpochRange{4, 5}));
}

TEST(GroupEpochs, ForgedFoldsNeitherHangNorGrow) {
  const std::vector<uint32_t> folds = {0, 0, 0xfffffffe, 0};
  EXPECT_THAT(GroupEpochs(folds, 0), ElementsAre(EpochRange{0, 2}, EpochRange{2, 3}, EpochRange{3, 4}));
  EXPECT_THAT(GroupEpochs({folds.begin(), 2}, 0xffffffff), ElementsAre(EpochRange{0, 2}));
  EXPECT_LE(GroupEpochs(std::vector<uint32_t>(10'000, 0), 0).size(), kMaxEpochGroups);
}

RC_GTEST_PROP(GroupEpochs, AgreesWithNumberingTheGroups, ()) {
  // Rising fold counts with runs of any length in between, also such as no agent would write.
  std::vector<uint32_t> folds;
  uint32_t fold = 0;
  for (const auto& run : *rc::gen::container<std::vector<std::pair<uint8_t, uint8_t>>>(
           rc::gen::arbitrary<std::pair<uint8_t, uint8_t>>())) {
    folds.insert(folds.end(), run.first, fold);
    fold += run.second % 3;
  }
  const uint32_t final_folds = fold + *rc::gen::inRange<uint32_t>(0, 3);
  const std::vector<EpochRange> ranges = GroupEpochs(folds, final_folds);
  RC_ASSERT(ranges == GroupByNumbers(folds, final_folds));
  RC_ASSERT(ranges.size() <= kMaxEpochGroups);
  uint32_t next = 0;
  for (const EpochRange& range : ranges) {
    RC_ASSERT(range.first == next);
    RC_ASSERT(range.end > range.first);
    next = range.end;
  }
  RC_ASSERT(next == folds.size());
}

}  // namespace
}  // namespace limpet::capture
