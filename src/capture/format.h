// The recording on disk: what one traced process leaves behind, complete at every moment.
//
// A recording is a directory NAME.limpet/:
//
//     NAME.limpet/
//       run.json              what was run, by whom, how it ended (written by `limpet run`)
//       p<pid>[.<k>]/data     one folder per process image; .<k> counts exec'd images under one pid
//
// `data` is one sparse file that the traced process maps and counts in. It is a row of 64 KiB blocks:
//
//     block 0      FileHeader (4 KiB), then the block directory: one BlockEntry per block of the file
//     block 1...   each belongs to one Table; the directory says which table and which part of it
//
// A table is an array of pinned records that grows by whole blocks and never moves. The number of valid records of each
// table stands in FileHeader::counts; a record is written first and counted afterwards (release order), so whoever maps the
// file at any moment, also after kill -9, sees only whole records. Two things are not append-only:
//   - cells (the counters), which are added to in place, and
//   - the fold journal, by which dead cells are merged (see FoldJournal).
// How memory is accounted:
//
//     string <- code <- frame <- node (parent node, frame) <- site (node, domain, native) <- cell (site, birth epoch)
//     string <-------- native node (parent, module, address) <-'
//
// A node is a Python stack: its frame on top of its parent's. Node 0 is the empty stack. Native nodes are the same for C code. A cell counts the births and deaths
// of the blocks that were born at one site during one epoch. For each site:  births = deaths + live.
//
// The reader distrusts every byte (src/capture/reader.h). Numbers are little-endian. docs/format.md describes the same.
#ifndef LIMPET_CAPTURE_FORMAT_H_
#define LIMPET_CAPTURE_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace limpet::capture {

inline constexpr char kMagic[8] = {'L', 'I', 'M', 'P', 'E', 'T', '\r', '\n'};
inline constexpr uint32_t kFormatVersion = 2;
inline constexpr uint32_t kBlockSize = 64 * 1024;
inline constexpr uint32_t kHeaderSize = 4096;
inline constexpr uint32_t kMaxBlocks = (kBlockSize - kHeaderSize) / 4;  // 15360 blocks: a data file is at most 960 MiB

// The tables. A table's id in the directory is its number here. kFree blocks have been reserved but hold nothing yet.
enum class Table : uint8_t {
  kFree = 0,
  kStrings = 1,   // StringRecord, variable size; an id is (byte offset in the table) / 4
  kCodes = 2,     // CodeRecord
  kFrames = 3,    // FrameRecord
  kNodes = 4,     // NodeRecord
  kSites = 5,     // SiteRecord
  kCells = 6,     // CellRecord
  kEpochs = 7,    // EpochRecord
  kSamples = 8,   // SampleRecord
  kMarks = 9,     // MarkRecord
  kThreads = 10,  // ThreadRecord
  kImagePeakA =
      11,  // ImageRecord: the live part of each pair of cells when the most memory was live so far (A and B take turns)
  kImagePeakB = 12,
  kImageFinal = 13,  // ImageRecord: the same when the interpreter began to finalise
  kNatives = 14,     // NativeRecord; only with `limpet run --native`
};
inline constexpr uint32_t kTableCount = 15;

// One entry of the block directory: table in the low 8 bits, the block's index within its table above.
struct BlockEntry {
  uint32_t bits;
  static constexpr uint32_t Pack(Table table, uint32_t index) { return uint32_t(table) | index << 8; }
  constexpr Table table() const { return Table(bits & 0xff); }
  constexpr uint32_t index() const { return bits >> 8; }
};
static_assert(sizeof(BlockEntry) == 4);

// Where a block of memory came from.
enum class Domain : uint8_t {
  kRaw = 0,      // PyMem_RawMalloc and kin
  kMem = 1,      // PyMem_Malloc
  kObject = 2,   // PyObject_Malloc
  kMalloc = 3,   // malloc, calloc, posix_memalign, operator new ... called by C or C++ directly
  kMap = 4,      // mmap of anonymous memory
  kFileMap = 5,  // mmap of a file
};
inline constexpr uint32_t kDomainCount = 6;

// Who may add to a cell. Cells come in pairs of one site and epoch: the one with the even number is added to only by threads
// that hold the interpreter lock, with plain additions; the odd one by all others, with atomic ones. Readers add the two up.

enum class State : uint32_t {
  kStarting = 1,   // the file is being set up
  kRecording = 2,  // hooks are in; still so after kill -9
  kFinished = 3,   // the process went through exit
  kStopped = 4,    // hooks were taken out on purpose or on doubt: see reason
  kExeced = 5,     // the process image was replaced by execve
  kRefused = 6,    // hooks never went in: see reason
  kExited = 7,     // the process ended by _exit or quick_exit: nothing was done at its end
};

// What kind of program the process turned out to be.
enum class Program : uint32_t { kUnknown = 0, kPython = 1, kNotPython = 2 };

// One copy of the live part of all pairs of cells at a moment. Valid only while `valid` is 1.
struct ImageHeader {
  uint32_t valid;
  uint32_t epoch;
  uint64_t time_ns;  // since FileHeader::start_monotonic_ns
  uint64_t live_blocks;
  uint64_t live_bytes;
  uint32_t pairs;  // number of ImageRecords
  uint32_t pad;
};
static_assert(sizeof(ImageHeader) == 40);

// Folding moves the counts of a dead cell `from` (all its blocks freed) into the cell `to` of the same site and frees `from`:
//   1. the values of `to` before the fold are saved here, then active = 1;  2. `to` += `from`;  3. from.site = kNoSite;
//   4. active = 0. Who finds active == 1 sets `to` to saved + from and takes `from` as free: the same result at any point.
struct FoldJournal {
  uint32_t active;
  uint32_t from;
  uint32_t to;
  uint32_t births;
  uint32_t deaths;
  uint32_t pad;
  uint64_t birth_bytes;
  uint64_t death_bytes;
};
static_assert(sizeof(FoldJournal) == 40);

inline constexpr uint32_t kNoSite = 0xffffffff;

struct FileHeader {
  char magic[8];
  uint32_t version;
  uint32_t header_size;
  uint32_t block_size;
  uint32_t max_blocks;
  uint32_t record_sizes[16];    // sizeof of each table's record, by Table; 0 for strings
  uint64_t start_realtime_ns;   // since the Unix epoch
  uint64_t start_monotonic_ns;  // CLOCK_MONOTONIC; all times in the tables are relative to it
  int32_t pid;
  int32_t parent_pid;
  int32_t forked_from;      // pid of the traced process that this one was forked from, or 0
  uint32_t image;           // k of p<pid>.<k>
  uint32_t python_version;  // PY_VERSION_HEX, or 0
  uint32_t program;         // Program
  uint32_t page_size;
  uint32_t header_crc;  // CRC-32 of the bytes before this field (they are not changed once written)

  // --- below this line fields change while the process runs ---
  uint32_t state;                // State
  uint32_t in_fork;              // 1 while a fork copies the file
  uint32_t blocks;               // blocks in the file that the directory describes, block 0 included
  uint32_t counts[kTableCount];  // valid records of each table; for strings: bytes / 4
  ImageHeader images[3];         // peak A, peak B, final
  FoldJournal fold;
  uint64_t inherited_blocks;  // live when this process was forked: counted as births of epoch 0
  uint64_t inherited_bytes;
  uint64_t peak_bytes;  // most bytes live at once, looked at every tick (some 64 KiB of allocation)
  uint64_t peak_time_ns;
  uint64_t last_tick_ns;
  uint64_t lost_blocks;        // live rows whose death was never seen: the address was handed out again
  uint64_t unrecorded_blocks;  // allocations seen but not recorded (limits reached, out of memory)
  uint64_t unrecorded_bytes;
  uint64_t agent_bytes;        // memory that the agent itself holds (shadow, tables), not part of any site
  uint32_t limits;             // bit set of Limit
  uint32_t folds;              // pairwise merges of epochs so far
  uint32_t finalizing_epoch;   // epoch in which finalisation began, or 0xffffffff
  uint32_t iterations;         // marked by the program so far
  char reason[256];            // why state is kStopped or kRefused; zero-terminated UTF-8
  char python_text[128];       // Py_GetVersion()
  char executable[512];        // /proc/self/exe
  char command[1024];          // argv, joined by zero bytes
  uint32_t snapshot_requests;  // counted up by whoever wants a heap snapshot; looked at every tick
  uint32_t snapshot_child;     // pid of the process that writes one now, 0: none
  uint32_t snapshots_done;
  uint32_t snapshots_failed;
  uint32_t snapshot_stop;      // how the last one ended: walk::WalkStop
  int32_t snapshot_error;      // errno of the last one that could not be written, or 0
  uint64_t snapshot_nodes;     // of the one under way, so far
  uint64_t snapshot_pause_ns;  // all together
  uint64_t snapshot_cpu_ns;    // of the children, all together
  uint64_t last_cpu_ns;        // processor time that the process had used when it was last known to work
  // What is allocated while the program waits for limpet is not its work, and no part of the volume of epochs and samples.
  uint64_t held_volume;  // bytes of that, of all waits that are over
  uint64_t hold_volume;  // the program's own volume when the wait under way began; 0: none is
};
static_assert(offsetof(FileHeader, images) == 208 && sizeof(FileHeader) <= kHeaderSize);

enum Limit : uint32_t {
  kLimitBlocks = 1,  // the data file reached kMaxBlocks
  kLimitDisk = 2,    // the disk is full or the file could not grow: counting went on in memory only, the file is frozen
  kLimitMemory = 4,  // no memory for the agent's own tables
  kLimitHooksLost = 8,  // somebody replaced Python's allocators: blocks may have come and gone unseen
  kLimitNoNative = 16,  // native stacks were asked for, and this C library cannot tell whose code an address is
  kLimitFolded =
      32,  // so many different stacks that recursion was folded: a call that stood in its stack already was taken for that one
};

// Followed by `length` bytes and padding to 4. A string lies within one block. Id 0 is the empty string.
struct StringRecord {
  uint32_t length;
};
inline constexpr uint32_t kMaxString = 16 * 1024;  // longer ones are cut, and end in "..."

struct CodeRecord {
  uint32_t filename;  // string ids
  uint32_t name;
  uint32_t qualname;
  uint32_t first_line;
  uint64_t address;  // of the code object; for joining with core files
  uint32_t flags;    // bit 0: the code object has died
  uint32_t pad;
};
static_assert(sizeof(CodeRecord) == 32);

struct FrameRecord {
  uint32_t code;
  uint32_t offset;  // of the instruction in the code, in bytes (CPython's f_lasti)
  uint32_t line;    // 0 where the code has none
  uint32_t end_line;
  uint16_t column;  // 0-based UTF-8 bytes; 0xffff: unknown
  uint16_t end_column;
  uint32_t pad;
};
static_assert(sizeof(FrameRecord) == 24);

struct NodeRecord {
  uint32_t parent;  // node id, smaller than this node's own
  uint32_t frame;
  uint32_t depth;  // frames in the stack, 1 for a child of node 0
  uint32_t pad;
};
static_assert(sizeof(NodeRecord) == 16);

// A native stack, in a tree of its own beside that of the Python stacks: a frame on top of those that called it, from where C code
// was entered (a frame of the interpreter, where there is one) to the caller of the allocator. Record 0 is the empty stack.
struct NativeRecord {
  uint32_t parent;  // native node, smaller than this one's own number
  uint32_t module;  // string id: build id in hex (or "-"), a space, the file's path
  uint64_t
      address;  // where the frame goes on after its call, as the module's file numbers addresses (load bias taken off)
};
static_assert(sizeof(NativeRecord) == 16);

struct SiteRecord {
  uint32_t node;
  uint8_t domain;  // Domain
  uint8_t pad0;
  uint16_t pad1;
  uint32_t first_epoch;
  uint32_t native;  // native node; 0: no native stack was looked at
};
static_assert(sizeof(SiteRecord) == 16);

struct CellRecord {
  uint32_t site;   // kNoSite: free
  uint32_t epoch;  // fine epoch in which the blocks were born
  uint32_t births;
  uint32_t deaths;  // may exceed births in one cell of a pair, never in their sum: born with the lock, freed without
  uint64_t birth_bytes;
  uint64_t death_bytes;
};
static_assert(sizeof(CellRecord) == 32);

// Fine epochs are numbered 0, 1, 2, ... and never renumbered. When 64 groups exist, neighbours are merged in pairs
// (FileHeader::folds counts that) and epochs get twice as long; `folds` in each record tells how many merges had happened when it began,
// so that a reader can replay the grouping: see GroupEpochs in reader.h.
struct EpochRecord {
  uint64_t start_ns;
  uint64_t start_volume;  // bytes allocated by all hooks before it
  uint32_t folds;
  uint32_t iterations;  // iterations that the program had marked when it began
  uint64_t live_bytes;  // at its start
  uint64_t cpu_ns;      // processor time that the process had used when it began
};
static_assert(sizeof(EpochRecord) == 40);

inline constexpr uint32_t kMaxEpochGroups = 64;

// The process over time; at most kMaxSamples, then every second one is dropped and the spacing doubles.
struct SampleRecord {
  uint64_t time_ns;
  uint64_t volume;
  uint64_t live_bytes;
  uint64_t live_blocks;  // as last counted: counting walks all cells, so it may be some samples old
  uint64_t rss_bytes;
  uint32_t epoch;
  uint32_t gc_collections[3];  // by generation, since the start
  uint64_t gc_collected;
  uint64_t gc_uncollectable;
  uint32_t gc_flags;  // bit 0: enabled, bit 1: known at all
  uint32_t threads;   // threads known to the agent
};
static_assert(sizeof(SampleRecord) == 80);
inline constexpr uint32_t kMaxSamples = 768;

// A checkpoint or iteration that the program itself marked by name.
inline constexpr uint32_t kMaxMarks = 64 * 1024;
struct MarkRecord {
  uint64_t time_ns;
  uint32_t name;  // string id
  uint32_t epoch;
  uint32_t iterations;  // number of iterations marked so far
  uint32_t pad;
};
static_assert(sizeof(MarkRecord) == 24);

// A thread that allocated. `busy` is nonzero while it is inside a hook: after a kill, at most one operation per busy thread
// is half counted.
struct ThreadRecord {
  int32_t tid;
  uint32_t busy;
  uint32_t ended;
  uint32_t pad;
  uint64_t start_ns;
  char name[16];

  uint64_t reserved[3];
};
static_assert(sizeof(ThreadRecord) == 64);

// Record i is about cells 2 * i and 2 * i + 1 together.
struct ImageRecord {
  uint32_t live_blocks;
  uint32_t pad;
  uint64_t live_bytes;
};
static_assert(sizeof(ImageRecord) == 16);

// Size of a record, 0 for strings and free blocks.
constexpr uint32_t RecordSize(Table table) {
  switch (table) {
    case Table::kCodes:
      return sizeof(CodeRecord);
    case Table::kFrames:
      return sizeof(FrameRecord);
    case Table::kNodes:
      return sizeof(NodeRecord);
    case Table::kSites:
      return sizeof(SiteRecord);
    case Table::kCells:
      return sizeof(CellRecord);
    case Table::kEpochs:
      return sizeof(EpochRecord);
    case Table::kSamples:
      return sizeof(SampleRecord);
    case Table::kMarks:
      return sizeof(MarkRecord);
    case Table::kThreads:
      return sizeof(ThreadRecord);
    case Table::kImagePeakA:
    case Table::kImagePeakB:
    case Table::kImageFinal:
      return sizeof(ImageRecord);
    case Table::kNatives:
      return sizeof(NativeRecord);
    case Table::kStrings:
    case Table::kFree:
      return 0;
  }
  return 0;
}

// Records per block; records never straddle blocks, the rest of the block is unused.
constexpr uint32_t RecordsPerBlock(Table table) { return RecordSize(table) ? kBlockSize / RecordSize(table) : 0; }

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_FORMAT_H_
