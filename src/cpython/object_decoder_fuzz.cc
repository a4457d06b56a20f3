// Memory of real objects, damaged, under the decoders. Checks what the walk relies on besides memory safety: decoding ends, and soon; what is
// told comes in runs; sizes are no larger than what can be believed.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "cpython/memory_image.h"
#include "cpython/object_decoder.h"

using namespace limpet::cpython;

namespace {

void Require(bool holds) {
  if (!holds) abort();
}

struct CheckingSink {
  bool in_run = false;
  uint64_t targets = 0;
  uint64_t sum = 0;  // of all words, so that they are really read

  void Run(RefKind kind, RefStrength strength, Label label, bool) {
    Require(static_cast<int>(kind) < limpet::base::kRefKinds &&
            static_cast<int>(strength) < limpet::base::kRefStrengths);
    if (label.is_literal()) Require(label.literal()[0] != 0);
    in_run = true;
  }
  void Target(uint64_t address) {
    Require(in_run);
    sum += address;
    ++targets;
  }
  void Targets(const uint64_t* words, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      uint64_t word;
      memcpy(&word, reinterpret_cast<const char*>(words) + 8 * i, 8);
      Target(word);
    }
  }
  void Bytes(uint64_t) {}
  void OwnBlock(uint64_t, uint64_t) {}
};

template <class L>
void DecodeAll(MemoryImage& memory) {
  TypeTable<L, MemoryImage> types(memory);
  CheckingSink sink;
  ObjectDecoder<L, MemoryImage, CheckingSink> decoder(memory, types, sink);
  for (const uint64_t object : memory.objects()) {
    uint64_t type_address;
    if (!Get(memory, object + L::kObjectType, &type_address)) continue;
    const TypeInfo* found = types.Find(type_address);
    if (!found) continue;
    const TypeInfo type = *found;
    Require(types.Find(type_address)->index == type.index);
    char name[300];
    Require(types.CopyName(type.index, name, sizeof name) <= sizeof name);
    const uint64_t before = sink.targets;
    decoder.Decode(object, type);
    Require(sink.targets - before <= uint64_t{1} << 20);  // an image is small: it cannot hold more
    decoder.OwnSize(object, type);
    DecodeFrame<L>(memory, object, sink);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  MemoryImage memory;
  memory.Parse(data, size);
  switch (memory.minor()) {
    case 11:
      DecodeAll<Layout311>(memory);
      break;
    case 12:
      DecodeAll<Layout312>(memory);
      break;
    case 13:
      DecodeAll<Layout313>(memory);
      break;
    case 14:
      DecodeAll<Layout314>(memory);
      break;
    default:
      DecodeAll<Layout315>(memory);
      break;
  }
  Require(memory.spans() <= uint64_t{1} << 22);
  return 0;
}
