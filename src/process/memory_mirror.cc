#include "process/memory_mirror.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "fmt/format.h"

namespace limpet::process {
namespace {

constexpr uint64_t kPagesAtOnce =
    64;  // that are fetched together: code that reads one object of a library soon reads the next
constexpr uint64_t kMostMapped = uint64_t{1} << 46;

Result<std::pair<char*, size_t>> ReserveMemory(uint64_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED) return std::pair<char*, size_t>(static_cast<char*>(memory), size);
  return Error(
      fmt::format("cannot reserve address space for its {} MB of mapped memory: {} (is there a limit, ulimit -v?)",
                  size >> 20, base::ErrnoText(errno)));
}

}  // namespace

MemoryMirror& MemoryMirror::operator=(MemoryMirror&& other) noexcept {
  std::swap(pieces_, other.pieces_);
  std::swap(source_, other.source_);
  std::swap(stretches_, other.stretches_);
  std::swap(reservations_, other.reservations_);
  std::swap(page_states_, other.page_states_);
  std::swap(recent_, other.recent_);
  return *this;
}

void MemoryMirror::Release() {
  for (const auto& [memory, size] : reservations_) munmap(memory, size);
  reservations_.clear();
  if (page_states_.first) munmap(page_states_.first, page_states_.second);
  page_states_ = {nullptr, 0};
}

Status MemoryMirror::Reserve(std::vector<Piece> pieces) {
  std::vector<Stretch> stretches;
  for (const Piece& piece : pieces) {
    LIMPET_CHECK(piece.begin < piece.end && piece.begin % kPageSize == 0 && piece.end % kPageSize == 0);
    LIMPET_CHECK(stretches.empty() || piece.begin >= stretches.back().end);
    if (stretches.empty() || piece.begin != stretches.back().end)
      stretches.push_back({piece.begin, piece.end, nullptr});
    stretches.back().end = piece.end;
  }
  LIMPET_RETURN_IF_ERROR(Place(&stretches));
  stretches_ = std::move(stretches);
  pieces_ = std::move(pieces);
  std::fill(recent_.begin(), recent_.end(), Recent{});
  auto stretch = stretches_.begin();
  for (Piece& piece : pieces_) {
    while (piece.begin >= stretch->end) ++stretch;
    piece.host = stretch->host + (piece.begin - stretch->begin);
  }
  return PlacePageStates();
}

Status MemoryMirror::PlacePageStates() {
  uint64_t total = 0;
  for (const Piece& piece : pieces_) {
    if (!piece.complete) total += (piece.end - piece.begin) / kPageSize;
  }
  if (page_states_.first) munmap(page_states_.first, page_states_.second);
  page_states_ = {nullptr, 0};
  if (total == 0) return Status::Ok();
  LIMPET_ASSIGN_OR_RETURN(page_states_, ReserveMemory(total));
  auto* at = reinterpret_cast<uint8_t*>(page_states_.first);
  for (Piece& piece : pieces_) {
    if (piece.complete) continue;
    piece.pages = at;
    at += (piece.end - piece.begin) / kPageSize;
  }
  return Status::Ok();
}

// Gives each stretch its place: the one that it lay in before, or a part of a new reservation.
Status MemoryMirror::Place(std::vector<Stretch>* stretches) {
  uint64_t total = 0;
  for (Stretch& stretch : *stretches) {
    const auto after = std::upper_bound(stretches_.begin(), stretches_.end(), stretch.begin,
                                        [](uint64_t a, const Stretch& other) { return a < other.begin; });
    if (after != stretches_.begin() && stretch.end <= std::prev(after)->end) {
      stretch.host = std::prev(after)->host + (stretch.begin - std::prev(after)->begin);
    } else if (stretch.end - stretch.begin > kMostMapped - total) {
      return Error("it has more memory mapped than fits into our own address space");
    } else {
      total += stretch.end - stretch.begin;
    }
  }
  if (total == 0) return Status::Ok();
  LIMPET_ASSIGN_OR_RETURN(const Reservation memory, ReserveMemory(total));
  reservations_.push_back(memory);
  madvise(memory.first, total, MADV_NOHUGEPAGE);  // most of it is holes: a huge page for each byte read would add up
  char* host = memory.first;
  for (Stretch& stretch : *stretches) {
    if (stretch.host) continue;
    stretch.host = host;
    host += stretch.end - stretch.begin;
  }
  return Status::Ok();
}

void MemoryMirror::SetLoaded(uint32_t index, uint64_t address, uint64_t size) {
  Piece& piece = pieces_[index];
  if (piece.complete) return;
  const uint64_t first = (address - piece.begin) / kPageSize;
  std::fill_n(piece.pages + first, size / kPageSize, uint8_t{kLoaded});
}

const char* MemoryMirror::FindSpan(uint64_t address, size_t size) {
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), address,
                                      [](uint64_t a, const Piece& piece) { return a < piece.begin; });
  if (after == pieces_.begin()) return nullptr;
  const auto first = std::prev(after);
  if (address >= first->end || size > ~address) return nullptr;
  const uint64_t end = address + size;
  uint64_t at = address;
  for (auto piece = first;; ++piece) {
    const uint64_t piece_end = std::min(end, piece->end);
    if (!piece->complete && !LoadPages(uint32_t(piece - pieces_.begin()), at, piece_end - at)) return nullptr;
    if (end <= piece->end) break;
    at = piece->end;
    if (std::next(piece) == pieces_.end() || std::next(piece)->begin != at) return nullptr;
  }
  Remember(*first, address);
  return first->host + (address - first->begin);
}

// Notes what is there around `address`, so that the next span of the same megabyte is found at once.
void MemoryMirror::Remember(const Piece& piece, uint64_t address) {
  Recent& recent = recent_[address / kRecentBytes % kRecents];
  if (piece.complete) {
    recent = {piece.begin, piece.end - piece.begin, piece.host};
    return;
  }
  const uint64_t page = (address - piece.begin) / kPageSize;
  if (piece.pages[page] != kLoaded) return;  // an empty span
  const uint64_t pages = (piece.end - piece.begin) / kPageSize;
  uint64_t first = page, end = page + 1;
  while (first > 0 && page - first < kPagesAtOnce && piece.pages[first - 1] == kLoaded) --first;
  while (end < pages && end - page < kPagesAtOnce && piece.pages[end] == kLoaded) ++end;
  recent = {piece.begin + first * kPageSize, (end - first) * kPageSize, piece.host + first * kPageSize};
}

// True when all pages of the range are there in the end. REQUIRES: it lies in the piece.
bool MemoryMirror::LoadPages(uint32_t index, uint64_t address, uint64_t size) {
  Piece& piece = pieces_[index];
  const uint64_t pages = (piece.end - piece.begin) / kPageSize;
  const uint64_t last = (address + (size ? size - 1 : 0) - piece.begin) / kPageSize;
  for (uint64_t page = (address - piece.begin) / kPageSize; page <= last; ++page) {
    if (piece.pages[page] == kLoaded) continue;
    if (piece.pages[page] == kUnreadable || !source_) return false;
    uint64_t count = 1;
    while (count < kPagesAtOnce && page + count < pages && piece.pages[page + count] == kAbsent) ++count;
    const auto load = [&](uint64_t how_many) {
      const uint64_t from = piece.begin + page * kPageSize;
      return source_->Load(index, from, how_many * kPageSize, piece.host + page * kPageSize);
    };
    if (!load(count)) {
      count = 1;
      if (!load(1)) {
        piece.pages[page] = kUnreadable;
        return false;
      }
    }
    std::fill_n(piece.pages + page, count, uint8_t{kLoaded});
  }
  return true;
}

}  // namespace limpet::process
