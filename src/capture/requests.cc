#include "capture/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace limpet::capture {
namespace {

constexpr uint64_t kMostTime = uint64_t{1} << 60;
constexpr uint64_t kMostCount = uint64_t{1} << 48;

// What was cut off in the middle of a letter ends before it.
std::string Text(const char* begin, size_t room) { return base::ReplaceInvalidUtf8({begin, strnlen(begin, room)}); }

Answerer FromRecord(const RequestRecord& record) {
  Answerer out;
  out.kind = RequestKind{record.kind};
  out.name = Text(record.name, sizeof record.name);
  out.file = Text(record.file, sizeof record.file);
  out.function = Text(record.function, sizeof record.function);
  out.first_line = record.first_line;
  out.count = record.count;
  const uint32_t samples = std::min(record.samples, kMaxRequestSamples);
  for (uint32_t i = 0; i < samples; ++i) {
    const RequestSample& sample = record.sample[i];
    // The count was read first; and every second sample may just be on its way out.
    const RequestSample before = out.samples.empty() ? RequestSample{} : out.samples.back();
    if (sample.time_ns > kMostTime || sample.time_ns < before.time_ns || sample.count <= before.count) continue;
    if (sample.count <= out.count) out.samples.push_back(sample);
  }
  return out;
}

}  // namespace

double Answerer::CountAt(uint64_t time_ns) const {
  const RequestSample* before = nullptr;
  for (const RequestSample& sample : samples) {
    if (sample.time_ns > time_ns) {
      if (!before) return 0;  // the first one says that some have ended, not when the first of them began
      const double share = double(time_ns - before->time_ns) / double(sample.time_ns - before->time_ns);
      return double(before->count) + share * double(sample.count - before->count);
    }
    before = &sample;
  }
  return before ? double(before->count) : 0;
}

Result<Requests> ParseRequests(std::string_view bytes, const std::string& place) {
  RequestsHeader header = {};
  if (bytes.size() < sizeof header) return Error(fmt::format("{} is too short to be what limpet writes", place));
  std::memcpy(&header, bytes.data(), sizeof header);
  Requests out;
  if (std::all_of(std::begin(header.magic), std::end(header.magic), [](char c) { return c == 0; })) return out;
  if (std::memcmp(header.magic, kRequestsMagic, sizeof header.magic) != 0)
    return Error(fmt::format("{} is not what limpet writes", place));
  if (header.version != kRequestsVersion || header.header_size != sizeof header ||
      header.record_size != sizeof(RequestRecord))
    return Error(fmt::format("{} is of version {}, this limpet reads {}", place, header.version, kRequestsVersion));
  const uint32_t records = std::min(header.records, kMaxRequestRecords);
  for (uint32_t i = 0; i < records; ++i) {
    const size_t offset = sizeof header + i * sizeof(RequestRecord);
    if (offset + sizeof(RequestRecord) > bytes.size()) break;
    RequestRecord record;
    std::memcpy(&record, bytes.data() + offset, sizeof record);
    if (record.kind < 1 || record.kind > 3 || record.count > kMostCount) continue;
    out.answerers.push_back(FromRecord(record));
  }
  out.begun = header.begun;
  out.ended = std::min(header.ended, header.begun);
  return out;
}

}  // namespace limpet::capture
