// A heap snapshot on disk: the object graph of one interpreter process at one moment, in p<pid>/heap.<k> of a recording.
//
//     SnapshotHeader (fixed, uncompressed)
//     SnapshotBlock, payload        any number, in this order of dependence: what a block refers to was defined before it
//     ...
//     SnapshotBlock kEnd            absent: the writer died; all whole blocks before are good
//
// Nodes are numbered 0, 1, 2, ... in the order of their records: kObjects blocks hold consecutive nodes. Most nodes are objects; nodes of
// a synthetic type (threads, frames, C variables ...) are roots or parts of roots. What few thousand combinations of type and outline
// there are is told once, in kClasses; a node's own record is then a handful of small numbers:
//
//     node  = class, address, size, reference count, birth (cell pair), number of references; its references
//     class = type, outline          type    = name, address, flags ...
//     outline = runs of (kind, strength, label, count): the k-th reference of a node is called as the run that covers k says
//
// A payload is a row of columns, each a zstd frame of its own with content size and checksum: a SnapshotExtent for each, then the frames
// in the same order. kObjects blocks have kSnapshotColumns columns of varints (LEB128), all others one. Numbers in columns are coded as
// differences to what is likely (SnapshotPredictor below); every block starts with a fresh predictor, so that blocks can be decoded in
// any order, and by several threads. docs/format.md describes the same.
//
// A node with more than kInlineEdges references is the last one of its block, which tells all about it but those references:
// kEdges blocks with them follow at once.
#ifndef LIMPET_CAPTURE_SNAPSHOT_FORMAT_H_
#define LIMPET_CAPTURE_SNAPSHOT_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace limpet::capture {

inline constexpr char kSnapshotMagic[8] = {'L', 'I', 'M', 'P', 'H', 'E', 'A', 'P'};
inline constexpr uint32_t kSnapshotVersion = 2;

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
  uint32_t python_version;  // PY_VERSION_HEX
  uint32_t trigger;         // SnapshotTrigger
  uint32_t epoch;           // of the recording, 0xffffffff where there is none
  uint64_t time_ns;         // since the recording's start_monotonic_ns; 0 where there is none
  uint64_t realtime_ns;     // since the Unix epoch
  uint64_t gc_counts;       // counts of the generations, 16 bits each, youngest lowest
  uint32_t gc_flags;        // bit 0: enabled, bit 1: known
  uint32_t flags;           // bit 0: contents of strings were left out (--redact)
  uint32_t pad;
  uint32_t header_crc;  // CRC-32 of the bytes before this field
  // How long the program stood still. Only the parent of the forked writer can tell: it writes these bytes itself (pwrite), before or
  // after the writer wrote the rest. 0: not told.
  uint64_t pause_ns;
};
static_assert(sizeof(SnapshotHeader) == 80);
static_assert(offsetof(SnapshotHeader, header_crc) == 68 && offsetof(SnapshotHeader, pause_ns) == 72);

enum class SnapshotBlockKind : uint32_t {
  kNames = 1,     // u32 length, text: of labels; ids count up from 0
  kTypes = 2,     // SnapshotType, its name
  kOutlines = 3,  // u32 number of runs, SnapshotRun each
  kClasses = 4,   // u32 type, u32 outline
  kObjects = 5,   // columns of consecutive nodes
  kTexts = 6,     // u32 node, u32 length, text: previews of keys, names of synthetic nodes
  kEnd = 7,       // SnapshotEnd, as it is (no columns)
  kEdges = 8,     // one column: references of the node `first`, coded as in SnapshotColumn::kEdges
  kBirths = 9,    // SnapshotBirth: where and when blocks were born; ids count up from 0
  kStorage = 10,  // SnapshotStorage: of objects whose storage was born elsewhere than they
};

struct SnapshotBlock {
  uint32_t kind;          // SnapshotBlockKind
  uint32_t count;         // of records: names, types, ..., nodes; kEdges: 0
  uint32_t first;         // id of the first one; kEdges: the node whose references these are; kTexts, kEnd: 0
  uint32_t next_new;      // kObjects, kEdges: the predictor's next_new at the beginning of this block
  uint64_t edges;         // kObjects, kEdges: references in this block
  uint64_t edges_follow;  // kObjects, kEdges: references of the last node that are in kEdges blocks after this one
  uint32_t payload_size;  // bytes that follow
  uint32_t header_crc;    // CRC-32 of the bytes before this field
};
static_assert(sizeof(SnapshotBlock) == 40);

// Where a column is: the frames follow the extents of all columns of the block.
struct SnapshotExtent {
  uint32_t raw_size;     // 0: the column is empty, and has no frame
  uint32_t packed_size;  // of its frame
};
static_assert(sizeof(SnapshotExtent) == 8);

// The columns of a kObjects block, in this order. "Last": of the node of the same class before it in this block; 0 for the first.
enum class SnapshotColumn : uint32_t {
  kClass = 0,      // class id
  kAddress = 1,    // difference d to the last address: d divisible by 16: zigzag(d / 16) * 2; else zigzag(d) * 2 + 1
  kSize = 2,       // zigzag(size - the last size): bytes
  kRefcount = 3,   // reference count; 0: immortal or none (synthetic)
  kBirth = 4,      // zigzag(birth - the last birth); birth = id of the SnapshotBirth + 1; 0: not known
  kEdgeCount = 5,  // only for classes with an open run: the number of references in it
  kEdges = 6,      // SnapshotPredictor's code of each reference
};
inline constexpr uint32_t kSnapshotColumns = 7;

// Limits that the writer keeps and the reader relies on.
inline constexpr uint32_t kBlockNodes = 32 * 1024;        // nodes of a kObjects block
inline constexpr uint32_t kInlineEdges = 32 * 1024;       // references of a node that are in its own block
inline constexpr uint32_t kEdgeColumnBytes = 512 * 1024;  // a kObjects block closes when its edges take that much
inline constexpr uint32_t kLongestEdge = 5;               // bytes of a coded reference
inline constexpr uint32_t kMaxBlockEdges = kEdgeColumnBytes + kInlineEdges;
inline constexpr uint32_t kDefinitionBytes = 512 * 1024;    // other blocks close then
inline constexpr uint32_t kMaxRawBytes = 32 * 1024 * 1024;  // of one column
inline constexpr uint32_t kMaxTextBytes = 4096;             // of a name or text: longer ones are cut
inline constexpr uint32_t kMaxRuns = 2 * 1024 * 1024;       // of an outline
inline constexpr uint32_t kMaxNodes = 0xfffffffe;

// Flags of a type.
enum SnapshotTypeFlag : uint32_t {
  kTypeSynthetic = 1,  // no Python type: a thread, a frame, a C variable ...
  kTypeRoot = 2,       // its nodes are roots
  kTypeHeap = 4,       // made at run time (a class statement, or PyType_FromSpec)
  kTypeGc = 8,         // tracked by the cyclic collector
  kTypeUnknown = 16,   // its references were not decoded by structure
  kTypeNative = 32,    // synthetic: blocks that C code took for itself, and that objects or its variables lead to
};

struct SnapshotType {
  uint64_t address;
  uint32_t flags;  // SnapshotTypeFlag
  uint32_t basic_size;
  uint32_t name_length;  // the text that follows the record: the full name ("collections.OrderedDict")
  uint32_t pad;
};
static_assert(sizeof(SnapshotType) == 24);

// Where an object's block was allocated, as the recording beside the snapshot names it.
struct SnapshotBirth {
  uint32_t site;   // index in the recording's table of sites
  uint32_t epoch;  // fine epoch
};
static_assert(sizeof(SnapshotBirth) == 8);

// A block of its own that an object has for its contents (the table of a dict or a list), where that was allocated by another stack than the
// object: it grew later, or was another's before. An object may have several.
struct SnapshotStorage {
  uint32_t node;
  uint32_t birth;  // id of the SnapshotBirth + 1
};
static_assert(sizeof(SnapshotStorage) == 8);

// One run of an outline. `count` is kOpenRun for the open one: at most one of an outline.
struct SnapshotRun {
  uint8_t kind;      // base::RefKind
  uint8_t strength;  // base::RefStrength
  uint16_t pad;
  uint32_t label;  // kAttribute, kField, kLocal, kClosure: a name's id, or kNoName; else the first index
  uint32_t count;
};
static_assert(sizeof(SnapshotRun) == 12);
inline constexpr uint32_t kOpenRun = 0xffffffff;
inline constexpr uint32_t kNoName = 0xffffffff;  // a name that could not be read

struct SnapshotEnd {
  uint64_t nodes;  // the writer fills in these three
  uint64_t edges;
  uint64_t bytes;  // sum of sizes
  uint64_t walk_ns;
  uint64_t unreadable;     // objects that could not be read
  uint64_t torn;           // objects that made no sense: half-built, freed, or changed meanwhile
  uint64_t dropped_edges;  // references to what is no object
  uint32_t stopped;        // 0: complete; 1: time limit; 2: size limit; 3: no memory
  uint32_t crc;            // CRC-32 of the bytes before this field; the writer fills it in
};
static_assert(sizeof(SnapshotEnd) == 64);

inline uint64_t Zigzag(int64_t value) { return uint64_t(value) << 1 ^ uint64_t(value >> 63); }
inline int64_t Unzigzag(uint64_t value) { return int64_t(value >> 1 ^ (0 - (value & 1))); }

// What is expected of the next node of a class, and how references are coded. Reader and writer keep the same one.
//
// A reference's code: 0: the target is next_new, the smallest id that neither a code 0 nor a record before was about; 1: the same target
// as the last node of this class had at this ordinal (modulo kSlots); 2: the target before (of the same node; 0 for the first) + 1;
// else 3 + zigzag(target - node). In a kEdges block, "the last node of this class" is a new one with all targets 0.
struct SnapshotPredictor {
  static constexpr uint32_t kSlots = 32;
  uint32_t block = 0;  // the block that this is about, + 1; in another one, all the rest counts as 0
  uint32_t birth = 0;
  uint64_t address = 0;
  uint64_t size = 0;
  uint32_t targets[kSlots] = {};
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_SNAPSHOT_FORMAT_H_
