#include "capture/memory_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/crc32.h"

namespace limpet::capture {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 47;
constexpr uint64_t kMostTime = uint64_t{1} << 60;

Status CheckHeader(const MemoryHeader& header, const std::string& place) {
  if (std::memcmp(header.magic, kMemoryMagic, sizeof header.magic) != 0)
    return Error(fmt::format("{} is not what limpet writes", place));
  if (header.version != kMemoryVersion)
    return Error(fmt::format("{} is of version {}, this limpet reads {}", place, header.version, kMemoryVersion));
  const bool sizes = header.header_size == sizeof(MemoryHeader) && header.resource_size == sizeof(ResourceRecord) &&
                     header.ledger_size == sizeof(LedgerRecord) && header.max_resources == kMaxResources &&
                     header.max_ledgers == kMaxLedgers;
  if (!sizes || header.header_crc != base::Crc32(&header, offsetof(MemoryHeader, header_crc)))
    return Error(fmt::format("the header of {} is damaged", place));
  return Status::Ok();
}

// Record `index` of those that begin at `base`, or nothing where the file ends before.
template <typename T>
std::optional<T> At(std::string_view bytes, uint32_t base, size_t index) {
  const size_t offset = base + index * sizeof(T);
  if (offset + sizeof(T) > bytes.size()) return std::nullopt;
  T record;
  std::memcpy(&record, bytes.data() + offset, sizeof record);
  return record;
}

bool IsSane(const LedgerRecord& ledger) {
  const uint64_t figures[] = {
      ledger.anon,         ledger.file,           ledger.shared,          ledger.swap,       ledger.live_python,
      ledger.live_raw,     ledger.live_native,    ledger.live_mapped,     ledger.arena_free, ledger.arena_rounding,
      ledger.malloc_pages, ledger.malloc_parts,   ledger.malloc_rounding, ledger.stacks,     ledger.library_data,
      ledger.agent,        ledger.arena_resident, ledger.pinned,          ledger.recording,  ledger.untouched,
      ledger.cgroup_bytes, ledger.cgroup_file};
  const auto sane = [](uint64_t bytes) { return bytes <= kMostBytes; };
  const auto sane_pin = [&](const LedgerPin& pin) { return sane(pin.bytes) && sane(pin.pinned); };
  return std::all_of(std::begin(figures), std::end(figures), sane) && ledger.time_ns <= kMostTime &&
         std::all_of(std::begin(ledger.arena_pins), std::end(ledger.arena_pins), sane_pin) &&
         std::all_of(std::begin(ledger.malloc_pins), std::end(ledger.malloc_pins), sane_pin);
}

// Records are thinned out in place now and then: some may be there twice for a moment, out of order.
void ReadResources(const MemoryHeader& header, std::string_view bytes, MemoryRecord& out) {
  const uint32_t count = std::min(header.resources, kMaxResources);
  for (uint32_t i = 0; i < count; ++i) {
    const std::optional<ResourceRecord> record = At<ResourceRecord>(bytes, kResourceOffset, i);
    if (!record || record->time_ns > kMostTime) continue;
    if (!out.resources.empty() && record->time_ns <= out.resources.back().time_ns) continue;
    out.resources.push_back(*record);
  }
}

void ReadLedgers(std::string_view bytes, const std::string& place, MemoryRecord& out) {
  for (uint32_t i = 0; i < kMaxLedgers; ++i) {
    const std::optional<LedgerRecord> ledger = At<LedgerRecord>(bytes, kLedgerOffset, i);
    if (!ledger || ledger->number == 0) continue;
    if (IsSane(*ledger)) out.ledgers.push_back(*ledger);
    else out.problems.push_back(fmt::format("{}: ledger {} holds impossible figures; left out", place, ledger->number));
  }
  std::sort(out.ledgers.begin(), out.ledgers.end(),
            [](const LedgerRecord& a, const LedgerRecord& b) { return a.number < b.number; });
}

}  // namespace

Result<MemoryRecord> ParseMemory(std::string_view bytes, const std::string& place) {
  const std::optional<MemoryHeader> header = At<MemoryHeader>(bytes, 0, 0);
  if (!header) return Error(fmt::format("{} is too short", place));
  MemoryRecord out;
  if (header->magic[0] == 0) return out;  // killed before there was anything in it
  LIMPET_RETURN_IF_ERROR(CheckHeader(*header, place));
  if (bytes.size() < kMemoryFileSize) out.problems.push_back(fmt::format("{} is cut short", place));
  ReadResources(*header, bytes, out);
  ReadLedgers(bytes, place, out);
  const TrimRecord& trim = header->trim;
  if (header->trims_done && trim.anon_before <= kMostBytes && trim.anon_after <= kMostBytes) out.trim = trim;
  return out;
}

}  // namespace limpet::capture
