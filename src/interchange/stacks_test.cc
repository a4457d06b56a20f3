#include "interchange/stacks.h"

#include <gtest/gtest.h>

#include <map>

#include "capture/builder.h"
#include "interchange/frames.h"

namespace limpet::interchange {
namespace {

using capture::ProcessBuilder;

Amounts Sum(const capture::Process& process, size_t* stacks) {
  Amounts sums;
  *stacks = 0;
  ForEachStack(process, [&](const Stack& stack) {
    ++*stacks;
    for (size_t m = 0; m < kMeasures; ++m) sums[m] += stack.amounts[m];
  });
  return sums;
}

TEST(Stacks, PlacesThatLookAlikeAreOneStackWhateverTheInstruction) {
  ProcessBuilder builder;
  // Two instructions of one line; the agent tells them apart by their columns.
  const auto left = builder.Site({{"app.py", "open", 40, 1, 4, 8}, {"app.py", "main", 88}});
  const auto right = builder.Site({{"app.py", "open", 40, 1, 12, 16}, {"app.py", "main", 88}}, capture::Domain::kRaw);
  const auto other = builder.Site({{"app.py", "open", 41}, {"app.py", "main", 88}});
  builder.Born(left, 2, 200);
  builder.Born(right, 3, 300);
  builder.Died(right, 0, 1, 100);
  builder.Born(other, 5, 500);
  const capture::Process process = builder.Read();
  std::map<uint32_t, Amounts> by_line;
  FrameTable frames;
  frames.Enter(process);
  ForEachStack(process, [&](const Stack& stack) {
    const Place& leaf = frames.places()[frames.Stack(stack.node).front()];
    EXPECT_TRUE(by_line.insert({leaf.line, stack.amounts}).second);
  });
  ASSERT_EQ(by_line.size(), 2u);
  const auto bytes = [&](uint32_t line, Measure measure) { return by_line[line][size_t(measure)].bytes; };
  EXPECT_EQ(bytes(40, Measure::kAllocated), 500u);
  EXPECT_EQ(bytes(40, Measure::kChurned), 100u);
  EXPECT_EQ(bytes(40, Measure::kLive), 400u);
  EXPECT_EQ(bytes(41, Measure::kLive), 500u);
}

TEST(Stacks, MemoryWithoutAFrameIsAStackToo) {
  ProcessBuilder builder;
  builder.Born(builder.Site({}, capture::Domain::kMalloc), 1, 64);
  const capture::Process process = builder.Read();
  size_t stacks = 0;
  EXPECT_EQ(Sum(process, &stacks)[size_t(Measure::kLive)].bytes, 64u);
  EXPECT_EQ(stacks, 1u);
  FrameTable frames;
  frames.Enter(process);
  EXPECT_EQ(frames.places()[frames.Stack(capture::NodeId{0}).front()].function, kNoFrame);
}

TEST(Stacks, NamesOfMeasuresAreReadBack) {
  for (size_t m = 0; m < kMeasures; ++m) EXPECT_EQ(MeasureOf(NameOf(Measure(m))), Measure(m));
  EXPECT_FALSE(MeasureOf("lost"));
}

}  // namespace
}  // namespace limpet::interchange
