#include "heap/synthetic_heap.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/check.h"
#include "capture/snapshot_format.h"

namespace limpet::heap {
namespace {

constexpr NodeId kInterpreter = 0, kModule = 1, kModuleDict = 2, kRegistry = 3, kSessionType = 4, kNodeType = 5;
constexpr NodeId kFirstShared = 6, kShared = 1000, kFirstUnit = kFirstShared + kShared;
constexpr NodeId kUnit = 8;        // objects of a session: Session, str, dict, list, tuple, Node, int, bytes
constexpr size_t kUnitEdges = 19;  // of these; the registry has one more for each
constexpr NodeId kCycles = 1000;

// A number that looks random, and is the same every time (splitmix64).
uint64_t Scatter(uint64_t i) {
  i += 0x9e3779b97f4a7c15;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
  i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
  return i ^ (i >> 31);
}

class HeapMaker {
 public:
  explicit HeapMaker(size_t objects)
      : units_(NodeId((objects - kFirstUnit - 2 * kCycles) / kUnit)),
        parts_(kFirstUnit + size_t{units_} * kUnit + 2 * kCycles, 4 + size_t{units_} * (kUnitEdges + 1) + 2 * kCycles) {
  }

  Graph Make() {
    AddTypesAndClasses();
    AddNode(kInterpreterClass, 0, {kModule});
    AddNode(kModuleClass, 72, {kModuleDict});
    AddNode(kDictClass, 232, {kFirstShared, kRegistry});
    AddRegistry();
    for (int i = 0; i < 2; ++i) AddNode(kTypeClass, 1064, {});
    for (NodeId i = 0; i < kShared; ++i) AddNode(kStrClass, 54, {});
    for (NodeId unit = 0; unit < units_; ++unit) AddUnit(unit);
    for (NodeId i = 0; i < kCycles; ++i) {
      const NodeId first = node_;
      AddNode(kListClass, 64, {first + 1});
      AddNode(kListClass, 64, {first});
    }
    parts_.first_edge[node_] = edge_;
    LIMPET_CHECK(node_ == parts_.class_of.size() && edge_ == parts_.edges.size());
    CountReferences();
    return Graph(std::move(parts_));
  }

 private:
  enum : ClassId {
    kInterpreterClass,
    kModuleClass,
    kDictClass,
    kListClass,
    kTypeClass,
    kStrClass,
    kSessionClass,
    kTupleClass,
    kNodeClass,
    kIntClass,
    kBytesClass
  };

  void AddTypesAndClasses() {
    // `object` is the type itself, if it is a heap type.
    const auto add = [&](const char* name, uint32_t flags, std::vector<Run> runs, NodeId object = kNoNode) {
      parts_.types.push_back({name, object == kNoNode ? 0 : AddressOf(object), flags, 0});
      parts_.AddClass(TypeId(parts_.types.size() - 1), runs, object != kNoNode);
    };
    const auto attribute = [&](const char* name) {
      parts_.names.push_back(name);
      return Run{RefKind::kAttribute, RefStrength::kOwned, NameId(parts_.names.size() - 1), 1};
    };
    const Run own_type{RefKind::kType, RefStrength::kOwned, 0, 1};
    const Run items{RefKind::kItem, RefStrength::kOwned, 0, kOpenRun};
    add("interpreter", capture::kTypeSynthetic | capture::kTypeRoot, {{RefKind::kContains, RefStrength::kOwned, 0, 1}});
    add("module", 0, {attribute("__dict__")});
    add("dict", 0, {{RefKind::kKey, RefStrength::kOwned, 0, kOpenRun}});
    add("list", 0, {items});
    add("type", 0, {});
    add("str", 0, {});
    add("app.Session", capture::kTypeHeap,
        {own_type, attribute("id"), attribute("data"), attribute("items"), attribute("peer"), attribute("parent")},
        kSessionType);
    add("tuple", 0, {items});
    add("app.Node", capture::kTypeHeap, {own_type, attribute("owner"), attribute("next")}, kNodeType);
    add("int", 0, {});
    add("bytes", 0, {});
    parts_.texts = {{kInterpreter, "main interpreter"}, {kModule, "app"}, {kFirstShared, "'REGISTRY'"}};
  }

  static uint64_t AddressOf(NodeId node) { return 0x7f00'0000'0000 + uint64_t{node} * 96; }
  NodeId UnitNode(NodeId unit, NodeId place) const { return kFirstUnit + unit * kUnit + place; }

  void AddRegistry() {
    BeginNode(kListClass, 56 + uint64_t{units_} * 8);
    for (NodeId unit = 0; unit < units_; ++unit) parts_.edges[edge_++] = UnitNode(unit, 0);
  }

  void AddUnit(NodeId unit) {
    const NodeId me = UnitNode(unit, 0);
    const NodeId peer = UnitNode(NodeId(Scatter(unit) % units_), 0);
    const NodeId stranger = UnitNode(NodeId(Scatter(~uint64_t{unit}) % units_), 1);
    const NodeId before = UnitNode(unit == 0 ? 0 : unit - 1, 0);
    const NodeId next = UnitNode(unit + 1 == units_ ? unit : unit + 1, 5);
    const NodeId shared = kFirstShared + NodeId(Scatter(unit) % kShared);
    AddNode(kSessionClass, 88, {kSessionType, me + 1, me + 2, me + 3, peer, before});
    AddNode(kStrClass, 57, {});
    AddNode(kDictClass, 184, {kFirstShared + 1, me + 4, kFirstShared + 2, me + 5});
    AddNode(kListClass, 88, {me + 6, me + 7, shared});
    AddNode(kTupleClass, 64, {me + 1, me + 5, stranger});
    AddNode(kNodeClass, 48, {kNodeType, me, next});
    AddNode(kIntClass, 28, {});
    AddNode(kBytesClass, 33 + Scatter(unit) % 1000, {});
  }

  void BeginNode(ClassId class_id, uint64_t size) {
    parts_.class_of.Set(node_, class_id);
    parts_.size.Set(node_, size);
    parts_.address.Set(node_, AddressOf(node_));
    parts_.birth.Set(node_, class_id == kSessionClass ? 1 + node_ % 50'000 : 0);
    parts_.first_edge[node_++] = edge_;
  }
  void AddNode(ClassId class_id, uint64_t size, std::initializer_list<NodeId> targets) {
    BeginNode(class_id, size);
    for (const NodeId target : targets) parts_.edges[edge_++] = target;
  }

  // As if nothing but these references were there.
  void CountReferences() {
    HugeArray<uint32_t> counts(node_);
    for (const uint32_t target : parts_.edges) ++counts[target];
    for (NodeId node = 0; node < node_; ++node) parts_.refcount.Set(node, node == kInterpreter ? 0 : counts[node]);
  }

  NodeId units_;
  GraphParts parts_;
  NodeId node_ = 0;
  EdgeIndex edge_ = 0;
};

}  // namespace

Graph MakeSyntheticHeap(size_t objects) {
  LIMPET_CHECK(objects >= 10'000);
  return HeapMaker(objects).Make();
}

}  // namespace limpet::heap
