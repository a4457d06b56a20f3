#include "interchange/hprof.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include "heap/naming.h"
#include "interchange/hprof_classes.h"
#include "interchange/hprof_records.h"

namespace limpet::interchange {
namespace {

using heap::EdgeIndex;
using heap::Graph;
using heap::NodeId;
using heap::RefKind;
using heap::RefStrength;
using heap::Run;

// Ids that are no address of the program: the addresses of a kernel.
constexpr uint64_t kClassIds = uint64_t{0xffff} << 48;
constexpr uint64_t kSyntheticIds = uint64_t{0xfffe} << 48;
constexpr uint64_t kArrayIds = uint64_t{0xfffd} << 48;
constexpr uint64_t kStorageIds = uint64_t{0xfffc} << 48;
enum KnownClass : uint64_t { kJavaObject, kJavaClass, kObjectArray, kByteArray, kFirstOfPython };
constexpr uint32_t kMostStorage = 0x7fffffff;  // elements of a Java array

bool MayHold(RefStrength strength) { return strength == RefStrength::kOwned || strength == RefStrength::kMaybe; }

class HprofWriter {
 public:
  HprofWriter(const Graph& graph, uint64_t realtime_ns, Sink* sink)
      : graph_(graph), sink_(sink), classes_(graph), records_(realtime_ns, sink) {}

  void Write() {
    TellStrings();
    TellThreads();
    WriteKnownClasses();
    for (uint32_t i = 0; i < classes_.all().size(); ++i) WriteClass(i);
    WriteRoots();
    for (NodeId node = 0; node < graph_.node_count() && sink_->good(); ++node) WriteObject(node);
    records_.EndHeap();
  }

 private:
  static uint64_t ClassIdOf(uint64_t number) { return kClassIds | number; }

  uint64_t IdOf(NodeId node) const {
    const uint64_t address = graph_.address(node);
    return address == 0 || graph_.type(graph_.type_of(node)).synthetic() ? kSyntheticIds | node : address;
  }

  uint64_t StringOf(const std::string& text) {
    const auto found = strings_.find(text);
    if (found != strings_.end()) return found->second;
    const uint64_t id = records_.TellString(text);
    strings_.insert({text, id});
    return id;
  }

  // "cache", "[0]", "f.x": what a field is called.
  std::string FieldName(const Run& run, uint32_t index) const {
    std::string name;
    const bool is_pair = run.kind == RefKind::kKey;
    if (heap::HasName(run.kind)) name = graph_.name(run.label);
    else if (run.kind == RefKind::kType) name = "__class__";
    else if (is_pair) name = fmt::format("{}[{}]", index % 2 ? "value" : "key", index / 2);
    else if (run.kind == RefKind::kValue) name = fmt::format("value[{}]", run.label + index);
    else name = fmt::format("[{}]", run.label + index);
    if (run.strength == RefStrength::kWeak) name += " (weak)";
    if (run.strength == RefStrength::kBorrowed) name += " (borrowed)";
    return name;
  }

  // visit(name, HprofType) for each field of a class, in the order of the instances' values.
  template <class Visit>
  void ForEachField(const HprofClass& cls, Visit visit) const {
    const heap::Class& of = graph_.classes()[cls.class_id];
    uint32_t told = 0;
    for (uint32_t r = of.first_run; r < of.first_run + of.run_count; ++r) {
      const Run& run = graph_.runs()[r];
      const bool open = run.count == heap::kOpenRun;
      const uint32_t count = open ? cls.open : run.count;
      for (uint32_t i = 0; i < count && told < HprofClasses::kMostFields; ++i, ++told)
        visit(FieldName(run, i), MayHold(run.strength) ? HprofType::kObject : HprofType::kLong);
    }
    if (cls.array) visit("items", HprofType::kObject);
    if (cls.storage) visit("storage", HprofType::kObject);
  }

  // All strings come before the heap, so that its segments are whole.
  void TellStrings() {
    for (const char* name : {"java.lang.Object", "java.lang.Class", "java.lang.Object[]", "byte[]", "()", "?"})
      StringOf(name);
    std::vector<uint64_t> names = {StringOf("java.lang.Object"), StringOf("java.lang.Class"),
                                   StringOf("java.lang.Object[]"), StringOf("byte[]")};
    for (const HprofClass& cls : classes_.all()) {
      names.push_back(StringOf(graph_.type(graph_.classes()[cls.class_id].type).name));
      ForEachField(cls, [&](const std::string& name, HprofType) { StringOf(name); });
    }
    for (uint64_t number = 0; number < names.size(); ++number) {
      records_.Begin(HprofTag::kLoadClass);
      records_.Put4(uint32_t(number) + 1);
      records_.Put8(ClassIdOf(number));
      records_.Put4(0);
      records_.Put8(names[number]);
      records_.End();
    }
  }

  struct Thread {
    NodeId node;
    std::vector<NodeId> frames;  // innermost first
  };

  bool IsOf(NodeId node, const char* type) const { return graph_.type(graph_.type_of(node)).name == type; }

  // Frames of threads hang on them; each thread has a trace of its frames, which tools show.
  void TellThreads() {
    for (NodeId node = 0; node < graph_.node_count(); ++node) {
      if (!graph_.type(graph_.type_of(node)).synthetic() || !IsOf(node, "<thread>")) continue;
      Thread thread = {.node = node, .frames = {}};
      graph_.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
        for (EdgeIndex e = first; run.kind == RefKind::kContains && e < last; ++e) {
          if (IsOf(graph_.edge(e).target(), "<frame>")) thread.frames.push_back(graph_.edge(e).target());
        }
      });
      threads_.push_back(std::move(thread));
    }
    TellTrace(1, {});  // of objects: nothing is known
    for (uint32_t i = 0; i < threads_.size(); ++i) TellTrace(i + 2, threads_[i].frames);
  }

  void TellTrace(uint32_t serial, const std::vector<NodeId>& frames) {
    const uint64_t signature = StringOf("()"), file = StringOf("?");
    for (const NodeId frame : frames) {
      const uint64_t name = StringOf(heap::NodeName(graph_, frame));
      records_.Begin(HprofTag::kFrame);
      for (const uint64_t id : {IdOf(frame), name, signature, file}) records_.Put8(id);
      records_.Put4(1);
      records_.Put4(0);
      records_.End();
    }
    records_.Begin(HprofTag::kTrace);
    records_.Put4(serial);
    records_.Put4(serial - 1);
    records_.Put4(uint32_t(frames.size()));
    for (const NodeId frame : frames) records_.Put8(IdOf(frame));
    records_.End();
  }

  void BeginClass(uint64_t id, uint64_t super, uint32_t instance_size) {
    records_.BeginItem(HprofItem::kRootClass);
    records_.Put8(id);
    records_.BeginItem(HprofItem::kClass);
    records_.Put8(id);
    records_.Put4(1);
    records_.Put8(super);
    for (int i = 0; i < 5; ++i) records_.Put8(0);  // loader, signers, domain, reserved
    records_.Put4(instance_size);
    records_.Put2(0);  // constants
    records_.Put2(0);  // static fields
  }

  void WriteKnownClasses() {
    for (uint64_t known = kJavaObject; known < kFirstOfPython; ++known) {
      BeginClass(ClassIdOf(known), known == kJavaObject ? 0 : ClassIdOf(kJavaObject), 0);
      records_.Put2(0);
    }
  }

  void WriteClass(uint32_t index) {
    const HprofClass& cls = classes_.all()[index];
    BeginClass(ClassIdOf(kFirstOfPython + index), ClassIdOf(kJavaObject), uint32_t(cls.declared));
    uint16_t fields = 0;
    ForEachField(cls, [&](const std::string&, HprofType) { ++fields; });
    records_.Put2(fields);
    ForEachField(cls, [&](const std::string& name, HprofType type) {
      records_.Put8(strings_.at(name));
      records_.Put1(uint8_t(type));
    });
  }

  void WriteRoots() {
    for (const NodeId node : graph_.roots()) {
      records_.BeginItem(HprofItem::kRootUnknown);
      records_.Put8(IdOf(node));
    }
    for (const heap::Entry& entry : graph_.entries()) {
      records_.BeginItem(HprofItem::kRootJniGlobal);
      records_.Put8(IdOf(entry.node));
      records_.Put8(0);
    }
    for (uint32_t i = 0; i < threads_.size(); ++i) {
      records_.BeginItem(HprofItem::kRootThread);
      records_.Put8(IdOf(threads_[i].node));
      records_.Put4(i + 1);
      records_.Put4(i + 2);
      for (uint32_t frame = 0; frame < threads_[i].frames.size(); ++frame) {
        records_.BeginItem(HprofItem::kRootFrame);
        records_.Put8(IdOf(threads_[i].frames[frame]));
        records_.Put4(i + 1);
        records_.Put4(frame);
      }
    }
  }

  void WriteObject(NodeId node) {
    const uint32_t index = classes_.Of(node);
    const HprofClass& cls = classes_.all()[index];
    const uint64_t storage = classes_.StorageBytes(node, cls);
    values_.clear();
    array_.clear();
    graph_.ForEachRun(node, [&](const Run& run, EdgeIndex first, EdgeIndex last) {
      const bool open = run.count == heap::kOpenRun;
      if (open && !cls.array && cls.open == 0) return;
      std::vector<uint64_t>& to = open && cls.array ? array_ : values_;
      for (EdgeIndex e = first; e < last; ++e) {
        if (&to == &values_ && values_.size() == HprofClasses::kMostFields) return;
        const heap::Edge edge = graph_.edge(e);
        to.push_back(edge.holds() || !MayHold(run.strength) ? IdOf(edge.target()) : 0);
      }
    });
    if (cls.array) values_.push_back(array_.empty() ? 0 : kArrayIds | node);
    if (cls.storage) values_.push_back(storage ? kStorageIds | node : 0);
    records_.BeginItem(HprofItem::kInstance);
    records_.Put8(IdOf(node));
    records_.Put4(1);
    records_.Put8(ClassIdOf(kFirstOfPython + index));
    records_.Put4(uint32_t(8 * values_.size()));
    for (const uint64_t value : values_) records_.Put8(value);
    if (!array_.empty()) WriteArray(kArrayIds | node);
    if (storage) records_.PutZeros(kStorageIds | node, uint32_t(std::min<uint64_t>(storage, kMostStorage)));
  }

  void WriteArray(uint64_t id) {
    records_.BeginItem(HprofItem::kObjectArray);
    records_.Put8(id);
    records_.Put4(1);
    records_.Put4(uint32_t(array_.size()));
    records_.Put8(ClassIdOf(kObjectArray));
    for (const uint64_t element : array_) records_.Put8(element);
  }

  const Graph& graph_;
  Sink* sink_;
  const HprofClasses classes_;
  HprofRecords records_;
  std::vector<Thread> threads_;
  tsl::robin_map<std::string, uint64_t> strings_;
  std::vector<uint64_t> values_, array_;  // of the object being written
};

}  // namespace

void WriteHprof(const heap::Graph& graph, uint64_t realtime_ns, Sink* sink) {
  HprofWriter(graph, realtime_ns, sink).Write();
}

}  // namespace limpet::interchange
