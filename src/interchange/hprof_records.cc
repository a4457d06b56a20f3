#include "interchange/hprof_records.h"

#include <algorithm>

#include "base/text.h"

namespace limpet::interchange {
namespace {

constexpr size_t kSegmentBytes = size_t{1} << 18;
constexpr size_t kIdBytes = 8;

std::string BigEndian(uint64_t value, int count) {
  std::string bytes;
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) bytes.push_back(char(value >> shift));
  return bytes;
}

}  // namespace

HprofRecords::HprofRecords(uint64_t realtime_ns, Sink* sink) : sink_(sink) {
  sink_->Write(std::string_view("JAVA PROFILE 1.0.2\0", 19));
  sink_->Write(BigEndian(kIdBytes, 4) + BigEndian(realtime_ns / 1'000'000, 8));
}

void HprofRecords::PutHead(HprofTag tag, size_t size) {
  sink_->Write(BigEndian(uint8_t(tag), 1) + BigEndian(0, 4) + BigEndian(size, 4));
}

void HprofRecords::Begin(HprofTag tag) {
  EndSegment();
  tag_ = tag;
}

void HprofRecords::End() {
  PutHead(tag_, body_.size());
  sink_->Write(body_);
  body_.clear();
}

void HprofRecords::BeginItem(HprofItem item) {
  if (body_.size() >= kSegmentBytes) EndSegment();
  Put1(uint8_t(item));
}

void HprofRecords::EndSegment() {
  if (body_.empty()) return;
  tag_ = HprofTag::kHeapSegment;
  End();
}

void HprofRecords::EndHeap() {
  EndSegment();
  PutHead(HprofTag::kHeapEnd, 0);
}

void HprofRecords::PutZeros(uint64_t id, uint32_t count) {
  BeginItem(HprofItem::kPrimitiveArray);
  Put8(id);
  Put4(0);
  Put4(count);
  Put1(uint8_t(HprofType::kByte));
  if (count < kSegmentBytes) {
    body_.append(count, '\0');
    return;
  }
  // Not through the buffer: these may be gigabytes.
  PutHead(HprofTag::kHeapSegment, body_.size() + count);
  sink_->Write(body_);
  body_.clear();
  static const std::string zeros(size_t{1} << 16, '\0');
  for (size_t left = count; left > 0 && sink_->good();) {
    const size_t now = std::min(left, zeros.size());
    sink_->Write(std::string_view(zeros).substr(0, now));
    left -= now;
  }
}

uint64_t HprofRecords::TellString(std::string_view text) {
  const std::string valid = base::ReplaceInvalidUtf8(text);
  Begin(HprofTag::kString);
  Put8(++strings_);
  PutText(valid);
  End();
  return strings_;
}

}  // namespace limpet::interchange
