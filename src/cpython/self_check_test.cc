#include "cpython/self_check.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace limpet::cpython {
namespace {

// Objects at made-up addresses; whatever lies outside of them cannot be read.
class DrawnMemory {
 public:
  // A zeroed object of `size` bytes; its address.
  uint64_t Add(size_t size) {
    const uint64_t address = next_;
    objects_[address] = std::vector<char>(size);
    next_ += (size + 0xfff) / 0x1000 * 0x1000 + 0x1000;
    return address;
  }
  template <class T>
  void Set(uint64_t object, int offset, T value) {
    std::memcpy(&objects_.at(object)[size_t(offset)], &value, sizeof value);
  }
  bool Read(uint64_t address, void* to, size_t size) const {
    auto after = objects_.upper_bound(address);
    if (after == objects_.begin()) return false;
    const auto& [start, bytes] = *--after;
    if (address - start + size > bytes.size()) return false;
    std::memcpy(to, bytes.data() + (address - start), size);
    return true;
  }

 private:
  std::map<uint64_t, std::vector<char>> objects_;
  uint64_t next_ = 0x10000;
};

// An interpreter of layout L whose thread runs one frame, called through a shim.
template <class L>
struct Drawn {
  DrawnMemory memory;
  KnownObjects known{};
  uint64_t interpreter = 0, thread = 0, cframe = 0, frame = 0, shim = 0, code = 0, text = 0, table = 0;

  Drawn() {
    known = {memory.Add(512), memory.Add(512), memory.Add(512)};
    memory.Set(known.code_type, L::kTypeBasicSize, int64_t{L::kCodeInstructions});
    memory.Set(known.code_type, L::kTypeItemSize, int64_t{L::kCodeUnit});
    memory.Set(known.text_type, L::kTypeFlags, uint64_t{L::kTypeFlagUnicode});
    interpreter = memory.Add(64);
    text = memory.Add(64);
    memory.Set(text, L::kObjectType, known.text_type);
    table = memory.Add(64);
    memory.Set(table, L::kObjectType, known.bytes_type);
    code = memory.Add(512);
    memory.Set(code, L::kObjectType, known.code_type);
    memory.Set(code, L::kObjectSize, int64_t{20});
    for (const int field : {L::kCodeFilename, L::kCodeName, L::kCodeQualifiedName}) memory.Set(code, field, text);
    memory.Set(code, L::kCodeLineTable, table);
    memory.Set(code, L::kCodeFirstLine, int32_t{7});
    shim = memory.Add(256);
    memory.Set(shim, L::kFrameOwner, static_cast<signed char>(L::kOwnerShim));
    frame = memory.Add(256);
    memory.Set(frame, L::kFrameCode, code);
    memory.Set(frame, L::kFramePrevious, shim);
    memory.Set(frame, L::kFrameInstruction, code + uint64_t(L::kCodeInstructions) + 4);
    thread = memory.Add(512);
    memory.Set(thread, L::kThreadInterpreter, interpreter);
    if constexpr (L::kThreadCframe != kAbsent) {
      cframe = memory.Add(64);
      memory.Set(cframe, L::kCframeFrame, frame);
      memory.Set(thread, L::kThreadCframe, cframe);
    } else {
      memory.Set(thread, L::kThreadFrame, frame);
    }
  }

  Fit Run() { return LayoutCheck<L, DrawnMemory>(memory, known).Run(thread, interpreter); }
};

template <class L>
class LayoutCheckTest : public testing::Test {};
using Layouts = testing::Types<Layout311, Layout312, Layout313, Layout314, Layout315>;
TYPED_TEST_SUITE(LayoutCheckTest, Layouts);

TYPED_TEST(LayoutCheckTest, AcceptsWhatIsLaidOutAsItShould) { EXPECT_EQ(Drawn<TypeParam>().Run(), Fit::kFits); }

TYPED_TEST(LayoutCheckTest, WaitsForAFrame) {
  Drawn<TypeParam> d;
  d.memory.Set(d.frame, TypeParam::kFrameOwner, static_cast<signed char>(TypeParam::kOwnerShim));
  EXPECT_EQ(d.Run(), Fit::kNotYet);
}

// Each field in turn holds something else, or leads to nowhere.
TYPED_TEST(LayoutCheckTest, RefusesWhatDoesNotFit) {
  using L = TypeParam;
  constexpr uint64_t kNowhere = 0x7fff00000000;
  const std::map<std::string, void (*)(Drawn<L>&)> faults = {
      {"code size",
       [](Drawn<L>& d) { d.memory.Set(d.known.code_type, L::kTypeBasicSize, int64_t{L::kCodeInstructions + 8}); }},
      {"text flag", [](Drawn<L>& d) { d.memory.Set(d.known.text_type, L::kTypeFlags, uint64_t{0}); }},
      {"interpreter", [](Drawn<L>& d) { d.memory.Set(d.thread, L::kThreadInterpreter, d.thread); }},
      {"frame",
       [](Drawn<L>& d) {
         if constexpr (L::kThreadCframe != kAbsent) d.memory.Set(d.cframe, L::kCframeFrame, kNowhere);
         else d.memory.Set(d.thread, L::kThreadFrame, kNowhere);
       }},
      {"owner", [](Drawn<L>& d) { d.memory.Set(d.frame, L::kFrameOwner, static_cast<signed char>(77)); }},
      {"code", [](Drawn<L>& d) { d.memory.Set(d.frame, L::kFrameCode, d.text); }},
      {"code nowhere", [](Drawn<L>& d) { d.memory.Set(d.frame, L::kFrameCode, kNowhere); }},
      {"code's length", [](Drawn<L>& d) { d.memory.Set(d.code, L::kObjectSize, int64_t{-1}); }},
      {"instruction before", [](Drawn<L>& d) { d.memory.Set(d.frame, L::kFrameInstruction, d.code); }},
      {"instruction behind",
       [](Drawn<L>& d) { d.memory.Set(d.frame, L::kFrameInstruction, d.code + L::kCodeInstructions + 400); }},
      {"file name", [](Drawn<L>& d) { d.memory.Set(d.code, L::kCodeFilename, d.table); }},
      {"name", [](Drawn<L>& d) { d.memory.Set(d.code, L::kCodeName, uint64_t{0}); }},
      {"qualified name", [](Drawn<L>& d) { d.memory.Set(d.code, L::kCodeQualifiedName, kNowhere); }},
      {"line table", [](Drawn<L>& d) { d.memory.Set(d.code, L::kCodeLineTable, d.text); }},
      {"first line", [](Drawn<L>& d) { d.memory.Set(d.code, L::kCodeFirstLine, int32_t{-5}); }},
      {"predecessor", [](Drawn<L>& d) { d.memory.Set(d.frame, L::kFramePrevious, kNowhere); }},
  };
  for (const auto& [name, spoil] : faults) {
    Drawn<L> drawn;
    spoil(drawn);
    EXPECT_EQ(drawn.Run(), Fit::kDoesNot) << name;
  }
}

}  // namespace
}  // namespace limpet::cpython
