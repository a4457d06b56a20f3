#include "capture/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace limpet::capture {

size_t MemorySource::Read(uint64_t offset, void* to, size_t size) const {
  if (offset >= bytes_.size() || size == 0) return 0;
  const size_t available = std::min(size, bytes_.size() - size_t(offset));
  std::memcpy(to, bytes_.data() + offset, available);
  return available;
}

Result<FileSource> FileSource::Open(const std::string& path) {
  LIMPET_ASSIGN_OR_RETURN(base::FileDescriptor file, base::OpenForReading(path));
  return FileSource(std::move(file));
}

size_t FileSource::Read(uint64_t offset, void* to, size_t size) const {
  size_t done = 0;
  while (done < size && offset + done <= uint64_t(std::numeric_limits<off_t>::max())) {
    const ssize_t n = pread(file_.get(), static_cast<char*>(to) + done, size - done, off_t(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;  // the end, or a part of the disk that cannot be read: either way there is no more
    done += size_t(n);
  }
  return done;
}

}  // namespace limpet::capture
