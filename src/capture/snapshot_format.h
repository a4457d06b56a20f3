// A heap snapshot on disk: the object graph of one interpreter process at one moment, in p<pid>/heap.<k> of a recording.
//
//     SnapshotHeader (fixed, uncompressed)
//     SnapshotBlock, payload (zstd)      any number, in this order of dependence: what a block refers to was defined before it
//     ...
//     SnapshotBlock kEnd                 absent: the writer died; all whole blocks before are good
//
// Nodes are numbered 0, 1, 2, ... in the order of their records: kObjects blocks hold consecutive nodes. Most nodes are objects; nodes of
// a synthetic type (threads, frames, C variables ...) are roots or parts of roots. What few thousand combinations of type and outline
// there are is told once, in kClasses; a node's own record is then a handful of small numbers:
//
//     node  = class, address, size, reference count, birth (cell pair), number of references; its references
//     class = type, outline          type    = name, address, flags ...
//     outline = runs of (kind, strength, label, count): the k-th reference of a node is called as the run that covers k says
//
// Each column of a kObjects block is a stream of varints (LEB128); the columns follow each other in the payload, their lengths stand in
// its first words. Numbers that repeat a pattern are stored as differences: see docs/format.md, which describes the same.
#ifndef LIMPET_CAPTURE_SNAPSHOT_FORMAT_H_
#define LIMPET_CAPTURE_SNAPSHOT_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace limpet::capture {

inline constexpr char kSnapshotMagic[8] = {'L', 'I', 'M', 'P', 'H', 'E', 'A', 'P'};
inline constexpr uint32_t kSnapshotVersion = 1;

enum class SnapshotTrigger : uint32_t {
  kInterval = 0,    // --snapshots auto
  kCheckpoint = 1,  // the program marked it
  kExit = 2,        // before finalisation
  kRequest = 3,     // limpet snapshot PID, to a traced program
  kOutside = 4,     // read by another process
  kCore = 5,        // read from a core file
};

struct SnapshotHeader {
  char magic[8];
  uint32_t version;
  uint32_t header_size;
  int32_t pid;
  uint32_t python_version;   // PY_VERSION_HEX
  uint32_t trigger;          // SnapshotTrigger
  uint32_t epoch;            // of the recording, 0xffffffff where there is none
  uint64_t time_ns;          // since the recording's start_monotonic_ns; 0 where there is none
  uint64_t realtime_ns;      // since the Unix epoch
  uint64_t pause_ns;         // how long the program stood still
  uint64_t gc_counts;        // counts of the generations, 16 bits each, youngest lowest
  uint32_t gc_flags;         // bit 0: enabled, bit 1: known
  uint32_t flags;            // bit 0: contents of strings were left out (--redact)
  uint32_t header_crc;       // CRC-32 of the bytes before this field
  uint32_t pad;
};
static_assert(sizeof(SnapshotHeader) == 88);

enum class SnapshotBlockKind : uint32_t {
  kNames = 1,     // texts of labels: ids count up from 0
  kTypes = 2,     // TypeRecord and two texts each (name, module)
  kOutlines = 3,  // runs
  kClasses = 4,   // (type, outline) pairs
  kObjects = 5,   // columns of consecutive nodes
  kTexts = 6,     // (node, text): previews of keys, names of synthetic nodes
  kEnd = 7,       // SnapshotEnd, uncompressed
};

struct SnapshotBlock {
  uint32_t kind;    // SnapshotBlockKind
  uint32_t count;   // of records
  uint32_t first;   // id of the first one
  uint32_t raw_size;
  uint32_t packed_size;  // as it follows; equal to raw_size: stored as it is
  uint32_t next_new;     // kObjects: the smallest node id that nothing before this block mentioned
  uint32_t crc;          // CRC-32 of the packed bytes
};
static_assert(sizeof(SnapshotBlock) == 28);

// The columns of a kObjects block, in this order.
enum class SnapshotColumn : uint32_t {
  kClass = 0,       // class id
  kAddress = 1,     // (address - that of the node before it), zigzag
  kSize = 2,        // bytes: size - the last size of the same class, zigzag
  kRefcount = 3,    // reference count; 0: immortal or none (synthetic)
  kBirth = 4,       // cell pair + 1 - the last one of the same class, zigzag; value 0 after adding up: not known
  kEdgeCount = 5,   // only for classes with an open run: the number of references
  kEdges = 6,       // target: 0 = the smallest id that no reference or record before mentioned; else 1 + zigzag(target - node)
};
inline constexpr uint32_t kSnapshotColumns = 7;

// Flags of a type.
enum SnapshotTypeFlag : uint32_t {
  kTypeSynthetic = 1,  // no Python type: a thread, a frame, a C variable ...
  kTypeRoot = 2,       // its nodes are roots
  kTypeHeap = 4,       // made at run time (a class statement, or PyType_FromSpec)
  kTypeGc = 8,         // tracked by the cyclic collector
  kTypeUnknown = 16,   // its references were not decoded by structure
};

struct SnapshotType {
  uint64_t address;
  uint32_t flags;       // SnapshotTypeFlag
  uint32_t basic_size;
  uint32_t name_length;  // two texts follow each record: the full name ("collections.OrderedDict")
  uint32_t pad;
};
static_assert(sizeof(SnapshotType) == 24);

// One run of an outline. `count` is 0xffffffff for the open one.
struct SnapshotRun {
  uint8_t kind;      // base::RefKind
  uint8_t strength;  // base::RefStrength
  uint16_t pad;
  uint32_t label;  // name id, or the first index
  uint32_t count;
};
static_assert(sizeof(SnapshotRun) == 12);
inline constexpr uint32_t kOpenRun = 0xffffffff;

struct SnapshotEnd {
  uint64_t nodes;
  uint64_t edges;
  uint64_t bytes;            // sum of sizes
  uint64_t walk_ns;
  uint64_t unreadable;       // objects that could not be read
  uint64_t torn;             // objects that made no sense: half-built, freed, or changed meanwhile
  uint64_t dropped_edges;    // references to what is no object
  uint32_t stopped;          // 0: complete; 1: time limit; 2: size limit; 3: no memory
  uint32_t pad;
};
static_assert(sizeof(SnapshotEnd) == 64);

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_SNAPSHOT_FORMAT_H_
