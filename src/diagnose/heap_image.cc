#include "diagnose/heap_image.h"

#include <algorithm>
#include <utility>

#include "capture/snapshot_reader.h"
#include "diagnose/bounded.h"

namespace limpet::diagnose {
namespace {

using heap::NodeId;

constexpr size_t kLeastObjects = 8;  // fewer say nothing
constexpr double kEnough = 0.15;     // share of the live blocks that a snapshot shows as objects
constexpr uint32_t kNoSuspect = 0xffffffff;

// What was born at a site before an epoch group.
capture::Amount LiveOf(const capture::Site& site, AsOf as_of, capture::GroupId before) {
  capture::Amount live;
  for (const capture::Cohort& cohort : site.cohorts) {
    if (cohort.group < before) live += LiveAt(cohort, as_of);
  }
  return live;
}

}  // namespace

HeapImage::HeapImage(std::unique_ptr<heap::Snapshot> snapshot, const capture::Process& process, const UnitTable& table,
                     const std::vector<Suspect>& suspects)
    : snapshot_(std::move(snapshot)),
      process_(process),
      suspects_(suspects),
      analysis_(snapshot_->graph),
      objects_(suspects.size()),
      blocks_(suspects.size()),
      live_before_(suspects.size()),
      storage_(suspects.size()) {
  std::vector<uint32_t> suspect_of_site(process.sites.size(), kNoSuspect);
  for (size_t i = 0; i < suspects.size(); ++i) {
    for (const uint32_t site : table.units[suspects[i].unit].sites) {
      suspect_of_site[site] = static_cast<uint32_t>(i);
      live_before_[i] += LiveOf(process.sites[site], suspects[i].as_of, process.GroupOf(snapshot_->header.epoch));
    }
  }
  suspect_of_birth_ = {kNoSuspect};
  for (const capture::SnapshotBirth& birth : snapshot_->births) {
    const bool known = birth.site < process.site_of_record.size() && process.site_of_record[birth.site];
    suspect_of_birth_.push_back(known ? suspect_of_site[process.site_of_record[birth.site]->value] : kNoSuspect);
  }
  for (NodeId node = 0; node < graph().node_count(); ++node) {
    if (const std::optional<size_t> suspect = SuspectOf(node))
      (IsBlock(node) ? blocks_ : objects_)[*suspect].push_back(node);
  }
  AddOwnersOfStorage();
}

std::optional<size_t> HeapImage::SuspectOf(NodeId node) const { return SuspectOfBirth(graph().birth(node)); }

std::optional<size_t> HeapImage::SuspectOfBirth(uint32_t birth) const {
  if (birth >= suspect_of_birth_.size() || suspect_of_birth_[birth] == kNoSuspect) return std::nullopt;
  return suspect_of_birth_[birth];
}

// A block of storage is its object's: what grows at the line is those. (But not the one dict or list in which all of them are kept, which is
// made larger at the same line.)
void HeapImage::AddOwnersOfStorage() {
  constexpr uint32_t kFew = 64, kMostOfTypical = 16;  // entries
  std::vector<std::vector<NodeId>> owners(suspects_.size());
  for (const capture::SnapshotStorage& storage : snapshot_->storage) {
    if (const std::optional<size_t> suspect = SuspectOfBirth(storage.birth)) owners[*suspect].push_back(storage.node);
  }
  for (size_t i = 0; i < owners.size(); ++i) {
    std::vector<NodeId>& of_line = owners[i];
    if (of_line.size() < kLeastObjects) continue;
    const auto middle = of_line.begin() + static_cast<std::ptrdiff_t>(of_line.size() / 2);
    std::nth_element(of_line.begin(), middle, of_line.end(),
                     [&](NodeId a, NodeId b) { return graph().degree(a) < graph().degree(b); });
    const uint32_t most = std::max(kFew, kMostOfTypical * graph().degree(*middle));
    std::erase_if(of_line, [&](NodeId owner) { return graph().degree(owner) > most; });
    storage_[i] = of_line.size();
    objects_[i].insert(objects_[i].end(), of_line.begin(), of_line.end());
    std::sort(objects_[i].begin(), objects_[i].end());
    objects_[i].erase(std::unique(objects_[i].begin(), objects_[i].end()), objects_[i].end());
  }
}

bool HeapImage::IsStorage(size_t suspect) const {
  return storage_[suspect] >= kLeastObjects &&
         static_cast<double>(storage_[suspect]) >= kEnough * static_cast<double>(suspects_[suspect].live.blocks);
}

bool HeapImage::HasObjects(size_t suspect) const {
  const Kind kind = suspects_[suspect].kind;
  return kind != Kind::kNative && (kind != Kind::kRawBlock || IsStorage(suspect)) && !objects_[suspect].empty();
}

const heap::Pile& HeapImage::pile(size_t suspect) {
  const auto [at, added] = piles_.try_emplace(suspect);
  if (added && HasObjects(suspect)) at->second = heap::FindPile(analysis_, objects_[suspect]);
  return at->second;
}

// What is before a block on its way. Where nothing leads to it, some object may be all that keeps it. kNoNode: nothing is.
NodeId HeapImage::Before(NodeId block) {
  const heap::PathTree& paths = analysis_.paths();
  if (paths.reached(block)) return paths.is_start(block) ? heap::kNoNode : paths.parent(block);
  const NodeId dominator = analysis_.dominators().of(block);
  return dominator < graph().node_count() ? dominator : heap::kNoNode;
}

// A list in C memory may have millions of blocks, one behind the other: each is gone over once.
NodeId HeapImage::HolderOfBlock(NodeId block) {
  constexpr NodeId kUnknown = heap::kNoNode - 1;
  if (holder_of_block_.empty()) holder_of_block_.assign(graph().node_count(), kUnknown);
  std::vector<NodeId> passed;
  NodeId node = block;
  for (; node != heap::kNoNode && IsBlock(node) && holder_of_block_[node] == kUnknown; node = Before(node))
    passed.push_back(node);
  NodeId holder = node;
  if (node == heap::kNoNode) holder = analysis_.paths().reached(block) ? passed.back() : node;
  else if (IsBlock(node)) holder = holder_of_block_[node];
  else if (graph().type(graph().type_of(node)).synthetic()) holder = passed.back();  // a variable leads to it
  for (const NodeId each : passed) holder_of_block_[each] = holder;
  return holder;
}

NodeId HeapImage::OwnerOf(NodeId container) {
  if (container != heap::kNoNode && IsBlock(container)) container = HolderOfBlock(container);
  if (container == heap::kNoNode) return container;  // without the way back, which takes a while to make
  if (!referrers_) referrers_.emplace(graph());
  return OwnerOfContainer(graph(), *referrers_, container);
}

NodeId HeapImage::OwnerOfPile(size_t suspect) {
  const auto [at, added] = owners_.try_emplace(suspect);
  if (added) at->second = OwnerOf(pile(suspect).container);
  return at->second;
}

bool HeapImage::HangsOn(size_t part, size_t whole) {
  const heap::Dominators& dominators = analysis_.dominators();
  const auto [subtrees, is_new] = retained_.try_emplace(whole);
  if (is_new) subtrees->second = Subtrees(dominators, objects_[whole]);
  const auto [positions, are_new] = positions_.try_emplace(part);
  if (are_new) positions->second = PositionsOf(dominators, objects_[part]);
  return subtrees->second.HoldMostOf(positions->second);
}

bool HeapImage::AreApart(size_t a, size_t b) {
  for (const size_t suspect : {a, b}) {
    if (objects_[suspect].size() < kLeastObjects || pile(suspect).container == heap::kNoNode) return false;
  }
  return OwnerOfPile(a) != OwnerOfPile(b) && !HangsOn(a, b) && !HangsOn(b, a);
}

capture::Amount HeapImage::LiveBefore(std::span<const size_t> suspects) const {
  capture::Amount live;
  for (const size_t suspect : suspects) live += live_before_[suspect];
  return live;
}

bool HeapImage::Shows(std::span<const size_t> suspects) const {
  constexpr double kLeastShare = 0.02;
  size_t seen = 0, live = 0;
  for (const size_t suspect : suspects) {
    seen += objects_[suspect].size();
    live += suspects_[suspect].live.blocks;
  }
  const auto count = static_cast<double>(seen);
  return seen >= std::min(kLeastObjects, live) && count >= kLeastShare * static_cast<double>(live) &&
         count >= kEnough * static_cast<double>(LiveBefore(suspects).blocks);
}

bool HeapImage::ShowsAllOf(std::span<const size_t> suspects) const {
  return snapshot_->end && snapshot_->end->stopped == 0 && snapshot_->problems.empty() &&
         std::none_of(suspects.begin(), suspects.end(), [&](size_t suspect) {
           return suspects_[suspect].signal == Signal::kSwelling || suspects_[suspect].as_of == AsOf::kPeak;
         });
}

bool HeapImage::AreNoObjects(std::span<const size_t> suspects) const {
  constexpr uint64_t kSmall = 100;  // bytes; the smallest table of a dict is larger
  constexpr uint64_t kLeastBlocks = 50, kHardlyAny = 50;
  if (!ShowsAllOf(suspects)) return false;
  uint64_t seen = 0;
  const capture::Amount before = LiveBefore(suspects);
  capture::Amount all;
  for (const size_t suspect : suspects) {
    seen += objects_[suspect].size();
    all += suspects_[suspect].live;
  }
  return before.blocks >= kLeastBlocks && before.blocks * 2 >= all.blocks && seen * kHardlyAny < before.blocks &&
         all.bytes < kSmall * all.blocks;
}

std::optional<capture::GroupId> HeapImage::BornIn(NodeId node) const {
  const uint32_t birth = graph().birth(node);
  if (birth == 0 || birth > snapshot_->births.size()) return std::nullopt;
  return process_.GroupOf(snapshot_->births[birth - 1].epoch);
}

bool HeapImage::BornAfter(NodeId node, uint32_t epoch) const {
  const uint32_t birth = graph().birth(node);
  return birth != 0 && birth <= snapshot_->births.size() && snapshot_->births[birth - 1].epoch > epoch;
}

HeapImages::HeapImages(const capture::Recording& recording, const capture::Process& process, const UnitTable& table,
                       const std::vector<Suspect>& suspects)
    : process_(process),
      table_(table),
      suspects_(suspects),
      files_(capture::ListSnapshotFiles(recording.path + "/" + process.folder)),
      images_(files_.size()),
      tried_(files_.size()) {}

HeapImage* HeapImages::Load(size_t file) {
  if (!tried_[file]) {
    tried_[file] = true;
    Result<heap::Snapshot> snapshot = heap::LoadSnapshot(files_[file].path);
    if (snapshot.ok()) {
      images_[file] = std::make_unique<HeapImage>(std::make_unique<heap::Snapshot>(std::move(*snapshot)), process_,
                                                  table_, suspects_);
    }
  }
  return images_[file].get();
}

std::vector<HeapImage*> HeapImages::loaded() const {
  std::vector<HeapImage*> images;
  for (const auto& image : images_) {
    if (image) images.push_back(image.get());
  }
  return images;
}

HeapImage* HeapImages::Newest(size_t n) {
  for (size_t file = files_.size(); file-- > 0;) {
    HeapImage* image = Load(file);
    if (!image) continue;
    if (n == 0) return image;
    --n;
  }
  return nullptr;
}

HeapImage* HeapImages::NewestUpTo(double time_ns) {
  for (size_t file = files_.size(); file-- > 0;) {
    const auto header = capture::ReadSnapshotHeader(files_[file].path);
    if (header.ok() && static_cast<double>(header->time_ns) <= time_ns) return Load(file);
  }
  return nullptr;
}

HeapImage* HeapImages::Earlier(const HeapImage& image) {
  constexpr double kAboutHalf = 0.6;
  return NewestUpTo(kAboutHalf * static_cast<double>(image.snapshot().header.time_ns));
}

HeapImage* HeapImages::ShortlyBefore(const HeapImage& image) {
  constexpr double kMost = 0.9;
  return NewestUpTo(kMost * static_cast<double>(image.snapshot().header.time_ns));
}

HeapImage* HeapImages::Previous(const HeapImage& image) {
  return NewestUpTo(static_cast<double>(image.snapshot().header.time_ns) - 1e6);
}

}  // namespace limpet::diagnose
