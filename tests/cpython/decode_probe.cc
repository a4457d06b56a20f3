// The object decoders of src/cpython behind a C interface, for ctypes: the tests load it into each interpreter and hold what it says of live
// objects against what the interpreter says. Built by test_objects.py.
#include <cstdint>
#include <cstring>

#include "cpython/object_decoder.h"
#include "cpython/state_layouts.h"

using namespace limpet::cpython;

namespace {

// This process. Whoever asks about a bad address dies. What is read is written down while `recorded` is set: pairs of address and size.
struct LiveMemory {
  static constexpr bool kOwn = true;
  uint64_t* recorded = nullptr;
  int64_t room = 0;
  int64_t count = 0;

  const char* Span(uint64_t address, size_t size) {
    if (recorded && count < room) {
      recorded[2 * count] = address;
      recorded[2 * count + 1] = size;
      ++count;
    }
    return reinterpret_cast<const char*>(address);
  }
};

// One reference of an object, as Python sees it.
struct Reference {
  uint64_t target;
  uint64_t label;  // index, address of a str, or of a C string with the highest bit set
  int32_t kind;
  int32_t strength;
};

// Lists every reference, up to what there is room for.
struct ListSink {
  Reference* out = nullptr;
  int64_t capacity = 0;
  int64_t count = 0;
  uint64_t bytes = 0;
  uint64_t blocks = 0;
  Reference now{};
  bool pairs = false;
  bool numbered = false;
  uint64_t position = 0;
  uint64_t key = 0;

  void Run(RefKind kind, RefStrength strength, Label label, bool) {
    now = {0, label.bits, static_cast<int32_t>(kind), static_cast<int32_t>(strength)};
    pairs = kind == RefKind::kKey;
    numbered = kind == RefKind::kItem || kind == RefKind::kElement || kind == RefKind::kStack;
    position = 0;
  }
  void Put(uint64_t target, RefKind kind, uint64_t label) {
    if (target == 0) return;
    if (count < capacity) {
      out[count] = now;
      out[count].target = target;
      out[count].kind = static_cast<int32_t>(kind);
      out[count].label = label;
    }
    ++count;
  }
  void Target(uint64_t target) {
    const uint64_t at = position++;
    if (!pairs) return Put(target, static_cast<RefKind>(now.kind), numbered ? now.label + at : now.label);
    if (at % 2 == 0) {
      key = target;
    } else if (target != 0) {
      Put(key, RefKind::kKey, at / 2);
      Put(target, RefKind::kValue, at / 2);
    }
  }
  void Targets(const uint64_t* words, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      uint64_t word;
      memcpy(&word, words + i, 8);
      Target(word);
    }
  }
  void Bytes(uint64_t n) { bytes += n; }
  void OwnBlock(uint64_t, uint64_t n) {
    bytes += n;
    ++blocks;
  }
};

template <class L>
struct Prober {
  LiveMemory memory;
  TypeTable<L, LiveMemory> types{memory};
  ListSink sink{};
  ObjectDecoder<L, LiveMemory, ListSink> decoder{memory, types, sink};

  static Prober& Get() {
    static Prober prober;
    return prober;
  }

  int64_t Decode(uint64_t object, uint64_t* sizes, Reference* out, int64_t capacity) {
    uint64_t type_address;
    memcpy(&type_address, reinterpret_cast<const char*>(object) + L::kObjectType, 8);
    const TypeInfo* found = types.Find(type_address);
    if (!found) return -1;
    const TypeInfo type = *found;
    sink = ListSink{out, capacity};
    const auto result = decoder.Decode(object, type);
    sizes[0] = decoder.OwnSize(object, type);
    sizes[1] = sink.bytes;
    sizes[2] = static_cast<uint64_t>(result);
    sizes[3] = static_cast<uint64_t>(type.form);
    sizes[4] = type.pre_header;
    return sink.count;
  }
  int64_t Recorded(uint64_t object, uint64_t* out, int64_t room) {
    LiveMemory recorder{out, room};
    TypeTable<L, LiveMemory> fresh(recorder);
    ListSink list{};
    ObjectDecoder<L, LiveMemory, ListSink> fresh_decoder(recorder, fresh, list);
    const uint64_t type_address = At<uint64_t>(recorder.Span(object, 16), L::kObjectType);
    if (const TypeInfo* found = fresh.Find(type_address)) {
      const TypeInfo type = *found;
      char name[200];
      fresh.CopyName(type.index, name, sizeof name);
      fresh_decoder.Decode(object, type);
      fresh_decoder.OwnSize(object, type);
    }
    return recorder.count;
  }
  void SetInterpreter(uint64_t interpreter) { decoder.set_interpreter(interpreter, StateLayout<L>::kInterpreterSize); }
  int64_t Frame(const char* thread, Reference* out, int64_t capacity, int64_t index) {
    const char* frame = CurrentFrame<L>(thread);
    while (frame && (IsIncomplete<L>(frame) || index-- > 0)) frame = PreviousFrame<L>(frame);
    ListSink sink{out, capacity};
    if (!frame || !DecodeFrame<L>(memory, reinterpret_cast<uint64_t>(frame), sink)) return -1;
    return sink.count;
  }
  uint64_t Name(uint64_t type, char* out, uint64_t capacity) {
    const TypeInfo* found = types.Find(type);
    return found ? types.CopyName(found->index, out, capacity) : 0;
  }
};

template <class F>
auto WithLayout(int minor, F&& f) {
  switch (minor) {
    case 11:
      return f(Prober<Layout311>::Get());
    case 12:
      return f(Prober<Layout312>::Get());
    case 13:
      return f(Prober<Layout313>::Get());
    case 14:
      return f(Prober<Layout314>::Get());
    default:
      return f(Prober<Layout315>::Get());
  }
}

}  // namespace

extern "C" {

// Writes up to `capacity` references of a live object, and to `sizes`: bytes of its own block, bytes besides, the result (0: done,
// 3: of an unknown type), its type's form, bytes before the object. Returns how many references there are; -1: its type is none.
int64_t decode_object(int minor, uint64_t object, uint64_t* sizes, Reference* out, int64_t capacity) {
  return WithLayout(minor, [&](auto& prober) { return prober.Decode(object, sizes, out, capacity); });
}

// Tells which interpreter's builtin types to show.
void decode_interpreter(int minor, const char* thread) {
  WithLayout(minor, [&](auto& prober) {
    prober.SetInterpreter(Load<uint64_t>(thread, LayoutCommon::kThreadInterpreter));
    return 0;
  });
}

// The references of the index-th complete frame of the calling thread; -1: there is no such.
int64_t decode_frame(int minor, const char* thread, Reference* out, int64_t capacity, int64_t index) {
  return WithLayout(minor, [&](auto& prober) { return prober.Frame(thread, out, capacity, index); });
}

// Writes address and size of every piece of memory that is read when an object is seen for the first time; returns how many.
int64_t decode_recorded(int minor, uint64_t object, uint64_t* out, int64_t room) {
  return WithLayout(minor, [&](auto& prober) { return prober.Recorded(object, out, room); });
}

uint64_t decode_type_name(int minor, uint64_t type, char* out, uint64_t capacity) {
  return WithLayout(minor, [&](auto& prober) { return prober.Name(type, out, capacity); });
}
}
