#include "capture/builder.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/check.h"
#include "base/crc32.h"
#include "base/file.h"
#include "capture/reader.h"

namespace limpet::capture {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

// Appends a table's blocks to the file and describes them in the directory.
class BlockWriter {
 public:
  BlockWriter() : bytes_(kBlockSize, '\0') {}

  void Add(Table table, const void* records, size_t size, size_t count) {
    const size_t per_block = kBlockSize / size;
    for (size_t first = 0; first < count; first += per_block) {
      const size_t here = std::min(per_block, count - first);
      AddBlock(table, uint32_t(first / per_block), static_cast<const char*>(records) + first * size, here * size);
    }
    header_counts_[size_t(table)] = uint32_t(count);
  }
  template <typename Record>
  void Add(Table table, const std::vector<Record>& records) {
    Add(table, records.data(), sizeof(Record), records.size());
  }

  std::string Finish(FileHeader header) {
    header.blocks = uint32_t(bytes_.size() / kBlockSize);
    std::copy(std::begin(header_counts_), std::end(header_counts_), header.counts);
    header.counts[size_t(Table::kStrings)] /= 4;
    header.header_crc = base::Crc32(&header, offsetof(FileHeader, header_crc));
    std::memcpy(bytes_.data(), &header, sizeof header);
    return std::move(bytes_);
  }

 private:
  void AddBlock(Table table, uint32_t index, const char* data, size_t size) {
    const size_t block = bytes_.size() / kBlockSize;
    LIMPET_CHECK(block < kMaxBlocks);
    const BlockEntry entry{BlockEntry::Pack(table, index)};
    std::memcpy(bytes_.data() + kHeaderSize + block * sizeof entry, &entry, sizeof entry);
    bytes_.append(data, size);
    bytes_.resize((block + 1) * kBlockSize);
  }

  std::string bytes_;
  uint32_t header_counts_[kTableCount] = {};
};

template <size_t kSize>
void SetText(char (&field)[kSize], std::string_view text) {
  const size_t length = std::min(text.size(), kSize);
  std::memset(field, 0, kSize);
  std::memcpy(field, text.data(), length);  // NOLINT(bugprone-suspicious-stringview-data-usage): `length` ends it
}

}  // namespace

ProcessBuilder::ProcessBuilder() : strings_(4, '\0') {
  std::memcpy(header_.magic, kMagic, sizeof kMagic);
  header_.version = kFormatVersion;
  header_.header_size = kHeaderSize;
  header_.block_size = kBlockSize;
  header_.max_blocks = kMaxBlocks;
  for (uint32_t t = 0; t < kTableCount; ++t) header_.record_sizes[t] = RecordSize(Table(t));
  header_.start_realtime_ns = 1'700'000'000 * kSecond;
  header_.start_monotonic_ns = 1000 * kSecond;
  header_.pid = 4711;
  header_.parent_pid = 4710;
  header_.python_version = 0x030c01f0;
  header_.program = uint32_t(Program::kPython);
  header_.page_size = 4096;
  header_.state = uint32_t(State::kFinished);
  header_.finalizing_epoch = 0xffffffff;
  SetText(header_.python_text, "3.12.1");
  SetText(header_.executable, "/usr/bin/python3.12");
  SetCommand({"python3", "app.py"});
  string_ids_.emplace("", 0);
  records<NodeRecord>().emplace_back();
  records<CellRecord>().resize(2);  // pair 0 is never used
  for (CellRecord& cell : records<CellRecord>()) cell.site = kNoSite;
  records<EpochRecord>().emplace_back();
  groups_ = 1;
}

uint32_t ProcessBuilder::String(std::string_view text) {
  if (const auto found = string_ids_.find(text); found != string_ids_.end()) return found->second;
  const auto length = uint32_t(std::min<size_t>(text.size(), kMaxString));
  const size_t size = (sizeof length + length + 3) / 4 * 4;
  if (strings_.size() % kBlockSize + size > kBlockSize)
    strings_.resize((strings_.size() / kBlockSize + 1) * kBlockSize);
  const auto id = uint32_t(strings_.size() / 4);
  strings_.append(reinterpret_cast<const char*>(&length), sizeof length);
  strings_.append(text.substr(0, length));
  strings_.resize(size_t(id) * 4 + size);
  string_ids_.emplace(text, id);
  return id;
}

uint32_t ProcessBuilder::FrameOf(const FrameSpec& spec) {
  const uint32_t file = String(spec.file);
  const uint32_t qualname = String(spec.function);
  auto& codes = records<CodeRecord>();
  const auto [code, new_code] = code_ids_.emplace(std::pair(file, qualname), uint32_t(codes.size()));
  if (new_code) {
    const uint32_t name = String(std::string_view(spec.function).substr(spec.function.rfind('.') + 1));
    codes.push_back({.filename = file,
                     .name = name,
                     .qualname = qualname,
                     .first_line = spec.first_line,
                     .address = 0,
                     .flags = 0,
                     .pad = 0});
  }
  auto& frames = records<FrameRecord>();
  const auto [frame, new_frame] =
      frame_ids_.emplace(std::tuple(code->second, spec.line, spec.column), uint32_t(frames.size()));
  if (new_frame) {
    frames.push_back({.code = code->second,
                      .offset = uint32_t(frames.size()) * 2,
                      .line = spec.line,
                      .end_line = spec.line,
                      .column = spec.column,
                      .end_column = spec.end_column,
                      .pad = 0});
  }
  return frame->second;
}

uint32_t ProcessBuilder::NodeOf(const std::vector<FrameSpec>& stack) {
  auto& nodes = records<NodeRecord>();
  uint32_t node = 0;
  for (auto frame = stack.rbegin(); frame != stack.rend(); ++frame) {
    const uint32_t id = FrameOf(*frame);
    const auto [found, is_new] = node_ids_.emplace(std::pair(node, id), uint32_t(nodes.size()));
    if (is_new) nodes.push_back({.parent = node, .frame = id, .depth = nodes[node].depth + 1, .pad = 0});
    node = found->second;
  }
  return node;
}

uint32_t ProcessBuilder::NativeOf(const std::vector<NativeSpec>& stack) {
  auto& natives = natives_;
  if (natives.empty() && !stack.empty()) natives.emplace_back();
  uint32_t node = 0;
  for (size_t i = stack.size(); i-- > 0;) {
    const uint32_t module = String(stack[i].module);
    const auto [found, is_new] =
        native_ids_.emplace(std::tuple(node, module, stack[i].address), uint32_t(natives.size()));
    if (is_new) natives.push_back({.parent = node, .module = module, .address = stack[i].address});
    node = found->second;
  }
  return node;
}

uint32_t ProcessBuilder::Site(const std::vector<FrameSpec>& stack, Domain domain) { return Site(stack, domain, {}); }

uint32_t ProcessBuilder::Site(const std::vector<FrameSpec>& stack, Domain domain,
                              const std::vector<NativeSpec>& native) {
  auto& sites = records<SiteRecord>();
  const uint32_t node = NodeOf(stack), native_node = NativeOf(native);
  const auto [site, is_new] =
      site_ids_.emplace(std::tuple(node, uint32_t(domain), native_node), uint32_t(sites.size()));
  if (is_new) {
    SiteRecord record{};
    record.node = node;
    record.domain = uint8_t(domain);
    record.native = native_node;
    record.first_epoch = epoch();
    sites.push_back(record);
  }
  return site->second;
}

uint32_t ProcessBuilder::PairOf(uint32_t site, uint32_t epoch) {
  auto& cells = records<CellRecord>();
  const auto [pair, is_new] = pair_ids_.emplace(std::pair(site, epoch), uint32_t(cells.size()));
  if (is_new) {
    CellRecord cell{};
    cell.site = site;
    cell.epoch = epoch;
    cells.insert(cells.end(), 2, cell);
  }
  return pair->second;
}

uint32_t ProcessBuilder::epoch() const { return uint32_t(std::get<std::vector<EpochRecord>>(tables_).size()) - 1; }

uint32_t ProcessBuilder::NextEpoch(const EpochSpec& spec) {
  if (groups_ == kMaxEpochGroups) {
    groups_ /= 2;
    ++header_.folds;
  }
  ++groups_;
  now_ns_ += spec.duration_ns;
  volume_ += spec.other_volume;
  header_.iterations += spec.iterations;
  records<EpochRecord>().push_back({.start_ns = now_ns_,
                                    .start_volume = volume_,
                                    .folds = header_.folds,
                                    .iterations = header_.iterations,
                                    .live_bytes = live().bytes,
                                    .cpu_ns = now_ns_});
  return epoch();
}

void ProcessBuilder::Born(uint32_t site, uint64_t blocks, uint64_t bytes, bool locked) {
  CellRecord& cell = records<CellRecord>()[PairOf(site, epoch()) + (locked ? 0 : 1)];
  cell.births += uint32_t(blocks);
  cell.birth_bytes += bytes;
  volume_ += bytes;
}

void ProcessBuilder::Died(uint32_t site, uint32_t birth_epoch, uint64_t blocks, uint64_t bytes, bool locked) {
  CellRecord& cell = records<CellRecord>()[PairOf(site, birth_epoch) + (locked ? 0 : 1)];
  cell.deaths += uint32_t(blocks);
  cell.death_bytes += bytes;
}

void ProcessBuilder::Cell(uint32_t site, uint32_t birth_epoch, uint64_t births, uint64_t birth_bytes, uint64_t deaths,
                          uint64_t death_bytes) {
  CellRecord& cell = records<CellRecord>()[PairOf(site, birth_epoch)];
  cell.births += uint32_t(births);
  cell.birth_bytes += birth_bytes;
  cell.deaths += uint32_t(deaths);
  cell.death_bytes += death_bytes;
  volume_ += birth_bytes;
}

Amount ProcessBuilder::live() const {
  Amount live;
  for (const CellRecord& cell : std::get<std::vector<CellRecord>>(tables_)) {
    if (cell.site == kNoSite) continue;
    live += {uint64_t(cell.births), cell.birth_bytes};
    live -= {uint64_t(cell.deaths), cell.death_bytes};
  }
  return live;
}

void ProcessBuilder::FillImage(size_t which) {
  const auto& cells = records<CellRecord>();
  std::vector<ImageRecord>& image = images_[which];
  image.assign(cells.size() / 2, ImageRecord{});
  for (size_t i = 0; i < cells.size(); i += 2) {
    if (cells[i].site == kNoSite) continue;
    image[i / 2].live_blocks = cells[i].births + cells[i + 1].births - cells[i].deaths - cells[i + 1].deaths;
    image[i / 2].live_bytes =
        cells[i].birth_bytes + cells[i + 1].birth_bytes - cells[i].death_bytes - cells[i + 1].death_bytes;
  }
  header_.images[which] = {.valid = 1,
                           .epoch = epoch(),
                           .time_ns = now_ns_,
                           .live_blocks = live().blocks,
                           .live_bytes = live().bytes,
                           .pairs = uint32_t(image.size()),
                           .pad = 0};
}

void ProcessBuilder::TakePeak() {
  FillImage(next_peak_);
  next_peak_ ^= 1;
  if (live().bytes > header_.peak_bytes) {
    header_.peak_bytes = live().bytes;
    header_.peak_time_ns = now_ns_;
  }
}

void ProcessBuilder::TakeFinal() {
  FillImage(2);
  header_.finalizing_epoch = NextEpoch();
}

void ProcessBuilder::AddSample(uint64_t rss_bytes) {
  SampleRecord sample{};
  sample.time_ns = now_ns_;
  sample.volume = volume_;
  sample.live_bytes = live().bytes;
  sample.live_blocks = live().blocks;
  sample.rss_bytes = rss_bytes;
  sample.epoch = epoch();
  records<SampleRecord>().push_back(sample);
}

void ProcessBuilder::AddMark(std::string_view name) {
  records<MarkRecord>().push_back(
      {.time_ns = now_ns_, .name = String(name), .epoch = epoch(), .iterations = header_.iterations, .pad = 0});
  NextEpoch({.duration_ns = 0});
}

void ProcessBuilder::AddThread(int32_t tid, std::string_view name, bool busy, bool ended) {
  ThreadRecord thread{};
  thread.tid = tid;
  thread.busy = busy;
  thread.ended = ended;
  thread.start_ns = now_ns_;
  SetText(thread.name, name);
  records<ThreadRecord>().push_back(thread);
}

void ProcessBuilder::SetCommand(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += word + '\0';
  SetText(header_.command, joined);
}

std::string ProcessBuilder::Bytes() const {
  BlockWriter writer;
  writer.Add(Table::kStrings, strings_.data(), 1, strings_.size());
  std::apply([&, table = uint32_t(Table::kCodes)](
                 const auto&... records) mutable { (writer.Add(Table(table++), records), ...); },
             tables_);
  for (uint32_t which = 0; which < 3; ++which) writer.Add(Table(uint32_t(Table::kImagePeakA) + which), images_[which]);
  writer.Add(Table::kNatives, natives_);
  FileHeader header = header_;
  if (header.last_tick_ns == 0) header.last_tick_ns = now_ns_ + kSecond;
  if (header.last_cpu_ns == 0) header.last_cpu_ns = header.last_tick_ns;
  return writer.Finish(header);
}

Status ProcessBuilder::Write(const std::string& recording_path) const {
  std::string folder = recording_path + "/p" + std::to_string(header_.pid);
  if (header_.image != 0) folder += "." + std::to_string(header_.image);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error("cannot make " + folder + ": " + error.message());
  return base::WriteFileAtomically(folder + "/data", Bytes());
}

Process ProcessBuilder::Read() const {
  Result<Process> process = ParseProcess(Bytes(), "builder");
  return *std::move(process);
}

}  // namespace limpet::capture
