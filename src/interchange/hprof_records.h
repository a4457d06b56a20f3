// The records of an HPROF file, version 1.0.2, with ids of 8 bytes; numbers are big-endian.
#ifndef LIMPET_INTERCHANGE_HPROF_RECORDS_H_
#define LIMPET_INTERCHANGE_HPROF_RECORDS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "interchange/sink.h"

namespace limpet::interchange {

enum class HprofTag : uint8_t {
  kString = 0x01,
  kLoadClass = 0x02,
  kFrame = 0x04,
  kTrace = 0x05,
  kHeapSegment = 0x1c,
  kHeapEnd = 0x2c,
};

// Records inside of a heap segment.
enum class HprofItem : uint8_t {
  kRootJniGlobal = 0x01,
  kRootFrame = 0x03,
  kRootClass = 0x05,
  kRootThread = 0x08,
  kClass = 0x20,
  kInstance = 0x21,
  kObjectArray = 0x22,
  kPrimitiveArray = 0x23,
  kRootUnknown = 0xff,
};

enum class HprofType : uint8_t { kObject = 2, kByte = 8, kLong = 11 };

class HprofRecords {
 public:
  HprofRecords(uint64_t realtime_ns, Sink* sink);

  // The beginning of a record that is put together by the Put functions, and its end.
  void Begin(HprofTag tag);
  void End();
  // Items of the heap: the segments around them are made here.
  void BeginItem(HprofItem item);
  void EndHeap();

  void Put1(uint8_t value) { body_.push_back(char(value)); }
  void Put2(uint16_t value) { PutBytes(value, 2); }
  void Put4(uint32_t value) { PutBytes(value, 4); }
  void Put8(uint64_t value) { PutBytes(value, 8); }
  void PutText(std::string_view text) { body_ += text; }
  // A byte[] of zeros: an item of its own.
  void PutZeros(uint64_t id, uint32_t count);

  // The number of a string, told when it is first seen. Not within a record.
  uint64_t TellString(std::string_view text);

 private:
  void PutBytes(uint64_t value, int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) body_.push_back(char(value >> shift));
  }
  void PutHead(HprofTag tag, size_t size);
  void EndSegment();

  Sink* sink_;
  HprofTag tag_ = HprofTag::kString;
  std::string body_;  // of the record or segment that is being made
  uint64_t strings_ = 0;
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_HPROF_RECORDS_H_
