// Modules that stand for things outside Python, and values: dates, decimals, time zones, compression, sockets, TLS, databases, folders.
#ifndef LIMPET_CPYTHON_DECODE_DATA_H_
#define LIMPET_CPYTHON_DECODE_DATA_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

// Modules/_datetimemodule.c: without a time zone the object is allocated without the last field.
struct DateTimeLayout {
  static constexpr int kHasZone = 24;
  static constexpr int kDateTimeZone = 40;
  static constexpr int kTimeZone = 32;
};

template <class Memory, class Sink>
bool TellZone(Memory& memory, uint64_t object, int offset, Sink& sink) {
  char has_zone = 0;
  if (!Get(memory, object + DateTimeLayout::kHasZone, &has_zone)) return false;
  if (has_zone == 0) return true;
  uint64_t zone = 0;
  if (!Get(memory, object + static_cast<uint64_t>(offset), &zone)) return false;
  TellAttribute(sink, "tzinfo", zone);
  return true;
}

template <class L, class Memory, class Sink>
bool DecodeDateTime(Memory& memory, uint64_t object, Sink& sink) {
  return TellZone(memory, object, DateTimeLayout::kDateTimeZone, sink);
}

template <class L, class Memory, class Sink>
bool DecodeTime(Memory& memory, uint64_t object, Sink& sink) {
  return TellZone(memory, object, DateTimeLayout::kTimeZone, sink);
}

// Modules/_decimal/_decimal.c: PyDecObject; libmpdec's mpd_t. Up to four words of digits are in the object itself.
template <class L, class Memory, class Sink>
bool DecodeDecimal(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kFlags = 24, kAllocated = 56, kData = 64;
  static constexpr uint8_t kNotOwned = 32 | 64 | 128;  // MPD_STATIC_DATA, MPD_SHARED_DATA, MPD_CONST_DATA
  const char* bytes = memory.Span(object, 104);
  if (!bytes) return false;
  const int64_t words = Plausible(WordAt<int64_t>(bytes, kAllocated));
  if (words < 0) return false;
  if ((WordAt<uint8_t>(bytes, kFlags) & kNotOwned) == 0) TellBlock(sink, WordAt(bytes, kData), words * 8);
  return true;
}

// Modules/_zoneinfo.c: PyZoneInfo_ZoneInfo. The zone's rules (_ttinfo: two timedeltas and a name each) are an array in a block of its
// own; two more of them are inside the object, for the time after the last transition.
struct ZoneInfoLayout {
  static constexpr int kTransitions = 40;
  static constexpr int kRuleCount = 48;
  static constexpr int kArrays[] = {56, 64, 72, 80};  // trans_list_utc, trans_list_wall twice, trans_ttinfos
  static constexpr int kAfter[] = {96, 128};          // tzrule_after: std, dst
  static constexpr int kRules = 192;
  static constexpr int kRuleSize = 32;
  static constexpr int kSize = 208;
  static constexpr int kMaxRules = 1 << 16;
};

template <class L, class Memory, class Sink>
bool DecodeZoneInfo(Memory& memory, uint64_t object, Sink& sink) {
  using D = ZoneInfoLayout;
  const char* bytes = memory.Span(object, D::kSize);
  if (!bytes) return false;
  const int64_t transitions = Plausible(WordAt<int64_t>(bytes, D::kTransitions));
  const int64_t count = WordAt<int64_t>(bytes, D::kRuleCount);
  const uint64_t rules = WordAt(bytes, D::kRules);
  if (transitions < 0 || count < 0 || count > D::kMaxRules) return false;
  for (const int array : D::kArrays) TellBlock(sink, WordAt(bytes, array), transitions * 8);
  sink.Run(RefKind::kField, RefStrength::kOwned, Label::Literal("ttinfos"), false);
  for (const int after : D::kAfter) {
    for (int i = 0; i < 3; ++i) {
      if (WordAt(bytes, after + 8 * i) != 0) sink.Target(WordAt(bytes, after + 8 * i));
    }
  }
  if (rules == 0 || count == 0) return true;
  const char* content = memory.Span(rules, static_cast<size_t>(count) * D::kRuleSize);
  if (!content) return false;
  for (int64_t rule = 0; rule < count; ++rule) {
    for (int i = 0; i < 3; ++i) {
      if (WordAt(content + rule * D::kRuleSize, 8 * i) != 0) sink.Target(WordAt(content + rule * D::kRuleSize, 8 * i));
    }
  }
  TellBlock(sink, rules, count * D::kRuleSize);
  return true;
}

// Modules/_sqlite/connection.c: what set_trace_callback and its like were given, in blocks of their own.
template <class L, class Memory, class Sink>
bool DecodeSqliteConnection(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kFirst = L::kMinor == 11 ? 112 : L::kMinor == 15 ? 104 : 120;
  static constexpr int kBlockSize = L::kMinor >= 14 ? 32 : 24;
  static constexpr const char* kNames[] = {"trace_callback", "progress_handler", "authorizer"};
  const char* bytes = memory.Span(object + kFirst, 24);
  if (!bytes) return false;
  const uint64_t contexts[] = {WordAt(bytes, 0), WordAt(bytes, 8), WordAt(bytes, 16)};
  for (int i = 0; i < 3; ++i) {
    if (contexts[i] == 0) continue;
    const char* context = memory.Span(contexts[i], 16);
    if (!context) return false;
    const uint64_t callable = WordAt(context, 0), module = WordAt(context, 8);
    TellBlock(sink, contexts[i], kBlockSize);
    TellField(sink, kNames[i], callable);
    TellField(sink, "module", module);
  }
  return true;
}

struct DataFields {
  // Modules/_datetimemodule.c
  static constexpr Field kTimeZone[] = {Hidden(16, "offset"), Hidden(24, "name")};
  // Modules/_decimal/_decimal.c
  static constexpr Field kDecimalContext[] = {Attribute(64, "traps"), Attribute(72, "flags")};
  static constexpr Field kDecimalManager[] = {Hidden(16, "local"), Hidden(24, "global")};
  // Modules/_zoneinfo.c
  static constexpr Field kZoneInfo[] = {Attribute(16, "key"), Hidden(24, "file_repr")};
  // Modules/zlibmodule.c, Modules/_bz2module.c, Modules/_lzmamodule.c, Modules/_zstd/
  static constexpr Field kZlib[] = {Attribute(128, "unused_data"), Attribute(136, "unconsumed_tail"),
                                    Hidden(152, "zdict")};
  static constexpr Field kZlibDecompressor[] = {Hidden(128, "zdict"), Attribute(144, "unused_data")};
  static constexpr Block kZlibDecompressorBlocks[] = {Counted(152, 160, 1)};
  static constexpr Field kBz2[] = {Attribute(104, "unused_data")};
  static constexpr Block kBz2Blocks[] = {Counted(120, 128, 1)};
  static constexpr Field kLzma[] = {Attribute(184, "unused_data")};
  static constexpr Block kLzmaBlocks[] = {Counted(200, 208, 1)};
  static constexpr Field kZstdCompressor[] = {Hidden(24, "dict")};
  static constexpr Field kZstdDecompressor[] = {Hidden(24, "dict"), Attribute(64, "unused_data")};
  static constexpr Block kZstdDecompressorBlocks[] = {Counted(32, 40, 1)};
  static constexpr Field kZstdDict[] = {Hidden(24, "c_dicts")};
  static constexpr Block kZstdDictBlocks[] = {Counted(32, 40, 1)};
  // Modules/selectmodule.c: struct pollfd is 8 bytes.
  static constexpr Field kPoll[] = {Hidden(16, "dict")};
  static constexpr Block kPollBlocks[] = {Counted(32, 28, 8, 4)};
  // Modules/posixmodule.c
  static constexpr Field kFolderEntry[] = {Attribute(16, "name"), Attribute(24, "path"), Hidden(32, "stat"),
                                           Hidden(40, "lstat")};
  static constexpr Field kFolder[] = {Hidden(72, "path"), Hidden(80, "path.cleanup")};
  static constexpr Field kFolder13[] = {Hidden(88, "path"), Hidden(96, "path.cleanup")};
  static constexpr Field kFolder14[] = {Hidden(96, "path"), Hidden(104, "path.cleanup")};
  // Modules/_abc.c
  static constexpr Field kAbc[] = {Hidden(16, "_abc_registry"), Hidden(24, "_abc_cache"),
                                   Hidden(32, "_abc_negative_cache")};
  // Objects/lazyimportobject.c, Modules/_cursesmodule.c, Modules/_tkinter.c
  static constexpr Field kLazyImport[] = {Hidden(16, "lz_builtins"), Hidden(24, "lz_from"), Hidden(32, "lz_attr"),
                                          Hidden(40, "lz_code")};
  static constexpr Field kWindow[] = {Hidden(32, "orig")};
  static constexpr Field kTclObject[] = {Hidden(24, "string")};
  static constexpr Field kTclTimer[] = {Hidden(24, "func")};
  static constexpr Field kTclApplication[] = {Hidden(48, "trace")};
  static constexpr Field kHmac14[] = {Attribute(24, "name")};  // Modules/hmacmodule.c
};

// Modules/_ssl.c. A socket knows its Python owner by weak reference objects only.
struct SslFields {
  static constexpr Field kContext[] = {Attribute(40, "sni_callback"), Attribute(64, "_msg_callback"),
                                       Attribute(72, "keylog_filename")};
  static constexpr Field kContext13[] = {Attribute(40, "sni_callback"), Attribute(64, "_msg_callback"),
                                         Attribute(72, "keylog_filename"), Hidden(96, "psk_client_callback"),
                                         Hidden(104, "psk_server_callback")};
  static constexpr Block kContextBlocks[] = {Counted(24, 32, 1, 4)};
  static constexpr Field kSocket[] = {
      Hidden(16, "Socket"),   Attribute(32, "context"), Hidden(48, "owner"), Attribute(56, "server_hostname"),
      Hidden(72, "exc_type"), Hidden(80, "exc_value"),  Hidden(88, "exc_tb")};
  static constexpr Field kSocket12[] = {Hidden(16, "Socket"), Attribute(32, "context"), Hidden(48, "owner"),
                                        Attribute(56, "server_hostname"), Hidden(72, "exc")};
  static constexpr Field kSocket15[] = {Hidden(16, "Socket"), Attribute(32, "context"), Hidden(48, "owner"),
                                        Attribute(56, "server_hostname")};
  static constexpr Field kSession[] = {Hidden(24, "ctx")};
};

// Modules/_sqlite/connection.h, cursor.h, row.h, blob.h. The exception classes that a connection shows are borrowed.
struct SqliteFields {
  static constexpr Field kConnection[] = {Hidden(64, "statement_cache"), Hidden(72, "cursors"), Hidden(80, "blobs"),
                                          Attribute(96, "row_factory"), Attribute(104, "text_factory")};
  static constexpr Field kConnection12[] = {Hidden(72, "statement_cache"), Hidden(80, "cursors"), Hidden(88, "blobs"),
                                            Attribute(104, "row_factory"), Attribute(112, "text_factory")};
  static constexpr Field kConnection15[] = {Hidden(72, "statement_cache"), Hidden(80, "blobs"),
                                            Attribute(88, "row_factory"), Attribute(96, "text_factory")};
  static constexpr Field kCursor[] = {Attribute(16, "connection"),  Attribute(24, "description"),
                                      Hidden(32, "row_cast_map"),   Attribute(48, "lastrowid"),
                                      Attribute(64, "row_factory"), Hidden(72, "statement")};
  static constexpr Field kRow[] = {Hidden(16, "data"), Hidden(24, "description")};
  static constexpr Field kBlob[] = {Hidden(16, "connection")};
};

inline constexpr LibraryType kDataTypes[] = {
    {"datetime.date", 11, 15, 32},
    {"datetime.timedelta", 11, 15, 40},
    {"datetime.tzinfo", 11, 15, 16},
    {"datetime.timezone", 11, 15, 32, List(DataFields::kTimeZone)},
    {"datetime.datetime", 11, 15, 48, {}, {}, LibraryForm::kDateTime},
    {"datetime.time", 11, 15, 40, {}, {}, LibraryForm::kTime},
    {"decimal.Decimal", 11, 15, 104, {}, {}, LibraryForm::kDecimal},
    {"decimal.Context", 11, 13, 96, List(DataFields::kDecimalContext)},
    {"decimal.Context", 14, 15, 104, List(DataFields::kDecimalContext)},
    {"decimal.ContextManager", 11, 15, 32, List(DataFields::kDecimalManager)},
    {"decimal.SignalDictMixin", 11, 15, 24},
    {"zoneinfo.ZoneInfo", 11, 15, 208, List(DataFields::kZoneInfo), {}, LibraryForm::kZoneInfo},
    {"_random.Random", 11, 15, 2520},
    {"zlib.Compress", 11, 15, 168, List(DataFields::kZlib)},
    {"zlib.Decompress", 11, 15, 168, List(DataFields::kZlib)},
    {"zlib._ZlibDecompressor", 12, 15, 184, List(DataFields::kZlibDecompressor),
     Blocks(DataFields::kZlibDecompressorBlocks)},
    {"_bz2.BZ2Compressor", 11, 14, 112},
    {"_bz2.BZ2Compressor", 15, 15, 104},
    {"_bz2.BZ2Decompressor", 11, 15, 152, List(DataFields::kBz2), Blocks(DataFields::kBz2Blocks)},
    {"_lzma.LZMACompressor", 11, 14, 192},
    {"_lzma.LZMACompressor", 15, 15, 184},
    {"_lzma.LZMADecompressor", 11, 15, 224, List(DataFields::kLzma), Blocks(DataFields::kLzmaBlocks)},
    {"compression.zstd.ZstdCompressor", 14, 15, 56, List(DataFields::kZstdCompressor)},
    {"compression.zstd.ZstdDecompressor", 14, 15, 80, List(DataFields::kZstdDecompressor),
     Blocks(DataFields::kZstdDecompressorBlocks)},
    {"compression.zstd.ZstdDict", 14, 15, 56, List(DataFields::kZstdDict), Blocks(DataFields::kZstdDictBlocks)},
    {"_socket.socket", 11, 11, 48},
    {"_socket.socket", 12, 15, 56},
    {"select.epoll", 11, 15, 24},
    {"select.poll", 11, 15, 48, List(DataFields::kPoll), Blocks(DataFields::kPollBlocks)},
    {"_ssl._SSLContext", 11, 12, 96, List(SslFields::kContext), Blocks(SslFields::kContextBlocks)},
    {"_ssl._SSLContext", 13, 13, 112, List(SslFields::kContext13), Blocks(SslFields::kContextBlocks)},
    {"_ssl._SSLContext", 13, 15, 120, List(SslFields::kContext13), Blocks(SslFields::kContextBlocks)},
    {"_ssl._SSLSocket", 11, 11, 96, List(SslFields::kSocket)},
    {"_ssl._SSLSocket", 12, 13, 80, List(SslFields::kSocket12)},
    {"_ssl._SSLSocket", 14, 14, 88, List(SslFields::kSocket12)},
    {"_ssl._SSLSocket", 15, 15, 72, List(SslFields::kSocket15)},
    {"_ssl.SSLSession", 11, 15, 32, List(SslFields::kSession)},
    {"_ssl.MemoryBIO", 11, 15, 32},
    {"_ssl.Certificate", 11, 15, 32},
    {"_hashlib.HASH", 11, 15, 32},
    {"_hashlib.HMAC", 11, 14, 32},
    {"_hashlib.HMAC", 15, 15, 40},
    {"_hmac.HMAC", 14, 15, 72, List(DataFields::kHmac14)},
    {"sqlite3.Connection", 11, 11, 216, List(SqliteFields::kConnection), {}, LibraryForm::kSqliteConnection},
    {"sqlite3.Connection", 12, 14, 224, List(SqliteFields::kConnection12), {}, LibraryForm::kSqliteConnection},
    {"sqlite3.Connection", 15, 15, 208, List(SqliteFields::kConnection15), {}, LibraryForm::kSqliteConnection},
    {"sqlite3.Cursor", 11, 15, 104, List(SqliteFields::kCursor)},
    {"sqlite3.Row", 11, 15, 32, List(SqliteFields::kRow)},
    {"sqlite3.Statement", 11, 15, 32},
    {"sqlite3.Blob", 11, 15, 48, List(SqliteFields::kBlob)},
    {"sqlite3.PrepareProtocol", 11, 15, 16},
    {"posix.DirEntry", 11, 15, 72, List(DataFields::kFolderEntry)},
    {"posix.ScandirIterator", 11, 12, 104, List(DataFields::kFolder)},
    {"posix.ScandirIterator", 13, 13, 120, List(DataFields::kFolder13)},
    {"posix.ScandirIterator", 13, 15, 128, List(DataFields::kFolder14)},
    {"_md5.md5", 11, 11, 112},
    {"_md5.md5", 12, 15, 32},
    {"_sha1.sha1", 11, 11, 112},
    {"_sha1.sha1", 12, 12, 32},
    {"_sha1.sha1", 13, 14, 40},
    {"_sha1.sha1", 15, 15, 32},
    {"_sha2.*", 12, 12, 40},
    {"_sha2.*", 13, 15, 32},
    {"_sha512.*", 11, 11, 224},
    {"_sha256.*", 11, 11, 112},
    {"_sha3.*", 11, 11, 240},
    {"_sha3.*", 12, 13, 32},
    {"_sha3.*", 13, 15, 48},
    {"_blake2.*", 11, 12, 448},
    {"_blake2.*", 11, 12, 240},
    {"_blake2.*", 13, 13, 440},
    {"_blake2.*", 13, 13, 232},
    {"_blake2.*", 14, 14, 32},
    {"_blake2.*", 15, 15, 40},
    {"sys.legacy_event_handler", 12, 15, 32},
    {"lazy_import", 15, 15, 56, List(DataFields::kLazyImport)},
    {"_curses.window", 11, 13, 32},
    {"_curses.window", 13, 15, 40, List(DataFields::kWindow)},
    {"_tkinter.Tcl_Obj", 11, 15, 32, List(DataFields::kTclObject)},
    {"_tkinter.tktimertoken", 11, 15, 32, List(DataFields::kTclTimer)},
    {"_tkinter.tkapp", 11, 12, 128},
    {"_tkinter.tkapp", 13, 13, 136, List(DataFields::kTclApplication)},
    {"_abc._abc_data", 11, 15, 48, List(DataFields::kAbc)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_DATA_H_
