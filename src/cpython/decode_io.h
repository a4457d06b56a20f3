// _io: files, buffers and text streams. Their own buffers are blocks; what a stream wraps is a reference.
#ifndef LIMPET_CPYTHON_DECODE_IO_H_
#define LIMPET_CPYTHON_DECODE_IO_H_

#include <cstdint>

#include "cpython/decode_library.h"

namespace limpet::cpython {

// Modules/_io/stringio.c from 3.14 on: what was written is in a PyUnicodeWriter of its own until somebody reads it.
template <class L, class Memory, class Sink>
bool DecodeStringWriter(Memory& memory, uint64_t object, Sink& sink) {
  static constexpr int kWriter = 56;
  static constexpr int kWriterSize = 56;
  uint64_t writer = 0;
  if (!Get(memory, object + kWriter, &writer)) return false;
  if (writer == 0) return true;
  uint64_t buffer = 0;
  if (!Get(memory, writer, &buffer)) return false;
  TellBlock(sink, writer, kWriterSize);
  TellField(sink, "buffer", buffer);
  return true;
}

struct IoFields {
  // Modules/_io/fileio.c: the stat that 3.14 took when it opened the file.
  static constexpr Block kFile14[] = {OneBlock(24, 144)};
  // Modules/_io/bufferedio.c. The lock is a semaphore (sem_t).
  static constexpr Field kBuffered[] = {Attribute(16, "raw")};
  static constexpr Block kBufferedBlocks[] = {Counted(56, 120, 1), OneBlock(104, 32)};
  static constexpr Field kPair[] = {Hidden(16, "reader"), Hidden(24, "writer")};
  // Modules/_io/textio.c
  static constexpr Field kText[] = {
      Attribute(32, "buffer"), Attribute(40, "encoding"), Hidden(48, "encoder"),        Hidden(56, "decoder"),
      Hidden(64, "readnl"),    Attribute(72, "errors"),   Hidden(120, "decoded_chars"), Hidden(136, "pending_bytes"),
      Hidden(152, "snapshot"), Hidden(168, "raw")};
  static constexpr Field kNewlineDecoder[] = {Hidden(16, "decoder"), Hidden(24, "errors")};
  // Modules/_io/stringio.c
  static constexpr Field kString[] = {Hidden(56, "accu.large"), Hidden(64, "accu.small"), Hidden(80, "decoder"),
                                      Hidden(88, "readnl"), Hidden(96, "writenl")};
  static constexpr Field kString12[] = {Hidden(56, "buffer"), Hidden(120, "decoder"), Hidden(128, "readnl"),
                                        Hidden(136, "writenl")};
  static constexpr Field kString14[] = {Hidden(72, "decoder"), Hidden(80, "readnl"), Hidden(88, "writenl")};
  static constexpr Block kStringBlocks[] = {Counted(16, 40, 4)};
  // Modules/_io/bytesio.c
  static constexpr Field kBytes[] = {Hidden(16, "buf")};
  static constexpr Field kBytesBuffer[] = {Hidden(16, "source")};
};

inline constexpr LibraryType kIoTypes[] = {
    {"_io._IOBase", 11, 15, 32},
    {"_io._RawIOBase", 11, 15, 32},
    {"_io._BufferedIOBase", 11, 15, 32},
    {"_io._TextIOBase", 11, 15, 32},
    {"_io.FileIO", 11, 13, 48},
    {"_io.FileIO", 14, 15, 48, {}, Blocks(IoFields::kFile14)},
    {"_io.BufferedReader", 11, 15, 152, List(IoFields::kBuffered), Blocks(IoFields::kBufferedBlocks)},
    {"_io.BufferedWriter", 11, 15, 152, List(IoFields::kBuffered), Blocks(IoFields::kBufferedBlocks)},
    {"_io.BufferedRandom", 11, 15, 152, List(IoFields::kBuffered), Blocks(IoFields::kBufferedBlocks)},
    {"_io.BufferedRWPair", 11, 15, 48, List(IoFields::kPair)},
    {"_io.TextIOWrapper", 11, 11, 192, List(IoFields::kText)},
    {"_io.TextIOWrapper", 12, 15, 200, List(IoFields::kText)},
    {"_io.IncrementalNewlineDecoder", 11, 15, 40, List(IoFields::kNewlineDecoder)},
    {"_io.StringIO", 11, 11, 120, List(IoFields::kString), Blocks(IoFields::kStringBlocks)},
    {"_io.StringIO", 12, 13, 168, List(IoFields::kString12), Blocks(IoFields::kStringBlocks)},
    {"_io.StringIO", 14, 15, 120, List(IoFields::kString14), Blocks(IoFields::kStringBlocks),
     LibraryForm::kStringWriter},
    {"_io.BytesIO", 11, 15, 64, List(IoFields::kBytes)},
    {"_io._BytesIOBuffer", 11, 15, 24, List(IoFields::kBytesBuffer)},
};

}  // namespace limpet::cpython

#endif  // LIMPET_CPYTHON_DECODE_IO_H_
