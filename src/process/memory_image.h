// The memory of another process, as it was at one moment: what it could write was copied while all its threads stood still. Files that
// it maps and cannot write are read when they are asked for: from the process, or from the files should it have ended.
//
//     LIMPET_ASSIGN_OR_RETURN(MemoryImage image, MemoryImage::Take(pid));
//     const char* bytes = image.Span(address, size);
//
// A process that ends or calls execve meanwhile makes Take fail; afterwards it does no harm.
#ifndef LIMPET_PROCESS_MEMORY_IMAGE_H_
#define LIMPET_PROCESS_MEMORY_IMAGE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "process/memory_map.h"
#include "process/memory_mirror.h"

namespace limpet::process {

class ImageFiles;

class MemoryImage {
 public:
  static constexpr bool kOwn = false;  // see cpython/decode.h

  // Stops the process, copies, lets it go on. Fails, with the process unharmed, where there is no right to do so, and where the copy would
  // not fit into the memory that is free.
  static Result<MemoryImage> Take(pid_t pid);

  MemoryImage(MemoryImage&&) noexcept;
  MemoryImage& operator=(MemoryImage&&) noexcept;
  ~MemoryImage();

  // The bytes [address, address + size), or null if not all of them can be read. Valid as long as the image.
  const char* Span(uint64_t address, size_t size) { return mirror_.Span(address, size); }

  const MemoryMap& map() const { return map_; }
  size_t threads() const { return threads_; }
  uint64_t pause_ns() const { return pause_ns_; }                  // how long the process stood still
  uint64_t bytes_copied() const { return bytes_copied_; }          // meanwhile
  uint64_t bytes_unreadable() const { return bytes_unreadable_; }  // that should have been: they are zero in the image

 private:
  MemoryImage();

  MemoryMap map_;
  MemoryMirror mirror_;
  std::unique_ptr<ImageFiles> files_;
  size_t threads_ = 0;
  uint64_t pause_ns_ = 0;
  uint64_t bytes_copied_ = 0;
  uint64_t bytes_unreadable_ = 0;
};

}  // namespace limpet::process

#endif  // LIMPET_PROCESS_MEMORY_IMAGE_H_
