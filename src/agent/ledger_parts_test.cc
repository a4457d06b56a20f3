// The small parts of the ledger: ranges, pins, what the kernel's texts say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/kernel_counts.h"
#include "agent/pins.h"
#include "agent/ranges.h"
#include "agent/resources.h"
#include "agent/smaps.h"

namespace limpet::agent {
namespace {

// Ranges against a set of pages.
RC_GTEST_PROP(Ranges, AreWhatASetOfPagesSays, ()) {
  static RangeList<64> ranges;
  ranges.Clear();
  std::set<uintptr_t> pages;
  for (int step = *rc::gen::inRange(1, 60); step > 0; --step) {
    const auto begin = uintptr_t(*rc::gen::inRange(1, 50));
    const auto size = size_t(*rc::gen::inRange(1, 8));
    const bool add = *rc::gen::arbitrary<bool>();
    const bool taken =
        std::any_of(pages.begin(), pages.end(), [&](uintptr_t page) { return page >= begin && page < begin + size; });
    if (add && taken) continue;  // the kernel hands nothing out twice
    // A hole in the middle of a range is more than an allocator makes: the list forgets what is behind it.
    if (!add && pages.contains(begin - 1) && pages.contains(begin) && pages.contains(begin + size)) continue;
    if (add) ranges.Add(begin, size);
    else ranges.Remove(begin, size);
    for (uintptr_t page = begin; page < begin + size; ++page) {
      if (add) pages.insert(page);
      else pages.erase(page);
    }
  }
  std::set<uintptr_t> listed;
  for (uint32_t i = 0; i < ranges.count(); ++i)
    for (uintptr_t page = ranges.at(i).begin; page < ranges.at(i).end; ++page) RC_ASSERT(listed.insert(page).second);
  RC_ASSERT(listed == pages);
}

TEST(Ranges, AFullListForgetsWhatComesNext) {
  static RangeList<2> ranges;
  for (uintptr_t at = 0; at < 5; ++at) ranges.Add(at * 10, 5);
  EXPECT_EQ(ranges.count(), 2u);
}

RC_GTEST_PROP(Pins, TheLargestAreThoseOfAMap, ()) {
  PinTable table;
  std::map<uint32_t, capture::LedgerPin> naive;
  const auto adds = *rc::gen::container<std::vector<std::pair<uint32_t, uint32_t>>>(
      rc::gen::pair(rc::gen::inRange<uint32_t>(0, 40), rc::gen::inRange<uint32_t>(0, 1000)));
  for (const auto& [site, pinned] : adds) {
    table.Add(site, 16, pinned);
    capture::LedgerPin& pin = naive[site];
    pin.site = site;
    ++pin.blocks;
    pin.bytes += 16;
    pin.pinned += pinned;
  }
  std::vector<uint64_t> expected, got;
  for (const auto& [site, pin] : naive) expected.push_back(pin.pinned);
  std::sort(expected.rbegin(), expected.rend());
  expected.resize(std::min<size_t>(expected.size(), capture::kMaxPins));
  capture::LedgerPin out[capture::kMaxPins];
  table.TakeLargest(out);
  for (const capture::LedgerPin& pin : out) {
    if (!pin.blocks) continue;
    got.push_back(pin.pinned);
    RC_ASSERT(pin.pinned == naive[pin.site].pinned);
    RC_ASSERT(pin.blocks == naive[pin.site].blocks);
    RC_ASSERT(pin.bytes == naive[pin.site].bytes);
  }
  RC_ASSERT(got == expected);
}

TEST(Pins, MoreSitesThanPlacesAreTold) {
  static PinTable table;
  for (uint32_t site = 0; site < 3072; ++site) table.Add(site, 1, site);
  EXPECT_FALSE(table.full());
  table.Add(99999, 1, 1 << 30);
  EXPECT_TRUE(table.full());
}

constexpr char kSmaps[] =
    "00400000-00452000 r-xp 00000000 08:02 173521  /usr/bin/dbus daemon\n"
    "Rss:                  80 kB\nAnonymous:             4 kB\nVmFlags: rd ex\n"
    "00e03000-00e24000 rw-p 00000000 00:00 0                                  [heap]\n"
    "Anonymous:           100 kB\n"
    "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \nAnonymous:            12 kB\n"
    "7f0000021000-7f0004000000 ---p 00000000 00:00 0 \nAnonymous:             0 kB\n"
    "7f1000000000-7f1000100000 rw-s 00000000 00:01 4 /dev/zero (deleted)\nAnonymous: 0 kB\n"
    "7ffc1000-7ffc3000 rw-p 00000000 00:00 0 [stack]\nAnonymous: 8 kB\n"
    "7ffff000-80000000 r-xp 00000000 00:00 0 [vdso]\nAnonymous: 0 kB";

std::vector<MapEntry> Parse(const std::string& text, size_t piece, SmapsParser* parser, std::vector<MapEntry>& places) {
  for (size_t at = 0; at < text.size(); at += piece) parser->Feed(text.data() + at, std::min(piece, text.size() - at));
  parser->Finish();
  return {places.begin(), places.begin() + long(parser->count())};
}

TEST(Smaps, MappingsAndTheirKinds) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{64}, sizeof kSmaps}) {
    std::vector<MapEntry> places(16);
    SmapsParser parser(places.data(), places.size());
    const std::vector<MapEntry> maps = Parse(kSmaps, piece, &parser, places);
    std::vector<MapKind> kinds;
    for (const MapEntry& map : maps) kinds.push_back(map.kind);
    EXPECT_THAT(kinds, testing::ElementsAre(MapKind::kFile, MapKind::kHeap, MapKind::kAnonymous, MapKind::kGuard,
                                            MapKind::kShared, MapKind::kStack, MapKind::kOther));
    EXPECT_EQ(maps[1].begin, 0xe03000u);
    EXPECT_EQ(maps[1].end, 0xe24000u);
    EXPECT_EQ(maps[1].anon, 100u * 1024);
    EXPECT_TRUE(maps[1].writable);
    EXPECT_EQ(parser.anon(), 124u * 1024);
    EXPECT_FALSE(parser.cut());
  }
}

TEST(Smaps, WithoutPlacesTheSumIsStillWhole) {
  std::vector<MapEntry> places(2);
  SmapsParser parser(places.data(), places.size());
  EXPECT_EQ(Parse(kSmaps, 50, &parser, places).size(), 2u);
  EXPECT_TRUE(parser.cut());
  EXPECT_EQ(parser.anon(), 124u * 1024);
  EXPECT_EQ(places[1].anon, 100u * 1024);
}

TEST(Smaps, OurOwnHoldWhatWeTouch) {
  std::vector<MapEntry> places(65536);
  SmapsParser parser(places.data(), places.size());
  ASSERT_TRUE(ReadOwnSmaps(&parser));
  const auto here = reinterpret_cast<uintptr_t>(&parser);
  const bool found = std::any_of(places.begin(), places.begin() + long(parser.count()), [&](const MapEntry& map) {
    return map.begin <= here && here < map.end && map.anon > 0;
  });
  EXPECT_TRUE(found);
}

RC_GTEST_PROP(Smaps, AnyTextIsSurvived, (const std::string& text)) {
  MapEntry places[2];
  SmapsParser parser(places, 2);
  parser.Feed(text.data(), text.size());
  parser.Finish();
  RC_ASSERT(parser.count() <= 2u);
}

TEST(KernelCounts, NumbersBehindKeys) {
  const char text[] = "Name:\tRssFile: 7\nVmRSS:\t  20 kB\nRssFile:\t     123 kB\nfile 99\n";
  EXPECT_EQ(NumberBehind(text, "RssFile:"), 123u);
  EXPECT_EQ(NumberBehind(text, "file "), 99u);
  EXPECT_EQ(NumberBehind(text, "file_mapped "), 0u);
  EXPECT_EQ(NumberBehind("", "x"), 0u);
}

TEST(KernelCounts, PathsOfCgroups) {
  const char both[] = "12:cpu,cpuacct:/a\n4:memory:/app/one\n1:name=systemd:/x\n0::/unified/it\n";
  char path[64];
  CgroupPath(both, true, path, sizeof path);
  EXPECT_STREQ(path, "/unified/it");
  CgroupPath(both, false, path, sizeof path);
  EXPECT_STREQ(path, "/app/one");
  CgroupPath("0::/\n", true, path, sizeof path);
  EXPECT_STREQ(path, "");
  CgroupPath("nonsense\n0:", false, path, sizeof path);
  EXPECT_STREQ(path, "");
  CgroupPath(both, true, path, 5);
  EXPECT_STREQ(path, "/uni");
}

TEST(Resources, KindsOfDescriptors) {
  EXPECT_EQ(KindOfDescriptor("/tmp/a"), DescriptorKind::kFile);
  EXPECT_EQ(KindOfDescriptor("/dev/pts/0"), DescriptorKind::kOther);
  EXPECT_EQ(KindOfDescriptor("socket:[123]"), DescriptorKind::kSocket);
  EXPECT_EQ(KindOfDescriptor("pipe:[1]"), DescriptorKind::kPipe);
  EXPECT_EQ(KindOfDescriptor("anon_inode:[eventfd]"), DescriptorKind::kEvent);
  EXPECT_EQ(KindOfDescriptor("anon_inode:[eventpoll]"), DescriptorKind::kOther);
  EXPECT_EQ(KindOfDescriptor(""), DescriptorKind::kOther);
}

TEST(Resources, CountsWhatWasOpened) {
  capture::ResourceRecord before = {}, after = {};
  CountResources(0, &before);
  FILE* file = tmpfile();
  ASSERT_NE(file, nullptr);
  CountResources(0, &after);
  fclose(file);
  EXPECT_EQ(after.flags & capture::kResourceKinds, capture::kResourceKinds);
  EXPECT_EQ(after.open, before.open + 1);
  EXPECT_EQ(after.files, before.files + 1);
  EXPECT_GE(after.threads, 1u);
  EXPECT_GT(after.anon, 0u);
}

}  // namespace
}  // namespace limpet::agent
