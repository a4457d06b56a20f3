// Where the bytes of a `data` file come from. Only ever copied from, never mapped: a file that is cut short while it is read must not
// be fatal, and what was checked must not change afterwards.
#ifndef LIMPET_CAPTURE_BYTE_SOURCE_H_
#define LIMPET_CAPTURE_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"

namespace limpet::capture {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Copies up to `size` bytes at `offset` to `to`; how many there were.
  virtual size_t Read(uint64_t offset, void* to, size_t size) const = 0;
  // True where the bytes may change between two reads.
  virtual bool may_change() const = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  size_t Read(uint64_t offset, void* to, size_t size) const override;
  bool may_change() const override { return false; }

 private:
  std::string_view bytes_;
};

class FileSource final : public ByteSource {
 public:
  static Result<FileSource> Open(const std::string& path);
  size_t Read(uint64_t offset, void* to, size_t size) const override;
  bool may_change() const override { return true; }

 private:
  explicit FileSource(base::FileDescriptor file) : file_(std::move(file)) {}
  base::FileDescriptor file_;
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_BYTE_SOURCE_H_
