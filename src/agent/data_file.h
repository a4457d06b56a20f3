// The writing side of a recording's `data` file (capture/format.h): a mapped file of blocks, dealt out to tables.
//
// The whole (sparse) file is mapped once; no descriptor stays open. Pages are given their disk blocks before they are touched
// (MADV_POPULATE_WRITE, or fallocate where the kernel is older), so that a full disk is an answer and not a SIGBUS.
// All functions that append need the caller to hold the agent's lock; pointers to records stay valid for good.
#ifndef LIMPET_AGENT_DATA_FILE_H_
#define LIMPET_AGENT_DATA_FILE_H_

#include "agent/platform.h"
#include "capture/format.h"

namespace limpet::agent {

class DataFile {
 public:
  // Creates DIRECTORY/p<pid>[.<k>]/data and maps it. False when that is impossible: see error().
  bool Create(const char* directory);

  // Goes on in a forked child: a file of its own that holds what `this` held, at the same addresses. False: the file of the
  // parent is no longer mapped writable here, and nothing can be recorded.
  bool ContinueInChild(const char* directory);

  // Lets go of the file, which is complete from now on: what it held goes on in memory, at the same addresses. False: it stays mapped.
  bool Detach();
  // Begins another file with what Detach kept, so that all numbers and pointers stay good; counts of the old run are not in it.
  bool Resume(const char* directory);

  // Fields before FileHeader::header_crc change only through this: the checksum is made anew.
  void SetPython(uint32_t version_hex, capture::Program program);

  bool open() const { return header_ != nullptr; }
  capture::FileHeader* header() { return header_; }
  const char* folder() const { return folder_; }
  const char* error() const { return error_; }
  uint64_t mapped_bytes() const { return mapped_bytes_; }

  // Record `index` of a table. REQUIRES: index < reserved records.
  template <class Record>
  Record* At(capture::Table table, uint32_t index) {
    constexpr uint32_t kPerBlock = capture::kBlockSize / sizeof(Record);
    return reinterpret_cast<Record*>(blocks_[uint32_t(table)][index / kPerBlock]) + index % kPerBlock;
  }
  struct Text {
    const char* begin;
    uint32_t size;
  };
  // A string of the table; of id 0 the empty one.
  Text TextAt(uint32_t id) {
    if (id == 0) return {"", 0};
    const char* record = StringAt(id);
    Text text = {record + sizeof text.size, 0};
    memcpy(&text.size, record, sizeof text.size);
    return text;
  }
  char* StringAt(uint32_t id) {
    const uint64_t offset = uint64_t(id) * 4;
    return blocks_[uint32_t(capture::Table::kStrings)][offset / capture::kBlockSize] + offset % capture::kBlockSize;
  }

  uint32_t Count(capture::Table table) const { return header_->counts[uint32_t(table)]; }

  // Room for record number Count(table), zeroed or as left by an earlier use; null when the file cannot grow. Publish() counts it.
  void* Next(capture::Table table);
  // Room for record `index`, which may lie beyond the count; grows block by block.
  void* Reserve(capture::Table table, uint32_t index);
  void Publish(capture::Table table) { SetCount(table, Count(table) + 1); }
  void SetCount(capture::Table table, uint32_t count) {
    __atomic_store_n(&header_->counts[uint32_t(table)], count, __ATOMIC_RELEASE);
  }

  // Appends a string; its id, or 0 for the empty string and when the file cannot grow.
  uint32_t AppendString(const char* text, uint32_t length);

 private:
  bool CreateFile(const char* directory, int* fd);
  bool Map(int fd);
  void FillHeader();
  void SealHeader();
  bool AddBlock(capture::Table table, uint32_t index);
  bool Populate(char* end);
  bool Fail(const char* what);
  void CopyTo(char* target);
  bool ContinueIn(const char* directory);
  void BeginAgain(int32_t forked_from);

  capture::FileHeader* header_ = nullptr;
  char* base_ = nullptr;
  uint64_t mapped_bytes_ = 0;
  unsigned image_ = 0;
  uint64_t populated_[capture::kMaxBlocks] = {};  // bytes of each block that have their pages
  char* blocks_[capture::kTableCount][capture::kMaxBlocks] = {};
  uint32_t block_counts_[capture::kTableCount] = {};
  char folder_[512] = {};
  char error_[256] = {};
};

}  // namespace limpet::agent

#endif  // LIMPET_AGENT_DATA_FILE_H_
