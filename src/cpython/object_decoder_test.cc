// Objects that lie, under the decoders: hand-built images of memory of a small heap of 3.12, each test with one thing wrong.
#include "cpython/object_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "cpython/memory_image.h"

namespace limpet::cpython {
namespace {

using L = Layout312;
using testing::ElementsAre;
using testing::IsEmpty;

struct Told {
  RefKind kind;
  RefStrength strength;
  std::string name;  // of a literal label
  uint64_t index;    // of another label
  uint64_t target;
  bool operator==(const Told&) const = default;
};

struct ListingSink {
  std::vector<Told> told;
  std::vector<std::pair<uint64_t, uint64_t>> blocks;
  Told run{};

  void Run(RefKind kind, RefStrength strength, Label label, bool) {
    run = {kind, strength, label.is_literal() ? label.literal() : "", label.is_literal() ? 0 : label.bits, 0};
  }
  void Target(uint64_t address) {
    told.push_back(run);
    told.back().target = address;
  }
  void Targets(const uint64_t* words, size_t count) {
    for (size_t i = 0; i < count; ++i) Target(words[i]);
  }
  void Bytes(uint64_t) {}
  void OwnBlock(uint64_t address, uint64_t bytes) { blocks.emplace_back(address, bytes); }
};

// A heap with the types object, type, tuple, list, dict, set, int and str, at addresses of a page each.
class ObjectDecoderTest : public testing::Test {
 protected:
  static constexpr uint64_t kObject = 0x10000, kType = 0x11000, kTuple = 0x12000, kList = 0x13000, kDict = 0x14000,
                            kSet = 0x15000, kInt = 0x16000, kStr = 0x17000, kClass = 0x18000, kThing = 0x20000,
                            kBlock = 0x30000, kWild = 0xdead0000;
  using Decoder = ObjectDecoder<L, MemoryImage, ListingSink>;
  using Result = Decoder::Result;

  ObjectDecoderTest() {
    AddType(kObject, "object", 16, 0, 0);
    AddType(kType, "type", 920, kObject, L::kTypeFlagType, 40);
    AddType(kTuple, "tuple", 24, kObject, 0, 8);
    AddType(kList, "list", 40, kObject, 0);
    AddType(kDict, "dict", 48, kObject, 0);
    AddType(kSet, "set", 200, kObject, 0);
    AddType(kInt, "int", 24, kObject, L::kTypeFlagLong, 4);
    AddType(kStr, "str", 64, kObject, L::kTypeFlagUnicode);
  }

  void AddType(uint64_t address, const char* name, int64_t basic_size, uint64_t base, uint64_t flags,
               int64_t item_size = 0) {
    std::vector<char> bytes(0x1000);
    const auto put = [&](int offset, uint64_t value) { memcpy(bytes.data() + offset, &value, 8); };
    strcpy(bytes.data() + 0xf00, name);
    put(L::kObjectType, kType);
    put(L::kTypeName, address + 0xf00);
    put(L::kTypeBasicSize, static_cast<uint64_t>(basic_size));
    put(L::kTypeItemSize, static_cast<uint64_t>(item_size));
    put(L::kTypeFlags, flags | L::kTypeFlagReady);
    put(L::kTypeBase, base);
    memory_.Add(address, bytes.data(), bytes.size());
  }

  // An object of `words` after its reference count and type, and `spare` bytes of zeros.
  void AddThing(uint64_t type, std::vector<uint64_t> words, uint64_t address = kThing) {
    words.insert(words.begin(), {1, type});
    memory_.Add(address, words.data(), words.size() * 8);
  }
  void AddWords(uint64_t address, const std::vector<uint64_t>& words) {
    memory_.Add(address, words.data(), words.size() * 8);
  }

  Result Decode(uint64_t object = kThing) {
    sink_ = {};
    uint64_t type_address = 0;
    Get(memory_, object + L::kObjectType, &type_address);
    const TypeInfo* found = types_.Find(type_address);
    if (!found) return Result::kUnreadable;
    type_ = *found;
    Decoder decoder(memory_, types_, sink_);
    own_size_ = decoder.OwnSize(object, type_);
    return decoder.Decode(object, type_);
  }
  std::vector<uint64_t> Targets() {
    std::vector<uint64_t> targets;
    for (const Told& told : sink_.told) targets.push_back(told.target);
    return targets;
  }

  // A keys table at kBlock: log2 of its size, of its indices' bytes, kind, and entries.
  void AddKeys(uint64_t log2_size, uint64_t log2_bytes, uint64_t kind, uint64_t count, std::vector<uint64_t> entries) {
    std::vector<uint64_t> words = {1, log2_size | log2_bytes << 8 | kind << 16, 0, count, 0};
    words.insert(words.end(), entries.begin(), entries.end());
    AddWords(kBlock, words);
  }

  MemoryImage memory_;
  TypeTable<L, MemoryImage> types_{memory_};
  ListingSink sink_;
  TypeInfo type_{};
  uint64_t own_size_ = 0;
};

TEST_F(ObjectDecoderTest, ATupleTellsItsItems) {
  AddThing(kTuple, {3, 0x100, 0, 0x300});
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(Targets(), ElementsAre(0x100, 0, 0x300));  // null counts: the sink numbers on
  EXPECT_EQ(own_size_, 24u + 3 * 8);
  EXPECT_EQ(sink_.told[0].kind, RefKind::kItem);
}

TEST_F(ObjectDecoderTest, ATupleThatClaimsMoreItemsThanThereAreIsTorn) {
  AddThing(kTuple, {4, 0x100, 0x200, 0x300});
  EXPECT_EQ(Decode(), Result::kTorn);
  AddThing(kTuple, {~uint64_t{0}, 0x100}, kThing + 0x1000);
  EXPECT_EQ(Decode(kThing + 0x1000), Result::kTorn);
  AddThing(kTuple, {uint64_t{1} << 62, 0x100}, kThing + 0x2000);
  EXPECT_EQ(Decode(kThing + 0x2000), Result::kTorn);
  EXPECT_THAT(sink_.told, IsEmpty());
  EXPECT_EQ(own_size_, 24u);  // a size that nobody believes
  AddThing(kTuple, {uint64_t{1} << 63}, kThing + 0x3000);
  EXPECT_EQ(Decode(kThing + 0x3000), Result::kTorn);
}

TEST_F(ObjectDecoderTest, AListThatLiesIsTorn) {
  AddWords(kBlock, {0x100, 0x200, 0x300, 0x400});
  AddThing(kList, {2, kBlock, 4});
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(Targets(), ElementsAre(0x100, 0x200));
  EXPECT_THAT(sink_.blocks, ElementsAre(std::pair<uint64_t, uint64_t>(kBlock, 32)));
  const std::vector<std::vector<uint64_t>> lies = {
      {5, kBlock, 4},                  // more items than room
      {5, kBlock, 5},                  // more than the memory holds
      {1, 0, 4},                       // no block
      {1, kWild, 4},                   // a wild pointer
      {~uint64_t{0}, kBlock, 4},       // negative
      {1, kBlock, uint64_t{1} << 50},  // absurd
  };
  uint64_t at = kThing;
  for (const std::vector<uint64_t>& lie : lies) {
    AddThing(kList, lie, at += 0x1000);
    EXPECT_EQ(Decode(at), Result::kTorn) << at;
  }
}

TEST_F(ObjectDecoderTest, AListBeingSortedHasNoItems) {
  AddThing(kList, {0, 0, ~uint64_t{0}});
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(sink_.told, IsEmpty());
}

TEST_F(ObjectDecoderTest, ADictTellsPairsAndLeavesDeletedOnesOut) {
  AddKeys(3, 3, L::kKeysUnicode, 3, {0x100, 0x200, 0, 0, 0x300, 0x400, 0, 0, 0, 0});
  AddThing(kDict, {2, 0, kBlock, 0});
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(Targets(), ElementsAre(0x100, 0x200, 0x300, 0x400));
  EXPECT_THAT(sink_.blocks, ElementsAre(std::pair<uint64_t, uint64_t>(kBlock, 32 + 8 + 5 * 16)));
}

TEST_F(ObjectDecoderTest, ADictOfAnyKeysReadsThemBehindTheirHashes) {
  AddKeys(3, 3, L::kKeysGeneral, 2, {77, 0x100, 0x200, 88, 0x300, 0x400, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  AddThing(kDict, {2, 0, kBlock, 0});
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(Targets(), ElementsAre(0x100, 0x200, 0x300, 0x400));
}

TEST_F(ObjectDecoderTest, ADictWhoseKeysLieIsTorn) {
  struct Lie {
    uint64_t log2_size, log2_bytes, kind, count;
  };
  const Lie lies[] = {
      {3, 3, L::kKeysUnicode, 6},             // more entries than there is room for
      {3, 2, L::kKeysUnicode, 1},             // indices smaller than the table
      {3, 9, L::kKeysUnicode, 1},             // or far too large
      {60, 60, L::kKeysUnicode, 1},           // absurd
      {3, 3, 7, 1},                           // no such kind
      {3, 3, L::kKeysUnicode, ~uint64_t{0}},  // negative
      {10, 10, L::kKeysUnicode, 500},         // more than the memory holds
  };
  for (const Lie& lie : lies) {
    MemoryImage fresh;
    memory_ = std::move(fresh);
    AddType(kObject, "object", 16, 0, 0);
    AddType(kType, "type", 920, kObject, L::kTypeFlagType, 40);
    AddType(kDict, "dict", 48, kObject, 0);
    AddKeys(lie.log2_size, lie.log2_bytes, lie.kind, lie.count, {0x100, 0x200});
    AddThing(kDict, {1, 0, kBlock, 0});
    EXPECT_EQ(Decode(), Result::kTorn) << lie.log2_size << " " << lie.count;
    EXPECT_THAT(sink_.told, IsEmpty());
  }
  AddThing(kDict, {1, 0, kWild, 0}, kThing + 0x1000);
  EXPECT_EQ(Decode(kThing + 0x1000), Result::kTorn);
  AddThing(kDict, {1, 0, 0, 0}, kThing + 0x2000);
  EXPECT_EQ(Decode(kThing + 0x2000), Result::kTorn);
}

TEST_F(ObjectDecoderTest, ASetWhoseTableLiesIsTorn) {
  std::vector<uint64_t> words(23);
  words[2] = 6;       // mask
  words[3] = kBlock;  // table
  AddThing(kSet, words);
  EXPECT_EQ(Decode(), Result::kTorn);
  words[2] = 7;
  AddThing(kSet, words, kThing + 0x1000);
  EXPECT_EQ(Decode(kThing + 0x1000), Result::kTorn);  // the table is not there
  AddWords(kBlock, {0x100, 1, 0, 0, 0x200, ~uint64_t{0}, 0x300, 5, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(Decode(kThing + 0x1000), Result::kDone);
  EXPECT_THAT(Targets(), ElementsAre(0x100, 0x300));  // without the mark of a deleted one
}

TEST_F(ObjectDecoderTest, AnIntNeverClaimsMoreThanItCanHave) {
  AddThing(kInt, {uint64_t{3} << L::kLongTagShift, 1, 2});
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_EQ(own_size_, 24u + 12);
  AddThing(kInt, {~uint64_t{0}}, kThing + 0x1000);
  EXPECT_EQ(Decode(kThing + 0x1000), Result::kDone);
  EXPECT_LT(own_size_, 100u);
}

TEST_F(ObjectDecoderTest, WhatIsNoTypeIsToldApart) {
  EXPECT_EQ(types_.Find(0), nullptr);
  EXPECT_EQ(types_.Find(kWild), nullptr);
  EXPECT_EQ(types_.Find(kObject + 4), nullptr);
  AddThing(kTuple, {0});
  EXPECT_EQ(types_.Find(kThing), nullptr);  // an object, but none that is a type
  AddType(0x50000, "NotReady", 16, kObject, 0);
  memory_.Set(0x50000 + L::kTypeFlags, uint64_t{0});
  EXPECT_EQ(types_.Find(0x50000), nullptr);
  ASSERT_NE(types_.Find(kList), nullptr);
  EXPECT_EQ(types_.Find(kList)->index, types_.Find(kList)->index);
}

TEST_F(ObjectDecoderTest, TypesThatAreEachOthersBaseEndTheSearch) {
  AddType(0x50000, "One", 16, 0x51000, L::kTypeFlagHeap);
  AddType(0x51000, "Two", 16, 0x50000, L::kTypeFlagHeap);
  EXPECT_EQ(types_.Find(0x50000), nullptr);
  AddType(0x52000, "Self", 16, 0x52000, 0);
  EXPECT_EQ(types_.Find(0x52000), nullptr);
  AddType(0x53000, "Orphan", 16, 0, 0);
  EXPECT_EQ(types_.Find(0x53000), nullptr);
  AddType(0x54000, "Shrunk", 8, kObject, 0);
  EXPECT_EQ(types_.Find(0x54000), nullptr);
}

TEST_F(ObjectDecoderTest, AClassStatementsNameIsNoKnownType) {
  AddType(kClass, "list", 40, kObject, L::kTypeFlagHeap);
  AddThing(kClass, {2, kBlock, 4});
  EXPECT_EQ(Decode(), Result::kUnknownType);  // 24 bytes that nothing explains
  EXPECT_THAT(sink_.told, IsEmpty());
  AddType(0x50000, "list", 48, kObject, 0);  // another layout of that name
  AddThing(0x50000, {2, kBlock, 4, 0}, kThing + 0x1000);
  EXPECT_EQ(Decode(kThing + 0x1000), Result::kUnknownType);
}

TEST_F(ObjectDecoderTest, SlotsComeFromTheMembers) {
  AddType(kClass, "Session", 32, kObject, L::kTypeFlagHeap);
  memory_.Set(kClass + L::kTypeMembers, kBlock);
  AddWords(kBlock,
           {kClass + 0xf00, L::kMemberObjectEx, 16, 0, 0, kClass + 0xf00, L::kMemberObjectEx, 24, 0, 0, 0, 0, 0, 0, 0});
  AddThing(kClass, {0x100, 0x200});
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(Targets(), ElementsAre(0x100, 0x200));
}

TEST_F(ObjectDecoderTest, MembersThatLieDoNoHarm) {
  AddType(kClass, "Session", 32, kObject, L::kTypeFlagHeap);
  memory_.Set(kClass + L::kTypeMembers, kWild);
  AddThing(kClass, {0x100, 0x200});
  EXPECT_EQ(Decode(), Result::kUnreadable);
  AddType(0x50000, "Session", 32, kObject, L::kTypeFlagHeap);
  memory_.Set(0x50000 + L::kTypeMembers, kBlock);
  AddWords(kBlock, {0x50f00, L::kMemberObject, uint64_t{1} << 40, 0, 0, 0x50f00, L::kMemberObject, ~uint64_t{0}, 0, 0,
                    0, 0, 0, 0, 0});
  AddThing(0x50000, {0x100, 0x200}, kThing + 0x1000);
  EXPECT_EQ(Decode(kThing + 0x1000), Result::kUnknownType);  // members outside of the object explain nothing
  EXPECT_THAT(sink_.told, IsEmpty());
}

TEST_F(ObjectDecoderTest, AttributesAreToldByTheClasssKeys) {
  AddType(kClass, "Session", 16, kObject, L::kTypeFlagHeap | L::kTypeFlagManagedDict);
  memory_.Set(kClass + L::kHeapTypeCachedKeys, kBlock);
  AddKeys(3, 3, L::kKeysSplit, 2, {0x111, 0, 0x222, 0, 0, 0, 0, 0, 0, 0});
  AddWords(0x40000, {uint64_t{9} << 56, 0x100, 0x200, 0, 0, 0});
  AddWords(kThing - 24, {0x40008 - 1, 0, 0, 1, kClass});  // values, tagged; the GC's words; the object
  EXPECT_EQ(Decode(), Result::kTorn);                     // a prefix of values comes in whole words
  memory_.Set(0x40000, uint64_t{8} << 56);
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(sink_.told, ElementsAre(Told{RefKind::kAttribute, RefStrength::kOwned, "", 0x111, 0x100},
                                      Told{RefKind::kAttribute, RefStrength::kOwned, "", 0x222, 0x200}));
  memory_.Set(kThing - 24, uint64_t{0x100});  // a dict instead
  EXPECT_EQ(Decode(), Result::kDone);
  EXPECT_THAT(sink_.told, ElementsAre(Told{RefKind::kAttribute, RefStrength::kOwned, "__dict__", 0, 0x100}));
  memory_.Set(kThing - 24, uint64_t{kWild + 7});  // values that are not there
  EXPECT_EQ(Decode(), Result::kTorn);
}

TEST_F(ObjectDecoderTest, AFrameWhoseCodeIsNoneTellsNothing) {
  AddWords(kThing, std::vector<uint64_t>(40));
  sink_ = {};
  EXPECT_FALSE(DecodeFrame<L>(memory_, kThing, sink_));
  memory_.Set(kThing + L::kFrameCode, kWild);
  EXPECT_FALSE(DecodeFrame<L>(memory_, kThing, sink_));
  EXPECT_FALSE(DecodeFrame<L>(memory_, kWild, sink_));
  memory_.Set(kThing + L::kFrameCode, kTuple);  // an object, but no code: its counts do not fit its names
  EXPECT_FALSE(DecodeFrame<L>(memory_, kThing, sink_));
  EXPECT_THAT(sink_.told, IsEmpty());
}

}  // namespace
}  // namespace limpet::cpython
