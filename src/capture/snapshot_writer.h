// Writes a heap snapshot (snapshot_format.h). Made for the agent's forked child, where nothing may be allocated and no lock may be
// taken: memory comes from the kernel (PageArray), zstd works in a buffer of ours, and nothing but libc's memcpy and system calls is
// called. No exceptions, no libstdc++ at run time.
//
//     SnapshotWriter writer;
//     if (!writer.Open(fd, header)) return writer.error();
//     const uint32_t name = writer.AddName("cache", 5);
//     const uint32_t type = writer.AddType({...}, "app.Session", 11);
//     const uint32_t outline = writer.AddOutline(&run, 1);
//     const uint32_t app_session = writer.AddClass(type, outline);
//     writer.AddNode(app_session, address, size, refcount, birth, targets, 1);      // node 0
//     if (!writer.Finish(end)) ...                                                  // false: the file is incomplete, see error()
//
// After a failure (the disk is full) every call does nothing: ask failed() now and then.
#ifndef LIMPET_CAPTURE_SNAPSHOT_WRITER_H_
#define LIMPET_CAPTURE_SNAPSHOT_WRITER_H_

#include <cstddef>
#include <cstdint>

#include "base/page_array.h"
#include "capture/snapshot_format.h"

struct ZSTD_CCtx_s;

namespace limpet::capture {

class SnapshotWriter {
 public:
  SnapshotWriter() = default;
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // Takes an empty regular file, open for writing; whoever calls closes it, after Finish. magic, version, header_size and header_crc are
  // filled in here. pause_ns is left alone in the file when it is 0, so that another process can write it at any time.
  bool Open(int fd, const SnapshotHeader& header);

  // Each returns the id; deduplication is the caller's. Names longer than kMaxTextBytes are cut, at a UTF-8 boundary.
  uint32_t AddName(const char* text, size_t length);
  uint32_t AddType(const SnapshotType& type, const char* name, size_t length);
  // REQUIRES: count <= kMaxRuns; at most one run is open; all labels that are names were added.
  uint32_t AddOutline(const SnapshotRun* runs, size_t count);
  // REQUIRES: both were added.
  uint32_t AddClass(uint32_t type, uint32_t outline);

  uint32_t AddBirth(const SnapshotBirth& birth);

  // One node; ids count up from 0. Targets are node ids; those that were never mentioned before cost least when they come in increasing
  // order. `birth` is 0, or 1 more than what AddBirth returned. Targets that get no record before Finish are given back as missing by the reader.
  // REQUIRES: address < 2^62; the class was added; `count` is what its outline says, or at least that if it has an open run.
  void AddNode(uint32_t class_id, uint64_t address, uint64_t size, uint32_t refcount, uint32_t birth,
               const uint32_t* targets, size_t count);
  void AddText(uint32_t node, const char* text, size_t length);
  void AddStorage(const SnapshotStorage& storage);

  // Writes what is buffered. False: failed().
  bool Flush();
  // Flush, and the end: its nodes, edges and bytes are counted by the writer.
  bool Finish(const SnapshotEnd& end);

  uint64_t bytes_written() const { return offset_; }
  uint64_t nodes() const { return nodes_; }
  uint64_t edges() const { return edges_; }
  bool failed() const { return error_ != 0; }
  int error() const { return error_; }  // an errno

 private:
  struct Outline {
    uint32_t fixed;  // references in runs that are not open
    uint32_t open;   // whether one run is
  };
  struct Class {
    Outline outline;
    SnapshotPredictor last;
  };
  struct Definitions {  // records of one kind that were not written yet
    base::PageArray<uint8_t> bytes;
    uint32_t count = 0;
    uint32_t next_id = 0;
  };

  bool Fail(int error);
  bool AllocateBuffers();
  uint8_t* CodeEdges(SnapshotPredictor* last, uint32_t node, const uint32_t* targets, size_t count, uint8_t* out);
  void AddLargeNodeEdges(uint32_t node, const uint32_t* targets, size_t count);
  void AppendText(Definitions* to, const void* record, size_t record_size, const char* text, size_t length);
  void EndDefinition(Definitions* definitions);
  bool WriteDefinitions();
  bool WriteDefinition(SnapshotBlockKind kind, Definitions* definitions);
  bool WriteObjects(uint64_t edges_follow);
  void BeginObjects();
  bool PackColumns(const uint8_t* const* columns, const size_t* sizes, uint32_t count, size_t* payload_size);
  bool WriteBlock(SnapshotBlock block, const uint8_t* const* columns, const size_t* sizes, uint32_t count);
  bool WriteBytes(const void* bytes, size_t size);

  int fd_ = -1;
  int error_ = 0;
  uint64_t offset_ = 0;

  Definitions names_, types_, outlines_, classes_, births_, texts_, storage_;
  base::PageArray<Outline> outline_shapes_;
  base::PageArray<Class> class_states_;

  // The kObjects block that is being filled.
  base::PageArray<uint8_t> columns_[kSnapshotColumns];
  uint8_t* ends_[kSnapshotColumns] = {};
  uint8_t* edges_full_ = nullptr;
  uint32_t block_ = 0;  // number of it, from 1
  uint32_t block_first_ = 0;
  uint32_t block_next_new_ = 0;
  uint64_t block_edges_ = 0;

  uint32_t nodes_ = 0;
  uint32_t next_new_ = 0;
  uint64_t edges_ = 0;
  uint64_t sizes_ = 0;  // sum

  ZSTD_CCtx_s* zstd_ = nullptr;
  base::PageArray<uint64_t> workspace_;
  base::PageArray<uint8_t> packed_;
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_SNAPSHOT_WRITER_H_
