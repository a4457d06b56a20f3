// The tables of library types are in themselves sound, and damaged objects of any of these types do no harm.
#include "cpython/library_types.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace limpet::cpython {
namespace {

std::vector<const LibraryType*> AllTypes() {
  std::vector<const LibraryType*> all;
  const auto add = [&](const auto& types) {
    for (const LibraryType& type : types) all.push_back(&type);
  };
  add(kCollectionsTypes);
  add(kTaskTypes);
  add(kIoTypes);
  add(kItertoolsTypes);
  add(kBufferTypes);
  add(kTextTypes);
  add(kDataTypes);
  add(kNumpyTypes);
  return all;
}

// An image of memory at an address that no length could be taken for.
class Image {
 public:
  static constexpr bool kOwn = false;
  static constexpr uint64_t kBase = 0x7f0000000000;
  static constexpr size_t kSize = 16384;

  Image() : bytes_(kSize) {}
  const char* Span(uint64_t address, size_t size) {
    if (address < kBase || address - kBase > kSize || size > kSize - (address - kBase)) return nullptr;
    return bytes_.data() + (address - kBase);
  }
  void Set(uint64_t address, uint64_t word) { memcpy(bytes_.data() + (address - kBase), &word, 8); }

 private:
  std::vector<char> bytes_;
};

struct CountingSink {
  int runs = 0;
  int open_runs = 0;
  uint64_t targets = 0;
  uint64_t bytes = 0;
  std::vector<uint64_t> seen;

  void Run(RefKind, RefStrength, Label, bool open) {
    ++runs;
    open_runs += open;
  }
  void Target(uint64_t address) {
    ++targets;
    if (seen.size() < 1000) seen.push_back(address);
  }
  void Targets(const uint64_t* words, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      uint64_t word;
      memcpy(&word, reinterpret_cast<const char*>(words) + 8 * i, 8);
      Target(word);
    }
  }
  void Bytes(uint64_t size) { bytes += size; }
  void OwnBlock(uint64_t, uint64_t size) { bytes += size; }
};

TEST(LibraryTypes, EveryFieldAndBlockLiesInsideItsObject) {
  for (const LibraryType* type : AllTypes()) {
    for (int i = 0; i < type->fields.count; ++i) {
      const Field& field = type->fields.fields[i];
      EXPECT_GE(field.offset, 16) << type->name;
      EXPECT_LE(field.offset + 8, type->basic_size) << type->name << " " << field.name;
      EXPECT_EQ(field.offset % 8, 0) << type->name << " " << field.name;
      for (int j = 0; j < i; ++j) EXPECT_NE(type->fields.fields[j].offset, field.offset) << type->name;
    }
    for (int i = 0; i < type->blocks.count; ++i) {
      const Block& block = type->blocks.blocks[i];
      EXPECT_LE(block.pointer + 8, type->basic_size) << type->name;
      EXPECT_LE(block.count + block.count_bytes, type->basic_size) << type->name;
    }
  }
}

TEST(LibraryTypes, NoTypeIsThereTwice) {
  std::set<std::tuple<std::string, int, int>> seen;
  for (const LibraryType* type : AllTypes()) {
    EXPECT_LE(type->first_minor, type->last_minor) << type->name;
    for (int minor = type->first_minor; minor <= type->last_minor; ++minor) {
      EXPECT_TRUE(seen.insert({type->name, minor, type->basic_size}).second) << type->name << " " << minor;
    }
  }
}

TEST(LibraryTypes, AreTakenByNameSizeAndVersionOnly) {
  EXPECT_NE(FindLibraryType<Layout313>("collections.deque", 216, true), nullptr);
  EXPECT_EQ(FindLibraryType<Layout313>("collections.deque", 224, true), nullptr);
  EXPECT_EQ(FindLibraryType<Layout313>("collections.deq", 216, true), nullptr);
  EXPECT_NE(FindLibraryType<Layout313>("_asyncio.Task", 144, true), nullptr);
  EXPECT_EQ(FindLibraryType<Layout312>("_asyncio.Task", 144, true), nullptr);
  EXPECT_NE(FindLibraryType<Layout312>("numpy.dtypes.Float64DType", 120, true), nullptr);
  EXPECT_EQ(FindLibraryType<Layout312>("numpy.dtype", 120, true), nullptr);
  // A class statement's own `keys` is not the iterator over a context.
  EXPECT_NE(FindLibraryType<Layout312>("keys", 168, false), nullptr);
  EXPECT_EQ(FindLibraryType<Layout312>("keys", 168, true), nullptr);
}

// Two blocks, the second of which begins the items anew; the right block is reached before the length says so.
TEST(LibraryTypes, ADequeEndsWithItsLastBlock) {
  using D = DequeLayout;
  Image image;
  const uint64_t deque = Image::kBase, left = deque + 512, right = left + 1024;
  image.Set(deque + LayoutCommon::kObjectSize, 3);
  image.Set(deque + D::kLeftBlock, left);
  image.Set(deque + D::kRightBlock, right);
  image.Set(deque + D::kLeftIndex, 62);
  image.Set(left + D::kBlockItems + 8 * 62, 111);
  image.Set(left + D::kBlockItems + 8 * 63, 222);
  image.Set(left + D::kBlockRight, right);
  image.Set(right + D::kBlockItems, 333);
  image.Set(right + D::kBlockRight, left);  // never followed
  CountingSink sink;
  EXPECT_TRUE(DecodeDeque<Layout312>(image, deque, sink));
  EXPECT_EQ(sink.seen, (std::vector<uint64_t>{111, 222, 333}));
  EXPECT_EQ(sink.bytes, 2u * D::kBlockSize);
  image.Set(deque + LayoutCommon::kObjectSize, uint64_t{1} << 35);
  EXPECT_FALSE(DecodeDeque<Layout312>(image, deque, sink));
}

TEST(LibraryTypes, AnOrderedDictsCircleOfNodesEnds) {
  using D = OrderedDictLayout;
  Image image;
  const uint64_t dict = Image::kBase, node = dict + 512;
  image.Set(dict + D::kUsed, 2);
  image.Set(dict + D::kFirst, node);
  image.Set(node + D::kNodeKey, 111);
  image.Set(node + D::kNodeNext, node);
  CountingSink sink;
  EXPECT_FALSE(DecodeOrderedDict<Layout312>(image, dict, sink));
  EXPECT_EQ(sink.targets, 2u);
}

// Fills an image with words of all sorts: addresses inside it, small numbers, negative ones, noise.
void Scramble(std::mt19937_64& random, Image& image) {
  for (uint64_t at = 0; at < Image::kSize; at += 8) {
    const uint64_t word = random();
    switch (word % 8) {
      case 0:
      case 1:
        image.Set(Image::kBase + at, Image::kBase + (word >> 8) % Image::kSize / 8 * 8);
        break;
      case 2:
      case 3:
        image.Set(Image::kBase + at, (word >> 8) % 70);
        break;
      case 4:
        image.Set(Image::kBase + at, 0 - (word >> 8) % 70);
        break;
      case 5:
        image.Set(Image::kBase + at, word);
        break;
      default:
        image.Set(Image::kBase + at, 0);
    }
  }
}

template <class L>
void DecodeAll(Image& image, std::mt19937_64& random) {
  for (const LibraryType* type : AllTypes()) {
    if (L::kMinor < type->first_minor || L::kMinor > type->last_minor) continue;
    const uint64_t object = Image::kBase + random() % (Image::kSize / 8) * 8;
    CountingSink sink;
    DecodeLibraryObject<L>(*type, image, object, sink);
    EXPECT_LE(sink.open_runs, 1) << type->name;
    EXPECT_LT(sink.targets, 100'000u) << type->name;
  }
}

TEST(LibraryTypes, DamagedObjectsDoNoHarm) {
  std::mt19937_64 random(4711);
  Image image;
  for (int round = 0; round < 400; ++round) {
    Scramble(random, image);
    DecodeAll<Layout311>(image, random);
    DecodeAll<Layout312>(image, random);
    DecodeAll<Layout313>(image, random);
    DecodeAll<Layout314>(image, random);
    DecodeAll<Layout315>(image, random);
  }
}

}  // namespace
}  // namespace limpet::cpython
