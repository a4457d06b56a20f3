// Memory of something else (a process, a core file) under addresses of our own, so that a stretch of it is one stretch here, too.
//
// Each stretch of adjoining memory is one stretch of a reservation of ours, and a row of pieces. A piece is either complete (everything
// was copied, or it is zero), or its pages are fetched when they are asked for, from the piece's source.
//
//     theirs   0x55d0..  [r--p|rw-p]      0x7f12..  [rw-p              ]
//     ours               [lazy|full]                [full              ]
#ifndef LIMPET_PROCESS_MEMORY_MIRROR_H_
#define LIMPET_PROCESS_MEMORY_MIRROR_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/status.h"

namespace limpet::process {

inline constexpr uint64_t kPageSize = 4096;

// Where the pages of pieces come from that were not copied beforehand.
class PageSource {
 public:
  virtual ~PageSource() = default;
  // Copies [address, address + size), whole pages, to `to`. False: they cannot be read (`to` may be half written).
  virtual bool Load(uint32_t piece, uint64_t address, size_t size, char* to) = 0;
};

class MemoryMirror {
 public:
  // A stretch of memory, of whole pages.
  struct Piece {
    uint64_t begin = 0;
    uint64_t end = 0;
    bool complete = false;
    char* host = nullptr;      // where it is here
    uint8_t* pages = nullptr;  // of a piece that is not complete: PageState of each
  };

  MemoryMirror() = default;
  MemoryMirror(MemoryMirror&& other) noexcept { *this = std::move(other); }
  MemoryMirror& operator=(MemoryMirror&& other) noexcept;
  ~MemoryMirror() { Release(); }

  // Reserves room for the pieces: in order of address, whole pages, no overlap. Takes address space, and memory only page by page.
  // Again with other pieces: what was written so far is forgotten, but memory that was taken for a stretch that is still there is kept.
  Status Reserve(std::vector<Piece> pieces);
  // REQUIRES: outlives the mirror.
  void set_source(PageSource* source) { source_ = source; }

  const std::vector<Piece>& pieces() const { return pieces_; }
  // Where `address` is here, for copying to beforehand. REQUIRES: it lies in pieces()[piece].
  char* HostAt(uint32_t piece, uint64_t address) { return pieces_[piece].host + (address - pieces_[piece].begin); }
  // Notes that a page of an incomplete piece was copied.
  void SetLoaded(uint32_t piece, uint64_t address, uint64_t size);
  void SetComplete(uint32_t piece) { pieces_[piece].complete = true; }

  // The bytes [address, address + size), or null if not all of them can be read. Valid as long as the mirror.
  const char* Span(uint64_t address, size_t size) {
    const Recent& recent = recent_[address / kRecentBytes % kRecents];
    if (__builtin_expect(address - recent.begin < recent.size && size <= recent.size - (address - recent.begin), 1)) {
      return recent.host + (address - recent.begin);
    }
    return FindSpan(address, size);
  }

 private:
  enum PageState : uint8_t { kAbsent = 0, kLoaded = 1, kUnreadable = 2 };
  // What is there around an address of this megabyte that was asked for; all else is found by searching.
  struct Recent {
    uint64_t begin = 0;
    uint64_t size = 0;
    const char* host = nullptr;
  };
  static constexpr uint64_t kRecentBytes = 1 << 20;
  static constexpr size_t kRecents = 1024;

  struct Stretch {
    uint64_t begin;
    uint64_t end;
    char* host;
  };

  Status Place(std::vector<Stretch>* stretches);
  Status PlacePageStates();
  const char* FindSpan(uint64_t address, size_t size);
  void Remember(const Piece& piece, uint64_t address);
  bool LoadPages(uint32_t piece, uint64_t address, uint64_t size);
  void Release();

  std::vector<Piece> pieces_;
  PageSource* source_ = nullptr;
  std::vector<Stretch> stretches_;
  // Address space from the kernel, which becomes memory page by page.
  using Reservation = std::pair<char*, size_t>;
  std::vector<Reservation> reservations_;
  Reservation page_states_ = {nullptr, 0};
  std::vector<Recent> recent_ = std::vector<Recent>(kRecents);
};

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_MEMORY_MIRROR_H_
