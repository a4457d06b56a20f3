#include "process/memory_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/file.h"
#include "fmt/format.h"
#include "process/stopped_process.h"

namespace limpet::process {
namespace {

constexpr uint64_t kSmallFile = 64 << 20;  // private writable mappings of files up to this size are copied whole
constexpr uint64_t kBoundless = uint64_t{1}
                                << 40;  // address space that some tool reserved: reading its page table takes seconds
constexpr uint64_t kPieceOfWork = 8 << 20;  // bytes for one process_vm_readv
constexpr uint64_t kHugePage = 2 << 20;
constexpr double kDense = 0.9;  // a mapping with that share of its pages present is copied whole

// Entries of /proc/PID/pagemap.
constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kSwapped = uint64_t{1} << 62;
constexpr uint64_t kFilePage = uint64_t{1} << 61;

// How a mapping comes into the image.
enum class Manner {
  kSkip,      // not at all
  kPresent,   // copied; pages that were never touched are zero
  kWhole,     // copied with all pages
  kChanged,   // the pages that differ from the file are copied, the others fetched when asked for
  kOnDemand,  // fetched when asked for
};

Manner MannerOf(const Mapping& mapping) {
  if (!mapping.readable || mapping.begin % kPageSize || mapping.end % kPageSize || mapping.path.starts_with("[v")) {
    return Manner::kSkip;  // [vvar], [vsyscall]: the kernel's
  }
  const bool device = mapping.path.starts_with("/dev/") && !mapping.path.starts_with("/dev/shm/") &&
                      !mapping.path.starts_with("/dev/zero");
  if (device) return Manner::kSkip;  // reading may have effects
  if (mapping.shared || mapping.size() > kBoundless) return Manner::kOnDemand;
  if (mapping.inode == 0) return Manner::kPresent;
  if (!mapping.writable) return Manner::kOnDemand;
  return mapping.size() <= kSmallFile ? Manner::kWhole : Manner::kChanged;
}

// A stretch to be copied.
struct Range {
  uint32_t piece;
  uint64_t begin;
  uint64_t size;
};

// What is to be copied, decided from the page table.
struct Plan {
  std::vector<MemoryMirror::Piece> pieces;
  std::vector<const Mapping*> mappings;  // of each piece
  std::vector<Range> ranges;
  uint64_t bytes = 0;
  bool gone = false;  // the process gave its memory back meanwhile: it ended, or became another program
};

class Planner {
 public:
  Planner(int pagemap, const Plan* before) : pagemap_(pagemap), before_(before) {}

  Plan Make(const MemoryMap& map) {
    for (const Mapping& mapping : map.mappings()) {
      const Manner manner = MannerOf(mapping);
      if (manner == Manner::kSkip) continue;
      const auto piece = uint32_t(plan_.pieces.size());
      plan_.pieces.push_back({mapping.begin, mapping.end, manner == Manner::kPresent || manner == Manner::kWhole});
      plan_.mappings.push_back(&mapping);
      if (manner == Manner::kWhole || (manner == Manner::kPresent && WasDense(mapping))) {
        Add(piece, mapping.begin, mapping.size());
      } else if (manner == Manner::kPresent) {
        AddPages(piece, mapping, kPresent | kSwapped, 0);
      } else if (manner == Manner::kChanged) {
        AddPages(piece, mapping, kPresent | kSwapped, kFilePage);
      }
    }
    return std::move(plan_);
  }

 private:
  // Reading the page table takes time, too: what was nearly full a moment ago is copied without asking again.
  bool WasDense(const Mapping& mapping) {
    if (!before_) return false;
    const auto& ranges = before_->ranges;
    auto range = std::lower_bound(ranges.begin(), ranges.end(), mapping.begin,
                                  [](const Range& r, uint64_t address) { return r.begin < address; });
    uint64_t present = 0;
    for (; range != ranges.end() && range->begin < mapping.end; ++range) present += range->size;
    return double(present) >= kDense * double(mapping.size());
  }

  void Add(uint32_t piece, uint64_t begin, uint64_t size) {
    plan_.bytes += size;
    if (!plan_.ranges.empty() && plan_.ranges.back().piece == piece &&
        plan_.ranges.back().begin + plan_.ranges.back().size == begin) {
      plan_.ranges.back().size += size;
    } else {
      plan_.ranges.push_back({piece, begin, size});
    }
  }

  void AddPages(uint32_t piece, const Mapping& mapping, uint64_t any_of, uint64_t none_of) {
    uint64_t at = mapping.begin;
    while (at < mapping.end) {
      const uint64_t pages = std::min<uint64_t>((mapping.end - at) / kPageSize, entries_.size());
      const ssize_t size = pread(pagemap_, entries_.data(), pages * 8, off_t(at / kPageSize * 8));
      if (size == 0) {  // there is no page table any more; what was mapped may have been terabytes
        plan_.gone = true;
        return;
      }
      if (size < 8) {  // the page table cannot be read: everything, to be sure
        Add(piece, at, mapping.end - at);
        return;
      }
      for (ssize_t i = 0; i < size / 8; ++i, at += kPageSize) {
        if ((entries_[size_t(i)] & any_of) && !(entries_[size_t(i)] & none_of)) Add(piece, at, kPageSize);
      }
    }
  }

  int pagemap_;
  const Plan* before_;
  Plan plan_;
  std::vector<uint64_t> entries_ = std::vector<uint64_t>(32 * 1024);
};

// Bytes that can be taken without harm to others.
uint64_t FreeMemory() {
  const auto text = base::ReadFile("/proc/meminfo");
  const size_t at = text.ok() ? text->find("MemAvailable:") : std::string::npos;
  if (at == std::string::npos) return UINT64_MAX;
  uint64_t free = std::strtoull(text->c_str() + at + std::strlen("MemAvailable:"), nullptr, 10) * 1024;
  // In a container of its own, what that has left.
  const auto most = base::ReadFile("/sys/fs/cgroup/memory.max"), used = base::ReadFile("/sys/fs/cgroup/memory.current");
  if (most.ok() && used.ok() && !most->starts_with("max")) {
    const uint64_t limit = std::strtoull(most->c_str(), nullptr, 10),
                   current = std::strtoull(used->c_str(), nullptr, 10);
    free = std::min(free, limit > current ? limit - current : 0);
  }
  return free;
}

// Takes the memory beforehand, while the process still runs: it then stands still only for copying.
void Populate(const Plan& plan, MemoryMirror* mirror) {
  constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14; on older ones pages come when they are written
  for (const Range& range : plan.ranges) {
    char* host = mirror->HostAt(range.piece, range.begin);
    if (range.size >= 2 * kHugePage) {
      char* const first = host + (kHugePage - reinterpret_cast<uintptr_t>(host) % kHugePage) % kHugePage;
      const uint64_t size = (range.size - uint64_t(first - host)) / kHugePage * kHugePage;
      madvise(first, size, MADV_HUGEPAGE);
    }
    madvise(host, range.size, kPopulateWrite);
  }
}

// Copies ranges from the process, by two threads where it is much.
class Copier {
 public:
  Copier(pid_t pid, const Plan& plan, MemoryMirror* mirror) : pid_(pid), mirror_(mirror) {
    for (const Range& range : plan.ranges) {
      for (uint64_t done = 0; done < range.size; done += kPieceOfWork) {
        work_.push_back({range.piece, range.begin + done, std::min(range.size - done, kPieceOfWork)});
      }
    }
  }

  Status Run(uint64_t bytes) {
    std::optional<std::thread> helper;
    if (bytes > 8 * kPieceOfWork) helper.emplace([this] { Work(); });
    Work();
    if (helper) helper->join();
    if (gone_) return Error(fmt::format("process {} ended while it was read", pid_));
    if (const int error = error_)
      return Error(fmt::format("process {} cannot be read: {}", pid_, base::ErrnoText(error)));
    return Status::Ok();
  }
  uint64_t unreadable() const { return unreadable_; }

 private:
  // Takes ranges until none is left; small ones many at a time.
  void Work() {
    constexpr size_t kMostRanges = 64;
    while (!gone_ && !error_) {
      const size_t first = next_.fetch_add(kMostRanges);
      if (first >= work_.size()) return;
      const size_t end = std::min(first + kMostRanges, work_.size());
      for (size_t i = first; i < end;) i = CopySome(i, end);
    }
  }

  // Copies ranges from `first` on with one system call. Returns the first one that is not done.
  size_t CopySome(size_t first, size_t end) {
    iovec theirs[64], ours[64];
    size_t count = 0;
    uint64_t total = 0;
    while (first + count < end && (count == 0 || total + work_[first + count].size <= kPieceOfWork)) {
      const Range& range = work_[first + count];
      theirs[count] = {reinterpret_cast<void*>(range.begin), range.size};
      ours[count] = {mirror_->HostAt(range.piece, range.begin), range.size};
      total += range.size;
      ++count;
    }
    const ssize_t size = process_vm_readv(pid_, ours, count, theirs, count, 0);
    if (size == ssize_t(total)) return first + count;
    if (size < 0 && errno != EFAULT) {
      if (errno == ESRCH) gone_ = true;
      else error_ = errno;
      return end;
    }
    for (size_t i = first; i < first + count; ++i) CopyPages(work_[i]);
    return first + count;
  }

  // Page by page, where one of them cannot be read.
  void CopyPages(const Range& range) {
    for (uint64_t done = 0; done < range.size; done += kPageSize) {
      const iovec theirs = {reinterpret_cast<void*>(range.begin + done), kPageSize};
      const iovec ours = {mirror_->HostAt(range.piece, range.begin + done), kPageSize};
      if (process_vm_readv(pid_, &ours, 1, &theirs, 1, 0) != ssize_t(kPageSize)) unreadable_ += kPageSize;
    }
  }

  pid_t pid_;
  MemoryMirror* mirror_;
  std::vector<Range> work_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> gone_ = false;
  std::atomic<int> error_ = 0;
  std::atomic<uint64_t> unreadable_ = 0;
};

base::FileDescriptor OpenProc(pid_t pid, const char* file) {
  return base::FileDescriptor(open(fmt::format("/proc/{}/{}", pid, file).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

// Reads pages later: from the process's memory, which the open file keeps apart from that of a program it may have become, or from
// the files that it had mapped.
class ImageFiles final : public PageSource {
 public:
  ImageFiles(pid_t pid, base::FileDescriptor memory)
      : root_(fmt::format("/proc/{}/root", pid)), memory_(std::move(memory)) {}

  void set_mappings(const std::vector<const Mapping*>& mappings) {
    mappings_.clear();
    for (const Mapping* mapping : mappings) mappings_.push_back(*mapping);
  }

  bool Load(uint32_t piece, uint64_t address, size_t size, char* to) override {
    if (pread(memory_.get(), to, size, off_t(address)) == ssize_t(size)) return true;
    const Mapping& mapping = mappings_[piece];
    if (!mapping.has_file() || mapping.writable) return false;
    for (const std::string& path : {root_ + mapping.path, mapping.path}) {
      const base::FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
      struct stat info;
      if (!file.valid() || fstat(file.get(), &info) != 0 || info.st_ino != mapping.inode ||
          info.st_dev != mapping.device)
        continue;
      const ssize_t got = pread(file.get(), to, size, off_t(mapping.offset + (address - mapping.begin)));
      if (got <= 0) continue;
      std::memset(to + got, 0, size - size_t(got));  // the rest of the last page
      return size - size_t(got) < kPageSize;
    }
    return false;
  }

 private:
  std::string root_;
  base::FileDescriptor memory_;
  std::vector<Mapping> mappings_;  // of each piece
};

MemoryImage::MemoryImage() = default;
MemoryImage::MemoryImage(MemoryImage&&) noexcept = default;
MemoryImage& MemoryImage::operator=(MemoryImage&&) noexcept = default;
MemoryImage::~MemoryImage() = default;

Result<MemoryImage> MemoryImage::Take(pid_t pid) {
  MemoryImage image;
  // While it runs: what will be copied, about, and memory for that.
  Result<MemoryMap> map = MemoryMap::Read(pid);
  if (!map.ok()) return Error(WhyNotAllowed(pid, EACCES));
  const Plan before = Planner(OpenProc(pid, "pagemap").get(), nullptr).Make(*map);
  if (before.gone) return Error(fmt::format("process {} ended while it was read", pid));
  if (const uint64_t free = FreeMemory(); before.bytes > free / 10 * 9) {
    return Error(
        fmt::format("the image of process {} takes {} MB, and {} MB are free: write a core file and read that on "
                    "another machine (limpet snapshot --core FILE)",
                    pid, before.bytes >> 20, free >> 20));
  }
  LIMPET_RETURN_IF_ERROR(image.mirror_.Reserve(before.pieces));
  Populate(before, &image.mirror_);

  LIMPET_ASSIGN_OR_RETURN(StoppedProcess stopped, StoppedProcess::Stop(pid));
  LIMPET_ASSIGN_OR_RETURN(image.map_, MemoryMap::Read(pid));
  Plan plan = Planner(OpenProc(pid, "pagemap").get(), &before).Make(image.map_);
  if (plan.gone) return Error(fmt::format("process {} ended while it was read", pid));
  base::FileDescriptor memory = OpenProc(pid, "mem");
  if (!memory.valid()) return Error(WhyNotAllowed(pid, errno));
  image.files_ = std::make_unique<ImageFiles>(pid, std::move(memory));
  image.files_->set_mappings(plan.mappings);
  LIMPET_RETURN_IF_ERROR(image.mirror_.Reserve(std::move(plan.pieces)));
  image.mirror_.set_source(image.files_.get());
  Copier copier(pid, plan, &image.mirror_);
  LIMPET_RETURN_IF_ERROR(copier.Run(plan.bytes));
  image.threads_ = stopped.threads();
  image.pause_ns_ = stopped.Resume();

  for (const Range& range : plan.ranges) image.mirror_.SetLoaded(range.piece, range.begin, range.size);
  image.bytes_copied_ = plan.bytes;
  image.bytes_unreadable_ = copier.unreadable();
  return image;
}

}  // namespace limpet::process
