#include "process/core_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/file.h"
#include "fmt/format.h"
#include "process/symbols.h"

namespace limpet::process {

// Fetches pages of a core, or of the files that it leaves out.
class CorePages final : public PageSource {
 public:
  CorePages(base::FileDescriptor core, CoreLayout layout) : core_(std::move(core)), layout_(std::move(layout)) {}

  const CoreLayout& layout() const { return layout_; }
  // Lets the pages of pieces that name `path` come from `file`.
  void Allow(const std::string& path, base::FileDescriptor file) { files_[path] = std::move(file); }

  // Maps what lies in the core as it would in memory, whole pages at whole pages; the kernel's cores are that way, gcore's are not.
  void MapWholePieces(MemoryMirror* mirror) {
    for (uint32_t i = 0; i < layout_.segments.size(); ++i) {
      const CoreLayout::Segment& segment = layout_.segments[i];
      if (segment.file_size != segment.end - segment.begin || segment.file_offset % kPageSize != 0) continue;
      void* const host = mirror->HostAt(i, segment.begin);
      const void* mapped =
          mmap(host, segment.file_size, PROT_READ, MAP_PRIVATE | MAP_FIXED, core_.get(), off_t(segment.file_offset));
      if (mapped == host) mirror->SetComplete(i);
    }
  }

  bool Load(uint32_t piece, uint64_t address, size_t size, char* to) override {
    const CoreLayout::Segment& segment = layout_.segments[piece];
    const Mapping& mapping = layout_.mappings[piece];
    const uint64_t at = address - segment.begin;
    const size_t in_core = at < segment.file_size ? size_t(std::min<uint64_t>(size, segment.file_size - at)) : 0;
    if (in_core && pread(core_.get(), to, in_core, off_t(segment.file_offset + at)) != ssize_t(in_core)) return false;
    if (in_core == size) return true;
    // Of a file, a core may have nothing or the first page; of other memory, what it does not have is zero.
    if (mapping.has_file()) return LoadFromFile(mapping, at + in_core, size - in_core, to + in_core);
    if (segment.file_size == 0) return false;
    std::memset(to + in_core, 0, size - in_core);
    return true;
  }

 private:
  bool LoadFromFile(const Mapping& mapping, uint64_t at, size_t size, char* to) {
    const auto file = files_.find(mapping.path);
    if (file == files_.end()) return false;
    const ssize_t got = pread(file->second.get(), to, size, off_t(mapping.offset + at));
    if (got <= 0) return false;
    std::memset(to + got, 0, size - size_t(got));
    return size - size_t(got) < kPageSize;
  }

  base::FileDescriptor core_;
  CoreLayout layout_;
  std::map<std::string, base::FileDescriptor> files_;
};

CoreFile::CoreFile() = default;
CoreFile::CoreFile(CoreFile&&) noexcept = default;
CoreFile& CoreFile::operator=(CoreFile&&) noexcept = default;
CoreFile::~CoreFile() = default;

Result<CoreFile> CoreFile::Open(const std::string& path) {
  CoreFile core;
  {
    LIMPET_ASSIGN_OR_RETURN(const base::MappedFile file, base::MappedFile::Open(path));
    Result<CoreLayout> layout = ParseCore(file.bytes(), file.bytes().size());
    if (!layout.ok()) return layout.status().WithContext(path);
    LIMPET_ASSIGN_OR_RETURN(base::FileDescriptor descriptor, base::OpenForReading(path));
    core.pages_ = std::make_unique<CorePages>(std::move(descriptor), *std::move(layout));
  }
  const CoreLayout& layout = core.pages_->layout();
  core.map_ = MemoryMap(layout.mappings);
  core.pid_ = layout.pid;
  core.threads_ = layout.threads;
  core.program_ = layout.program;
  core.problems_ = layout.problems;
  std::vector<MemoryMirror::Piece> pieces;
  for (const CoreLayout::Segment& segment : layout.segments) pieces.push_back({segment.begin, segment.end, false});
  LIMPET_RETURN_IF_ERROR(core.mirror_.Reserve(std::move(pieces)));
  core.mirror_.set_source(core.pages_.get());
  core.pages_->MapWholePieces(&core.mirror_);
  core.CheckFiles();
  return core;
}

// Which of the files that the core builds upon are still those that were mapped.
void CoreFile::CheckFiles() {
  const CoreLayout& layout = pages_->layout();
  std::map<std::string, uint64_t> wanted;  // path -> bytes that must be there
  std::map<std::string, std::string> build_ids;
  for (size_t i = 0; i < layout.mappings.size(); ++i) {
    const Mapping& mapping = layout.mappings[i];
    if (!mapping.has_file()) continue;
    const uint64_t in_core = layout.segments[i].file_size;
    if (in_core < mapping.size()) {
      uint64_t& size = wanted[mapping.path];
      size = std::max(size, mapping.offset + mapping.size() - kPageSize + 1);
    }
    if (mapping.offset == 0 && in_core >= kPageSize) {
      const char* first_page = mirror_.Span(mapping.begin, kPageSize);
      if (first_page) build_ids.emplace(mapping.path, BuildId({first_page, kPageSize}));
    }
  }
  for (const auto& [path, size] : wanted) {
    auto file = base::MappedFile::Open(path);
    if (!file.ok()) {
      problems_.push_back(
          fmt::format("the core leaves out what {} holds, and that cannot be read: {}", path, file.message()));
      continue;
    }
    const auto id = build_ids.find(path);
    const bool other_build = id != build_ids.end() && !id->second.empty() && BuildId(file->bytes()) != id->second;
    if (other_build || file->bytes().size() < size) {
      problems_.push_back(fmt::format(
          "{} is not the file that was mapped when the core was written: what it holds was left out", path));
      continue;
    }
    auto descriptor = base::OpenForReading(path);
    if (descriptor.ok()) pages_->Allow(path, *std::move(descriptor));
  }
}

}  // namespace limpet::process
