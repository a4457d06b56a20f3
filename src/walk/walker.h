// The walk itself: see walk.h. A template over the layout of one CPython version and a memory (cpython/decode.h).
#ifndef LIMPET_WALK_WALKER_H_
#define LIMPET_WALK_WALKER_H_

#include <time.h>

#include "cpython/object_decoder.h"
#include "cpython/type_table.h"
#include "walk/births.h"
#include "walk/classes.h"
#include "walk/fault_guard.h"
#include "walk/lost_objects.h"
#include "walk/native_memory.h"
#include "walk/numbering.h"
#include "walk/refcount.h"
#include "walk/root_teller.h"
#include "walk/roots.h"
#include "walk/suspended_frames.h"
#include "walk/text_teller.h"
#include "walk/walk.h"
#include "walk/word_teller.h"

namespace limpet::walk {

inline uint64_t ClockNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

template <class L, class Memory>
class Walker {
 public:
  Walker(Memory& memory, const WalkOptions& options, capture::SnapshotWriter& writer)
      : memory_(memory),
        options_(options),
        writer_(writer),
        classes_(memory, writer),
        types_(memory),
        word_teller_(memory, options, numbers_, types_, native_, sink_),
        finder_(memory, options.runtime),
        root_teller_(memory, options, finder_.roots(), numbers_, types_, native_, sink_),
        suspended_(memory, numbers_, root_teller_, sink_),
        text_teller_(memory, writer, numbers_, options.redact),
        decoder_(memory, types_, sink_),
        births_(options, writer) {
    sink_.BelieveOnly(&numbers_);
  }

  WalkStop Run() {
    start_ns_ = ClockNs();
    // A fault in our own memory comes back to this line; what was at hand is in phase_ and next_.
    if (Memory::kOwn && LIMPET_SET_RETURN_POINT()) NoteFault();
    if (phase_ == Phase::kPrepare) {
      if (stop_ == WalkStop::kComplete) stop_ = Prepare();
      if (stop_ != WalkStop::kComplete) return stop_;
      phase_ = Phase::kNative;
    }
    while (stop_ == WalkStop::kComplete && Advance()) {
    }
    if (stop_ == WalkStop::kMemory || stop_ == WalkStop::kFile) return stop_;
    return Finish();
  }

 private:
  using State = cpython::StateLayout<L>;
  using Decoder = cpython::ObjectDecoder<L, Memory, ReferenceSink>;
  using Result = typename Decoder::Result;
  static constexpr uint32_t kLookEvery = 4096;

  enum class Phase { kPrepare, kNative, kTrack, kRoots, kObjects, kLost, kLostObjects, kVariables, kDone };

  WalkStop Prepare() {
    if (!numbers_.Init()) return WalkStop::kMemory;
    if (!finder_.Find()) return WalkStop::kNoInterpreter;
    bool first = true;
    for (const Root& root : finder_.roots()) {
      if (root.kind != RootKind::kInterpreter) continue;
      if (first)
        decoder_.set_interpreter(root.address, State::kInterpreterSize);  // where static types keep their dicts
      first = false;
      const WalkStop stop = LookAtCollector<L>(memory_, options_.runtime, root.address);
      if (stop != WalkStop::kComplete && !(stop == WalkStop::kCollecting && options_.while_collecting)) return stop;
    }
    // Roots are numbered by their place in the list: two at one address (a ring in what was read) are no heap to walk.
    for (uint32_t i = 0; i < finder_.roots().size(); ++i) {
      if (numbers_.NumberOf(finder_.roots()[i].address) != i) return WalkStop::kNoInterpreter;
    }
    if (!numbers_.AddNowhere()) return WalkStop::kMemory;
    for (uint32_t kind = 0; kind < kRootKinds; ++kind) {
      // Frames hang on their threads, those on their interpreter.
      const bool top = kind == uint32_t(RootKind::kRuntime) || kind == uint32_t(RootKind::kInterpreter);
      root_types_[kind] = AddSyntheticType(kRootTypeNames[kind], top ? uint32_t{capture::kTypeRoot} : 0);
    }
    variables_type_ = AddSyntheticType("<C variables>", capture::kTypeRoot);
    native_type_ = AddSyntheticType("<native memory>", capture::kTypeNative);
    damaged_type_ = AddSyntheticType("<not an object>", 0);
    return WalkStop::kComplete;
  }

  uint32_t AddSyntheticType(const char* name, uint32_t more) {
    capture::SnapshotType type = {};
    type.flags = capture::kTypeSynthetic | more;
    return writer_.AddType(type, name, strlen(name));
  }

  // One step, so that a fault can skip what it was at. False: all is done.
  bool Advance() {
    switch (phase_) {
      case Phase::kPrepare:
        return false;
      case Phase::kNative:
        phase_ = Phase::kTrack;
        FindNative();
        return true;
      case Phase::kTrack:
        if (!track_begun_) {
          track_begun_ = true;  // a fault in the lists ends them
          Track();
        }
        phase_ = Phase::kRoots;
        return true;
      case Phase::kRoots:
        if (next_ <= numbers_.nowhere()) WriteRoot();
        else phase_ = Phase::kObjects;
        return true;
      case Phase::kObjects:
        WriteObjects();
        return true;
      case Phase::kLost:
        if (!lost_begun_) {
          lost_begun_ = true;  // a fault ends the search
          FindLost();
        }
        phase_ = Phase::kLostObjects;
        return true;
      case Phase::kLostObjects:
        WriteObjects();
        return true;
      case Phase::kVariables:
        if (next_ < numbers_.size()) WriteObjects();  // what the variables of the library before led to
        else if (next_module_ < options_.module_count) WriteVariables(options_.modules[next_module_++]);
        else phase_ = Phase::kDone;
        return true;
      case Phase::kDone:
        return false;
    }
    return false;
  }

  bool WritesNodes() const { return phase_ != Phase::kNative && phase_ != Phase::kTrack && phase_ != Phase::kLost; }

  void NoteFault() {
    if (phase_ == Phase::kPrepare) {
      stop_ = WalkStop::kNoInterpreter;
      return;
    }
    ++unreadable_;
    if (telling_keys_) {
      telling_keys_ = false;  // the object itself is written
    } else if (traversed_ != 0) {
      NoteTraverseFault();  // the object comes again
    } else if (next_ < numbers_.size() && WritesNodes()) {
      WriteDamaged();
    }
  }

  // An object whose own code failed is not asked again, nor are others of its type when that goes on. (Modules share a type, and each
  // has code of its own.)
  void NoteTraverseFault() {
    const uint32_t index = traversed_ - 1;
    traversed_ = 0;
    untraversable_ = next_;
    if (index < traverse_faults_.size() && traverse_faults_[index] < kMostTraverseFaults) ++traverse_faults_[index];
  }

  // What is at hand keeps its number, and has nothing but its address.
  void WriteDamaged() {
    sink_.Begin();
    sink_.End();
    Write(damaged_type_, numbers_.address(next_), 0, 0, 0);
  }

  // Everything that the collectors track gets its number before anything is taken apart: words can then be told from addresses.
  void Track() {
    for (const Root& root : finder_.roots()) {
      if (root.kind != RootKind::kInterpreter) continue;
      cpython::GcFinder<L, Memory> collector(memory_, options_.runtime, root.address);
      torn_ += ForEachTracked<L>(memory_, root.address, collector.Find(), [this](uint64_t object) {
        numbers_.NumberOf(object);
        return !numbers_.no_memory();
      });
    }
  }

  void WriteRoot() {
    if (next_ == numbers_.nowhere()) return WriteDamaged();
    char text[320];
    sink_.Begin();
    const size_t length = root_teller_.Tell(next_, text, sizeof text);
    sink_.End();
    const Root& root = finder_.roots()[next_];
    if (length) writer_.AddText(next_, text, length);
    Write(root_types_[uint32_t(root.kind)], root.address, 0, 0, 0);
  }

  void WriteVariables(const ModuleData& module) {
    if (!numbers_.AddNode(module.begin)) {  // before what it leads to
      stop_ = WalkStop::kMemory;
      return;
    }
    sink_.Begin();
    root_teller_.TellVariables(module);
    sink_.End();
    if (sink_.targets().empty()) return numbers_.DropNode();
    writer_.AddText(next_, module.path, strlen(module.path));
    Write(variables_type_, module.begin, 0, 0, 0);
  }

  void WriteObjects() {
    for (uint32_t i = 0; i < kLookEvery; ++i) {
      if (next_ >= numbers_.size()) {
        phase_ = phase_ == Phase::kObjects ? Phase::kLost : Phase::kVariables;
        return;
      }
      if constexpr (Memory::kOwn) {
        if (next_ + kAhead < numbers_.size())
          __builtin_prefetch(reinterpret_cast<const void*>(numbers_.address(next_ + kAhead)));
      }
      if (native_.IsBlock(next_)) WriteBlock(numbers_.address(next_));
      else if (suspended_.IsFrame(next_)) WriteSuspended(numbers_.address(next_));
      else WriteObject(numbers_.address(next_));
      if (stop_ != WalkStop::kComplete) return;
    }
    CheckLimits();
  }

  // Blocks in which an object lives that nothing told of.
  void FindLost() {
    if (!options_.for_each_block) return;
    LostObjects<L, Memory> lost(memory_, numbers_, types_, decoder_);
    options_.for_each_block(
        [](void* self, LiveBlock block) {
          if (block.use != LiveBlock::Use::kMapped)
            static_cast<LostObjects<L, Memory>*>(self)->LookInto(block.address, block.size);
        },
        &lost);
  }

  void FindNative() {
    if (!options_.for_each_block) return;
    options_.for_each_block(
        [](void* self, LiveBlock block) {
          if (block.use == LiveBlock::Use::kAny) return;
          static_cast<NativeMemory*>(self)->Add({block.address, block.size, block.use == LiveBlock::Use::kMapped});
        },
        &native_);
  }

  void WriteBlock(uint64_t address) {
    g_step = next_;
    const NativeMemory::Block* found = native_.Find(address);
    const NativeMemory::Block block = found ? *found : NativeMemory::Block{address, options_.size_of(address), 0};
    sink_.Begin();
    if (!block.is_leaf) word_teller_.TellOfBlock(block);
    sink_.End();
    Write(native_type_, address, block.size, 0, births_.Of(address));
  }

  void WriteSuspended(uint64_t frame) {
    g_step = next_;
    char text[320];
    sink_.Begin();
    const size_t length = suspended_.Tell(frame, text, sizeof text);
    sink_.End();
    if (length) writer_.AddText(next_, text, length);
    Write(root_types_[uint32_t(RootKind::kFrame)], frame, 0, 0, 0);
  }

  void WriteObject(uint64_t object) {
    g_step = next_;
    uint64_t type_address = 0;
    if (!cpython::Get(memory_, object + L::kObjectType, &type_address)) {
      ++unreadable_;
      return WriteDamaged();
    }
    const cpython::TypeInfo* found = IsPlausible(type_address) ? types_.Find(type_address) : nullptr;
    if (!found) {
      ++torn_;
      return WriteDamaged();
    }
    const cpython::TypeInfo info = *found;
    sink_.Begin();
    const Result result = decoder_.Decode(object, info);
    if (info.form == cpython::Form::kFrame) suspended_.TellFrameOf(object);
    if (result == Result::kUnknownType) TellUnknown(object, info);
    else if (info.fields.fields == cpython::CoreFields<L>::kModule) TellModuleState(object, info);
    else if (info.library && sink_.bytes() == 0) word_teller_.TellBlocks(object, kAfterHead, info.basic_size);
    if (result == Result::kTorn) ++torn_;
    if (result == Result::kUnreadable) ++unreadable_;
    sink_.End();
    text_teller_.TellName(next_, object, info, types_);
    const uint64_t block = object - info.pre_header;
    const uint32_t birth = births_.OfObject(next_, block, sink_.owned());
    Write(TypeNumber(info), object, decoder_.OwnSize(object, info) + sink_.bytes(), RefcountOf<L>(memory_, object),
          birth);
  }

  // A C type whose structure nobody knows: it tells its references itself, or the words of the instance are looked at.
  void TellUnknown(uint64_t object, const cpython::TypeInfo& info) {
    if constexpr (Memory::kOwn) {
      if (options_.call_traverse && (info.flags & L::kTypeFlagGc) && MayTraverse(info)) {
        Traverse(object, info);
        return word_teller_.TellBlocks(object, kAfterHead, info.basic_size);
      }
    }
    word_teller_.Tell(object, kAfterHead, info.basic_size);
  }
  static constexpr uint64_t kAfterHead = 16;  // reference count and type

  // What an extension module keeps for itself: memory whose structure only its own code knows.
  void TellModuleState(uint64_t object, const cpython::TypeInfo& info) {
    uint64_t state = 0;
    int64_t size = 0;
    if (!cpython::Get(memory_, object + L::kModuleState, &state) || state == 0) return;
    if constexpr (Memory::kOwn) {
      if (options_.call_traverse && untraversable_ != next_) return Traverse(object, info);
    }
    if constexpr (L::kModuleDef != cpython::kAbsent) {
      uint64_t definition = 0;
      if (!cpython::Get(memory_, object + L::kModuleDef, &definition) || definition == 0 ||
          !cpython::Get(memory_, definition + kDefinitionStateSize, &size)) {
        return;
      }
    } else if (!cpython::Get(memory_, object + kModuleStateSize, &size)) {
      return;
    }
    if (size > 0 && size <= kMostState) word_teller_.Tell(state, 0, static_cast<uint64_t>(size));
  }
  static constexpr uint64_t kDefinitionStateSize = 56;  // moduleobject.h: PyModuleDef.m_size
  static constexpr uint64_t kModuleStateSize = 56;      // 3.15, pycore_moduleobject.h: md_state_size
  static constexpr int64_t kMostState = 1 << 20;

  bool MayTraverse(const cpython::TypeInfo& info) {
    if (info.index >= traverse_faults_.size() && !traverse_faults_.Resize(info.index + 256)) return false;
    return untraversable_ != next_ && traverse_faults_[info.index] < kMostTraverseFaults;
  }
  static constexpr uint8_t kMostTraverseFaults = 2;
  static constexpr size_t kMostVisited = 1 << 24;  // by one object that nobody knows the structure of

  // REQUIRES: the memory is a frozen copy of our own process, so that its code can be called.
  void Traverse(uint64_t object, const cpython::TypeInfo& info) {
    using VisitFunction = int (*)(void*, void*);
    using TraverseFunction = int (*)(void*, VisitFunction, void*);
    TraverseFunction traverse = nullptr;
    if (!cpython::Get(memory_, info.address + L::kTypeTraverse, &traverse) || !traverse) return;
    visited_.Clear();
    const bool module = info.fields.fields == cpython::CoreFields<L>::kModule;
    traversed_ = module ? UINT32_MAX : info.index + 1;
    g_foreign = Foreign::kRuns;
    traverse(
        reinterpret_cast<void*>(object),
        [](void* target, void* self) {
          g_foreign = Foreign::kCallsUs;
          auto& visited = static_cast<Walker*>(self)->visited_;
          const bool noted = visited.size() < kMostVisited && visited.Push(reinterpret_cast<uint64_t>(target));
          g_foreign = Foreign::kRuns;
          return noted ? 0 : -1;
        },
        this);
    g_foreign = Foreign::kNone;
    traversed_ = 0;
    // What structure told already, and the type that every instance made at run time shows, are not told again.
    const size_t told = sink_.targets().size();
    sink_.Run(base::RefKind::kVisited, base::RefStrength::kOwned, cpython::Label::Index(0), true);
    for (const uint64_t target : visited_) {
      if (target == info.address || word_teller_.WasTold(target, told)) continue;
      sink_.Target(target);
    }
  }

  // The writer's number of a type; its object becomes a node, too.
  uint32_t TypeNumber(const cpython::TypeInfo& info) {
    if (info.index >= type_numbers_.size() && !type_numbers_.Resize(info.index + 256)) {
      stop_ = WalkStop::kMemory;
      return damaged_type_;
    }
    if (type_numbers_[info.index] == 0) {
      char name[512];
      const size_t length = types_.CopyName(info.index, name, sizeof name);
      capture::SnapshotType type = {};
      type.address = info.address;
      type.basic_size = info.basic_size;
      if (info.flags & L::kTypeFlagHeap) type.flags |= capture::kTypeHeap;
      if (info.flags & L::kTypeFlagGc) type.flags |= capture::kTypeGc;
      if (info.traits & cpython::kTraitUnknown) type.flags |= capture::kTypeUnknown;
      type_numbers_[info.index] = writer_.AddType(type, name, length) + 1;
      numbers_.NumberOf(info.address);
    }
    return type_numbers_[info.index] - 1;
  }

  // Writes the node at hand with what the sink was told, and goes on to the next.
  void Write(uint32_t type, uint64_t address, uint64_t size, uint32_t refcount, uint32_t birth) {
    const uint32_t class_id = classes_.Find(type, sink_);
    const base::PageArray<uint64_t>& targets = sink_.targets();
    const size_t count = targets.size();
    if (class_id == UINT32_MAX || sink_.lost() || !nodes_.Reserve(count)) {
      stop_ = WalkStop::kMemory;
      return;
    }
    uint32_t* nodes = nodes_.data();
    for (size_t i = 0; i < count && i < kAhead; ++i) numbers_.Prefetch(targets[i]);
    for (size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) numbers_.Prefetch(targets[i + kAhead]);
      nodes[i] = numbers_.NumberOf(targets[i]);
    }
    if (numbers_.no_memory()) stop_ = WalkStop::kMemory;
    writer_.AddNode(class_id, address, size, refcount, birth, nodes, count);
    ++next_;
    // The keys are objects of their own, and may be unreadable when this one was not.
    telling_keys_ = true;
    for (const ReferenceSink::RunRecord& run : sink_.runs()) {
      if (run.kind == base::RefKind::kKey) text_teller_.TellKeys(nodes + run.begin, run.count / 2);
    }
    telling_keys_ = false;
  }
  static constexpr uint32_t kAhead = 8;

  void CheckLimits() {
    if (options_.progress) *static_cast<volatile uint64_t*>(options_.progress) = next_;
    if (writer_.failed()) stop_ = WalkStop::kFile;
    else if (options_.max_ns && ClockNs() - start_ns_ > options_.max_ns) stop_ = WalkStop::kTime;
    else if (options_.max_bytes && writer_.bytes_written() > options_.max_bytes) stop_ = WalkStop::kSize;
  }

  WalkStop Finish() {
    capture::SnapshotEnd end = {};
    end.walk_ns = ClockNs() - start_ns_;
    end.unreadable = unreadable_;
    end.torn = torn_;
    end.dropped_edges = numbers_.implausible();
    end.stopped = static_cast<uint32_t>(stop_);
    if (!writer_.Finish(end)) return WalkStop::kFile;
    CheckLimits();
    return stop_;
  }

  Memory& memory_;
  const WalkOptions& options_;
  capture::SnapshotWriter& writer_;
  Numbering numbers_;
  ReferenceSink sink_;
  Classes<L, Memory> classes_;
  cpython::TypeTable<L, Memory> types_;
  NativeMemory native_;
  WordTeller<L, Memory> word_teller_;
  RootFinder<L, Memory> finder_;
  RootTeller<L, Memory> root_teller_;
  SuspendedFrames<L, Memory> suspended_;
  TextTeller<L, Memory> text_teller_;
  Decoder decoder_;
  Births births_;

  // All of these are looked at after a fault.
  Phase phase_ = Phase::kPrepare;
  bool track_begun_ = false;
  bool lost_begun_ = false;
  bool telling_keys_ = false;            // of the node before next_
  uint32_t traversed_ = 0;               // the type whose code runs: its TypeInfo::index + 1; UINT32_MAX: a module's
  uint32_t untraversable_ = UINT32_MAX;  // the node whose own code failed last
  WalkStop stop_ = WalkStop::kComplete;
  uint32_t next_ = 0;  // the node at hand
  size_t next_module_ = 0;
  uint64_t start_ns_ = 0;
  uint64_t unreadable_ = 0;
  uint64_t torn_ = 0;
  uint32_t root_types_[kRootKinds] = {};
  uint32_t variables_type_ = 0;
  uint32_t native_type_ = 0;
  uint32_t damaged_type_ = 0;
  base::PageArray<uint32_t> type_numbers_;  // by TypeInfo::index: the writer's number + 1
  base::PageArray<uint32_t> nodes_;         // targets of the node at hand
  base::PageArray<uint64_t> visited_;
  base::PageArray<uint8_t> traverse_faults_;  // by TypeInfo::index
};

}  // namespace limpet::walk

#endif  // LIMPET_WALK_WALKER_H_
