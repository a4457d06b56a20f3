#include "agent/data_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace limpet::agent {

using capture::BlockEntry;
using capture::FileHeader;
using capture::kBlockSize;
using capture::Table;

namespace {

constexpr uint64_t kStep = 16 * 1024;  // pages are populated this much at a time

uint32_t Crc32(const void* data, size_t size) {
  uint32_t crc = 0xffffffff;
  for (const unsigned char* p = static_cast<const unsigned char*>(data); size--; ++p) {
    crc ^= *p;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

// The file's (sparse) size: as large as a recording may get, less where the program lives under limits.
uint64_t FileSize() {
  uint64_t size = uint64_t(capture::kMaxBlocks) * kBlockSize;
  rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < size)
    size = limit.rlim_cur;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 16 < size)
    size = limit.rlim_cur / 16;
  return size / kBlockSize * kBlockSize;
}

}  // namespace

bool DataFile::Fail(const char* what) {
  snprintf(error_, sizeof error_, "%s: %s", what, ErrorText(errno));
  return false;
}

bool DataFile::CreateFile(const char* directory, int* fd) {
  // Only the newest image of a pid counts as running, so a free name is found by trying in order.
  const int pid = int(syscall(SYS_getpid));
  unsigned image = 0;
  for (;; ++image) {
    if (image == 0) snprintf(folder_, sizeof folder_, "%s/p%d", directory, pid);
    else snprintf(folder_, sizeof folder_, "%s/p%d.%u", directory, pid, image);
    if (mkdir(folder_, 0777) == 0) break;
    if (errno != EEXIST || image > 100000) return Fail("cannot create a folder in the recording");
  }
  char path[600];
  snprintf(path, sizeof path, "%s/data", folder_);
  *fd = ::open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
  if (*fd < 0) {
    rmdir(folder_);
    return Fail("cannot create the recording's data file");
  }
  mapped_bytes_ = FileSize();
  if (mapped_bytes_ < 16 * kBlockSize) errno = EFBIG;
  if (mapped_bytes_ < 16 * kBlockSize || ftruncate(*fd, off_t(mapped_bytes_)) != 0) {
    Fail("cannot size the recording's data file");
    close(*fd);
    unlink(path);
    rmdir(folder_);
    return false;
  }
  image_ = image;
  return true;
}

bool DataFile::Map(int fd) {
  const long result = syscall(SYS_mmap, nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
  if (result == -1) return Fail("cannot map the recording's data file");
  base_ = reinterpret_cast<char*>(result);
  return true;
}

bool DataFile::Create(const char* directory) {
  int fd;
  if (!CreateFile(directory, &fd)) return false;
  const bool mapped = Map(fd);
  close(fd);
  if (!mapped) return false;
  memset(block_counts_, 0, sizeof block_counts_);
  if (!Populate(base_ + kStep)) return false;
  header_ = reinterpret_cast<FileHeader*>(base_);
  FillHeader();
  return true;
}

void DataFile::FillHeader() {
  FileHeader* h = header_;
  h->version = capture::kFormatVersion;
  h->header_size = capture::kHeaderSize;
  h->block_size = kBlockSize;
  h->max_blocks = capture::kMaxBlocks;
  for (uint32_t t = 0; t < capture::kTableCount; ++t) h->record_sizes[t] = capture::RecordSize(Table(t));
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  h->start_realtime_ns = uint64_t(now.tv_sec) * 1000000000u + uint64_t(now.tv_nsec);
  h->start_monotonic_ns = NowNs();
  h->pid = int32_t(syscall(SYS_getpid));
  h->parent_pid = int32_t(syscall(SYS_getppid));
  h->image = image_;
  h->page_size = uint32_t(sysconf(_SC_PAGESIZE));
  h->blocks = 1;
  h->finalizing_epoch = 0xffffffff;
  h->state = uint32_t(capture::State::kStarting);
  // Last, and the compiler keeps it so: who is killed before has no header yet, and while it starts its checksum is not asked for.
  __atomic_thread_fence(__ATOMIC_RELEASE);
  memcpy(h->magic, capture::kMagic, sizeof h->magic);
  SealHeader();
}

void DataFile::SealHeader() { header_->header_crc = Crc32(header_, offsetof(FileHeader, header_crc)); }

void DataFile::SetPython(uint32_t version_hex, capture::Program program) {
  header_->python_version = version_hex;
  header_->program = uint32_t(program);
  SealHeader();
}

// Gives the pages of [start of the block's part that has none, end) their disk blocks.
bool DataFile::Populate(char* end) {
  const uint64_t offset = uint64_t(end - base_);
  const uint32_t block = uint32_t((offset - 1) / kBlockSize);
  uint64_t& have = populated_[block];
  const uint64_t want = (offset - uint64_t(block) * kBlockSize + kStep - 1) / kStep * kStep;
  if (LIMPET_LIKELY(want <= have)) return true;
  ErrnoGuard guard;
  char* from = base_ + uint64_t(block) * kBlockSize + have;
  int result = madvise(from, want - have, MADV_POPULATE_WRITE);
  if (result != 0 && errno == EINVAL) {
    char path[600];
    snprintf(path, sizeof path, "%s/data", folder_);
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    result = fd < 0 ? -1 : fallocate(fd, 0, from - base_, off_t(want - have));
    if (fd >= 0) close(fd);
  }
  if (result != 0) {
    snprintf(error_, sizeof error_, "the recording cannot grow (disk full?): %s", ErrorText(errno));
    if (header_) header_->limits |= capture::kLimitDisk;
    return false;
  }
  have = want;
  return true;
}

bool DataFile::AddBlock(Table table, uint32_t index) {
  const uint32_t block = header_->blocks;
  if ((uint64_t(block) + 1) * kBlockSize > mapped_bytes_) {
    snprintf(error_, sizeof error_, "the recording reached its largest size");
    header_->limits |= capture::kLimitBlocks;
    return false;
  }
  BlockEntry* entry = reinterpret_cast<BlockEntry*>(base_ + capture::kHeaderSize) + block;
  char* start = base_ + uint64_t(block) * kBlockSize;
  if (!Populate(reinterpret_cast<char*>(entry + 1)) || !Populate(start + 1)) return false;
  blocks_[uint32_t(table)][index] = start;
  block_counts_[uint32_t(table)] = index + 1;
  entry->bits = BlockEntry::Pack(table, index);
  __atomic_store_n(&header_->blocks, block + 1, __ATOMIC_RELEASE);
  return true;
}

void* DataFile::Reserve(Table table, uint32_t index) {
  const uint32_t size = capture::RecordSize(table);
  const uint32_t per_block = kBlockSize / size;
  const uint32_t block = index / per_block;
  while (block_counts_[uint32_t(table)] <= block) {
    if (!AddBlock(table, block_counts_[uint32_t(table)])) return nullptr;
  }
  char* record = blocks_[uint32_t(table)][block] + uint64_t(index % per_block) * size;
  return Populate(record + size) ? record : nullptr;
}

void* DataFile::Next(Table table) { return Reserve(table, Count(table)); }

uint32_t DataFile::AppendString(const char* text, uint32_t length) {
  if (length == 0) return 0;
  if (length > capture::kMaxString) length = capture::kMaxString;
  const uint32_t size = (sizeof(capture::StringRecord) + length + 3) / 4 * 4;
  uint64_t offset = uint64_t(Count(Table::kStrings)) * 4;
  if (offset == 0) offset = 4;  // id 0 is the empty string
  if (offset % kBlockSize + size > kBlockSize) offset = (offset / kBlockSize + 1) * kBlockSize;
  const uint32_t block = uint32_t(offset / kBlockSize);
  while (block_counts_[uint32_t(Table::kStrings)] <= block) {
    if (!AddBlock(Table::kStrings, block_counts_[uint32_t(Table::kStrings)])) return 0;
  }
  char* record = blocks_[uint32_t(Table::kStrings)][block] + offset % kBlockSize;
  if (!Populate(record + size)) return 0;
  memcpy(record, &length, sizeof length);
  memcpy(record + sizeof length, text, length);
  SetCount(Table::kStrings, uint32_t((offset + size) / 4));
  return uint32_t(offset / 4);
}

// What every mapped block holds, populated part by populated part.
void DataFile::CopyTo(char* target) {
  for (uint32_t block = 0; block < header_->blocks; ++block) {
    const uint64_t offset = uint64_t(block) * kBlockSize;
    memcpy(target + offset, base_ + offset, populated_[block]);
  }
}

// Moves to a file of our own, at the addresses of what is mapped.
bool DataFile::ContinueIn(const char* directory) {
  char* old_base = base_;
  const uint64_t old_bytes = mapped_bytes_;
  int fd;
  if (!CreateFile(directory, &fd)) {
    mapped_bytes_ = old_bytes;
    return false;
  }
  if (mapped_bytes_ < old_bytes) {  // limits tightened since: only what is in use must fit
    mapped_bytes_ = old_bytes;
    if (ftruncate(fd, off_t(old_bytes)) != 0) return close(fd), Fail("cannot size the recording's data file");
  }
  const bool mapped = Map(fd);
  close(fd);
  char* fresh = base_;
  base_ = old_base;
  mapped_bytes_ = old_bytes;
  if (!mapped) return false;
  for (uint32_t block = 0; block < header_->blocks; ++block) {
    if (madvise(fresh + uint64_t(block) * kBlockSize, populated_[block], MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
      Fail("the recording cannot grow (disk full?)");
      UnmapMemory(fresh, old_bytes);
      return false;
    }
  }
  CopyTo(fresh);
  __atomic_store_n(&header_->in_fork, 0, __ATOMIC_RELEASE);  // the parent, whose file this still is, may go on
  if (mremap(fresh, old_bytes, old_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, old_base) == MAP_FAILED) return Fail("mremap");
  return true;
}

void DataFile::BeginAgain(int32_t forked_from) {
  header_->pid = int32_t(syscall(SYS_getpid));
  header_->parent_pid = int32_t(syscall(SYS_getppid));
  header_->forked_from = forked_from;
  header_->image = image_;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  header_->start_realtime_ns = uint64_t(now.tv_sec) * 1000000000u + uint64_t(now.tv_nsec);
  header_->start_monotonic_ns = NowNs();
  SealHeader();
}

bool DataFile::ContinueInChild(const char* directory) {
  if (!ContinueIn(directory)) return false;
  BeginAgain(header_->pid);
  return true;
}

bool DataFile::Detach() {
  ErrnoGuard guard;
  const long result = syscall(SYS_mmap, nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
  if (result == -1) return Fail("no memory to keep what is known of stacks");
  char* fresh = reinterpret_cast<char*>(result);
  CopyTo(fresh);
  if (mremap(fresh, mapped_bytes_, mapped_bytes_, MREMAP_MAYMOVE | MREMAP_FIXED, base_) == MAP_FAILED)
    return Fail("mremap");
  char path[600];
  snprintf(path, sizeof path, "%s/data", folder_);
  // It was made longer than it will ever be now. One that cannot be cut is as good.
  [[maybe_unused]] const int cut = truncate(path, off_t(header_->blocks * uint64_t{kBlockSize}));
  return true;
}

bool DataFile::Resume(const char* directory) {
  ErrnoGuard guard;
  if (!ContinueIn(directory)) return false;
  FileHeader* h = header_;
  const uint32_t blocks = h->blocks;
  uint32_t counts[capture::kTableCount];
  char python_text[sizeof h->python_text];
  memcpy(counts, h->counts, sizeof counts);
  memcpy(python_text, h->python_text, sizeof python_text);
  memset(&h->state, 0, sizeof(FileHeader) - offsetof(FileHeader, state));
  h->blocks = blocks;
  memcpy(h->counts, counts, sizeof counts);
  memcpy(h->python_text, python_text, sizeof python_text);
  h->finalizing_epoch = 0xffffffff;
  BeginAgain(0);
  return true;
}

}  // namespace limpet::agent
