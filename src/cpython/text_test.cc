#include "cpython/text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "cpython/layouts.h"

namespace limpet::cpython {
namespace {

constexpr uint64_t kBase = 0x10000;

// A few kilobytes that begin at kBase; everything else cannot be read.
class FakeMemory {
 public:
  bool Read(uint64_t address, void* to, size_t size) const {
    if (address < kBase || address - kBase > bytes.size() || bytes.size() - (address - kBase) < size) return false;
    memcpy(to, bytes.data() + (address - kBase), size);
    return true;
  }
  template <class T>
  void Put(size_t offset, T value) {
    if (bytes.size() < offset + sizeof value) bytes.resize(offset + sizeof value);
    memcpy(bytes.data() + offset, &value, sizeof value);
  }
  std::vector<unsigned char> bytes;
};

int NarrowestKind(const std::u32string& text) {
  int kind = 1;
  for (char32_t c : text) kind = c >= 0x10000 ? 4 : c >= 0x100 && kind < 2 ? 2 : kind;
  return kind;
}

// Lays `text` out as CPython does, at kBase.
template <class L>
FakeMemory Lay(const std::u32string& text, bool compact) {
  FakeMemory memory;
  const int kind = NarrowestKind(text);
  bool ascii = true;
  for (char32_t c : text) ascii &= c < 0x80;
  memory.Put<int64_t>(L::kUnicodeLength, int64_t(text.size()));
  memory.Put<uint32_t>(L::kUnicodeState, uint32_t(kind) << L::kUnicodeKindShift | (compact ? L::kUnicodeCompact : 0) |
                                             (ascii ? L::kUnicodeAscii : 0) | L::kUnicodeReady);
  size_t data = ascii ? L::kUnicodeAsciiData : L::kUnicodeCompactData;
  if (!compact) {
    data = L::kUnicodeLegacyData + 64;
    memory.Put<uint64_t>(L::kUnicodeLegacyData, kBase + data);
  }
  memory.bytes.resize(data);
  for (size_t i = 0; i < text.size(); ++i) {
    if (kind == 1) memory.Put<uint8_t>(data + i, uint8_t(text[i]));
    if (kind == 2) memory.Put<uint16_t>(data + 2 * i, uint16_t(text[i]));
    if (kind == 4) memory.Put<uint32_t>(data + 4 * i, text[i]);
  }
  return memory;
}

std::string EncodeOne(char32_t c) {
  if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff) c = 0xfffd;
  if (c < 0x80) return {char(c)};
  if (c < 0x800) return {char(0xc0 | c >> 6), char(0x80 | (c & 63))};
  if (c < 0x10000) return {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
  return {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
}

// The naive answer: encode all, and if it is too long take characters while the dots still fit.
std::string Expected(const std::u32string& text, size_t capacity) {
  std::string all;
  for (char32_t c : text) all += EncodeOne(c);
  if (all.size() <= capacity) return all;
  const std::string dots = capacity >= 3 ? "..." : "";
  std::string cut;
  for (char32_t c : text) {
    if (cut.size() + EncodeOne(c).size() + dots.size() > capacity) break;
    cut += EncodeOne(c);
  }
  return cut + dots;
}

template <class L>
std::string Copy(const FakeMemory& memory, size_t capacity, uint64_t object = kBase) {
  std::vector<char> out(capacity + 8, '#');  // the tail shows writes past the capacity
  const size_t size = CopyText<L>(memory, object, out.data(), capacity);
  EXPECT_LE(size, capacity);
  EXPECT_EQ(std::string(out.end() - 8, out.end()), "########");
  return std::string(out.data(), size);
}

rc::Gen<std::u32string> AnyText() {
  return rc::gen::mapcat(rc::gen::element<uint32_t>(0x80, 0x100, 0x800, 0x10000, 0x110000), [](uint32_t end) {
    return rc::gen::map(rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(0, end)),
                        [](const std::vector<uint32_t>& v) { return std::u32string(v.begin(), v.end()); });
  });
}

template <class L>
void CheckAgainstModel() {
  const std::u32string text = *AnyText();
  const bool compact = *rc::gen::arbitrary<bool>();
  const size_t capacity = *rc::gen::inRange<size_t>(0, 200);
  RC_ASSERT(Copy<L>(Lay<L>(text, compact), capacity) == Expected(text, capacity));
}

RC_GTEST_PROP(Text, IsTheSameAsTheModelOn311, ()) { CheckAgainstModel<Layout311>(); }
RC_GTEST_PROP(Text, IsTheSameAsTheModelFrom312, ()) { CheckAgainstModel<Layout312>(); }

TEST(Text, LongTextIsReadInPieces) {
  const std::u32string text(5000, U'\u20ac');
  EXPECT_EQ(Copy<Layout313>(Lay<Layout313>(text, true), 20000), Expected(text, 20000));
  EXPECT_EQ(Copy<Layout313>(Lay<Layout313>(text, true), 1000), Expected(text, 1000));
}

TEST(Text, BelievesNoLengthPastTheOutput) {
  FakeMemory memory = Lay<Layout314>(std::u32string(300, U'x'), true);
  memory.Put<int64_t>(Layout314::kUnicodeLength, INT64_MAX);
  EXPECT_EQ(Copy<Layout314>(memory, 100), std::string(97, 'x') + "...");
}

TEST(Text, StopsWhereMemoryStops) {
  FakeMemory memory = Lay<Layout314>(U"abc", true);
  memory.Put<int64_t>(Layout314::kUnicodeLength, 1000);
  EXPECT_EQ(Copy<Layout314>(memory, 100), "");
}

TEST(Text, RefusesWhatIsNoString) {
  FakeMemory memory = Lay<Layout311>(U"abc", true);
  EXPECT_EQ(Copy<Layout311>(memory, 100), "abc");
  EXPECT_EQ(Copy<Layout311>(memory, 100, 0), "");
  EXPECT_EQ(Copy<Layout311>(memory, 100, 0x500), "");
  for (uint32_t state :
       {0u, 0x1fu, 3u << 2 | 0xe0, 1u << 2 | 0x60 /* not ready */, 2u << 2 | 0xe0 /* ASCII of 2 bytes */}) {
    memory.Put<uint32_t>(Layout311::kUnicodeState, state);
    EXPECT_EQ(Copy<Layout311>(memory, 100), "") << state;
  }
  memory = Lay<Layout311>(U"abc", true);
  memory.Put<int64_t>(Layout311::kUnicodeLength, -1);
  EXPECT_EQ(Copy<Layout311>(memory, 100), "");
}

}  // namespace
}  // namespace limpet::cpython
