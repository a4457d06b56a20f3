// What the roots refer to: named fields of the interpreter's states where they check out, and any other word of them, or of a library's
// variables, that is the address of a known object.
//
// A word is only a hint (RefStrength::kMaybe): it may be a copy that does not count. Whoever reads the graph believes it where the
// object's reference count is otherwise higher than its known references.
#ifndef LIMPET_WALK_ROOT_TELLER_H_
#define LIMPET_WALK_ROOT_TELLER_H_

#include <cstring>

#include "cpython/decode_core.h"
#include "cpython/decode_frame.h"
#include "cpython/type_table.h"
#include "walk/decimal.h"
#include "walk/frame_text.h"
#include "walk/lost_objects.h"
#include "walk/native_memory.h"
#include "walk/numbering.h"
#include "walk/refcount.h"
#include "walk/reference_sink.h"
#include "walk/roots.h"
#include "walk/walk.h"

namespace limpet::walk {

template <class L, class Memory>
class RootTeller {
 public:
  using State = cpython::StateLayout<L>;
  using Types = cpython::TypeTable<L, Memory>;

  RootTeller(Memory& memory, const WalkOptions& options, const base::PageArray<Root>& roots, Numbering& numbers,
             Types& types, NativeMemory& native, ReferenceSink& sink)
      : memory_(memory),
        options_(options),
        roots_(roots),
        numbers_(numbers),
        types_(types),
        native_(native),
        sink_(sink) {}

  // Tells the references of roots()[index], and writes what it is called; returns the length of that.
  size_t Tell(uint32_t index, char* text, size_t capacity) {
    const Root& root = roots_[index];
    told_count_ = 0;
    switch (root.kind) {
      case RootKind::kRuntime:
        ScanWords(root.address, State::kRuntimeSize);
        return 0;
      case RootKind::kInterpreter:
        Contain(index, RootKind::kThread);
        TellFields(root.address, State::kInterpreterFields);
        TellAttributeCache(root.address + State::kAttributeCache);
        if constexpr (State::kAtExit != cpython::kAbsent) TellAtExit(root.address + State::kAtExit);
        Scan(root.address, root.address, root.address + State::kFreeListsBegin, root.address);
        Scan(root.address, root.address + State::kFreeListsEnd, root.address + State::kInterpreterSize, root.address);
        return NumberText(text, "interpreter ", root.address + State::kInterpreterId);
      case RootKind::kThread:
        Contain(index, RootKind::kFrame);
        TellFields(root.address, State::kThreadFields);
        ScanWords(root.address, State::kThreadSize);
        return NumberText(text, "thread ", root.address + L::kThreadNativeId);
      case RootKind::kFrame:
        return TellFrame(root, text, capacity);
    }
    return 0;
  }

  // Of a frame that is none of the roots: it belongs to no thread, or not now.
  size_t TellSuspended(uint64_t frame, base::RefStrength to_object, char* text, size_t capacity) {
    return TellFrame({RootKind::kFrame, 0, frame, 0}, text, capacity, to_object);
  }

  // The variables of a library, told by their distance from its base.
  void TellVariables(const ModuleData& module) {
    told_count_ = 0;
    blocks_too_ = !IsAllocator(module.path);
    Scan(module.base, module.begin, module.end, 0);
    blocks_too_ = false;
  }

 private:
  // The C library and the loader keep the ends of what they gave, where others' blocks begin.
  static bool IsAllocator(const char* path) {
    const char* name = path;
    for (const char* at = path; *at; ++at) {
      if (*at == '/') name = at + 1;
    }
    return strncmp(name, "libc.so", 7) == 0 || strncmp(name, "libc-", 5) == 0 || strncmp(name, "ld-", 3) == 0;
  }

  static constexpr uint64_t kFlagList = 1ull << 25;
  static constexpr uint64_t kFlagDict = 1ull << 29;

  void Contain(uint32_t parent, RootKind kind) {
    for (uint32_t i = parent + 1; i < roots_.size(); ++i) {
      if (roots_[i].kind == RootKind::kInterpreter) break;
      if (roots_[i].parent != parent || roots_[i].kind != kind) continue;
      sink_.One(base::RefKind::kContains, base::RefStrength::kOwned, cpython::Label::Index(0), roots_[i].address);
    }
  }

  template <size_t kCount>
  void TellFields(uint64_t base, const cpython::RootField (&fields)[kCount]) {
    static_assert(kCount <= kMaxFields);
    for (const cpython::RootField& field : fields) {
      if (field.offset == cpython::kAbsent) continue;
      const uint64_t at = base + static_cast<uint64_t>(field.offset);
      uint64_t object = 0;
      if (!cpython::Get(memory_, at, &object) || !FieldFits(object, field.form)) continue;
      sink_.One(base::RefKind::kField, base::RefStrength::kOwned, cpython::Label::Literal(field.name), object);
      told_[told_count_++] = at;
    }
  }

  // The names in the cache of attributes. Each lookup of a name that was made up ("do_" + method) leaves a str there that nobody else knows,
  // until another takes its place. A table where something else than names stands is not the one that this is about.
  void TellAttributeCache(uint64_t table) {
    if (!ForEachCachedName(table, [](uint64_t) {})) return;
    sink_.Run(base::RefKind::kField, base::RefStrength::kOwned, cpython::Label::Literal("attribute cache"), true);
    ForEachCachedName(table, [this](uint64_t name) { sink_.Target(name); });
  }

  template <class Visit>
  bool ForEachCachedName(uint64_t table, Visit visit) {
    for (int i = 0; i < cpython::kAttributeCacheEntries; ++i) {
      const int at = i * cpython::kAttributeCacheEntrySize + cpython::kAttributeCacheName;
      uint64_t name = 0, type = 0;
      if (!cpython::Get(memory_, table + static_cast<uint64_t>(at), &name)) return false;
      if (name == 0) continue;
      const cpython::TypeInfo* info = cpython::Get(memory_, name + L::kObjectType, &type) ? types_.Find(type) : nullptr;
      if (!info) return false;
      if (info->form == cpython::Form::kUnicode) {
        visit(name);
      } else if (info->form != cpython::Form::kPlain || info->basic_size != kNoneSize) {
        return false;  // not a free entry's None
      }
    }
    return true;
  }

  // The functions that atexit.register was given, with their arguments. An array in which anything else stands is not the one meant.
  void TellAtExit(uint64_t state) {
    uint64_t array = 0;
    int32_t count = 0, room = 0;
    if (!cpython::Get(memory_, state, &array) || array == 0) return;
    if (!cpython::Get(memory_, state + cpython::kAtExitCount, &count) ||
        !cpython::Get(memory_, state + cpython::kAtExitRoom, &room))
      return;
    if (count <= 0 || count > room || count > kMostAtExit) return;
    if (!ForEachAtExit(array, count, [](uint64_t) {})) return;
    sink_.Run(base::RefKind::kField, base::RefStrength::kOwned, cpython::Label::Literal("atexit callbacks"), true);
    ForEachAtExit(array, count, [this](uint64_t object) { sink_.Target(object); });
  }

  template <class Visit>
  bool ForEachAtExit(uint64_t array, int32_t count, Visit visit) {
    for (int32_t i = 0; i < count; ++i) {
      uint64_t entry = 0;
      uint64_t objects[cpython::kAtExitObjects] = {};
      if (!cpython::Get(memory_, array + 8 * static_cast<uint64_t>(i), &entry)) return false;
      if (entry == 0) continue;  // taken out again by atexit.unregister
      if (!cpython::Get(memory_, entry, &objects)) return false;
      for (const uint64_t object : objects) {
        if (object == 0) continue;
        uint64_t type = 0;
        if (!cpython::Get(memory_, object + L::kObjectType, &type) || !types_.Find(type)) return false;
        visit(object);
      }
    }
    return true;
  }

  bool FieldFits(uint64_t object, cpython::RootForm form) {
    if (!numbers_.IsKnown(object)) return false;
    if (form == cpython::RootForm::kAny) return true;
    uint64_t type = 0, flags = 0;
    return cpython::Get(memory_, object + L::kObjectType, &type) &&
           cpython::Get(memory_, type + L::kTypeFlags, &flags) &&
           (flags & (form == cpython::RootForm::kDict ? kFlagDict : kFlagList)) != 0;
  }

  void ScanWords(uint64_t root, int size) { Scan(root, root, root + static_cast<uint64_t>(size), root); }

  // `own` is the root whose state this is: the states of others, and objects, that lie inside are left to those.
  void Scan(uint64_t base, uint64_t begin, uint64_t end, uint64_t own) {
    for (uint64_t at = (begin + 7) & ~uint64_t{7}; at + 8 <= end;) {
      if (const uint64_t skip = at == own ? 0 : PartOfAnother(at)) {
        at += skip;
        continue;
      }
      uint64_t word = 0;
      if (!cpython::Get(memory_, at, &word)) {
        at = (at | 4095) + 1;  // the rest of a page that cannot be read
        continue;
      }
      // What is immortal needs nobody to hold it.
      if (!TellBlock(word, at - base) && word >= 4096 && IsObject(word) && !WasTold(at) &&
          RefcountOf<L>(memory_, word) != 0) {
        sink_.One(base::RefKind::kGlobal, base::RefStrength::kMaybe, cpython::Label::Index(at - base), word);
      }
      at += 8;
    }
  }

  // The list of audit hooks is hidden from the collector. So is the dict of interned strings, which does not hold these.
  bool IsObject(uint64_t word) {
    if (numbers_.IsKnown(word)) return true;
    const cpython::TypeInfo* info = UntrackedContainerAt<L>(memory_, options_, numbers_, types_, word);
    return info && info->form == cpython::Form::kList;
  }

  // Only the beginning of a block counts: an allocator's own variables lead into the midst of what it gave.
  bool TellBlock(uint64_t word, uint64_t offset) {
    const NativeMemory::Block* block = blocks_too_ ? native_.Find(word) : nullptr;
    if (!block || block->begin != word) return false;
    native_.Number(block->begin, numbers_);
    sink_.One(base::RefKind::kGlobal, base::RefStrength::kOwned, cpython::Label::Index(offset), block->begin);
    return true;
  }

  bool WasTold(uint64_t at) const {
    for (uint32_t i = 0; i < told_count_; ++i) {
      if (told_[i] == at) return true;
    }
    return false;
  }

  // How many bytes from `at` on belong to an object or state that begins there; 0: none does.
  uint64_t PartOfAnother(uint64_t at) {
    if (numbers_.IsKnown(at)) {
      uint64_t type = 0;
      const cpython::TypeInfo* info = cpython::Get(memory_, at + L::kObjectType, &type) ? types_.Find(type) : nullptr;
      if (!info) return 0;
      // What lies in a library's data and is a type is a static one.
      const uint64_t size =
          info->form == cpython::Form::kType ? L::kTypeSize : cpython::ObjectSize<L>(memory_, at, *info);
      return size >= 16 && size <= kMostStatic ? (size + 7) & ~uint64_t{7} : 16;
    }
    const uint32_t root = numbers_.RootAt(at);
    if (root >= roots_.size()) return 0;
    switch (roots_[root].kind) {
      case RootKind::kRuntime:
        return State::kRuntimeSize & ~7;
      case RootKind::kInterpreter:
        return State::kInterpreterSize & ~7;
      case RootKind::kThread:
        return State::kThreadSize & ~7;
      case RootKind::kFrame:
        return 0;
    }
    return 0;
  }

  size_t NumberText(char* out, const char* prefix, uint64_t address) {
    uint64_t number = 0;
    cpython::Get(memory_, address, &number);
    const size_t length = strlen(prefix);
    memcpy(out, prefix, length);  // NOLINT(bugprone-not-null-terminated-result): the length is what counts
    return length + PutDecimal(number, out + length);
  }

  // A frame of the interpreter's own has nothing to tell, one of a generator is told by the generator.
  size_t TellFrame(const Root& root, char* text, size_t capacity,
                   base::RefStrength to_object = base::RefStrength::kOwned) {
    int8_t owner = 0;
    if (!cpython::Get(memory_, root.address + L::kFrameOwner, &owner) || owner >= L::kOwnerShim) return 0;
    if (owner == L::kOwnerThread) cpython::DecodeFrame<L>(memory_, root.address, sink_, to_object);
    return FrameText<L, Memory>(memory_).Write(root.address, text, capacity);
  }

  static constexpr uint32_t kNoneSize = 16;
  static constexpr uint32_t kMaxFields = 32;
  static constexpr int32_t kMostAtExit = 1 << 22;
  static constexpr uint64_t kMostStatic = 1 << 20;

  Memory& memory_;
  const WalkOptions& options_;
  const base::PageArray<Root>& roots_;
  Numbering& numbers_;
  Types& types_;
  NativeMemory& native_;
  ReferenceSink& sink_;
  bool blocks_too_ = false;
  uint64_t told_[kMaxFields] = {};  // addresses of the fields that were told by name
  uint32_t told_count_ = 0;
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_ROOT_TELLER_H_
