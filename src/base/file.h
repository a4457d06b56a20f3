// Whole files, and files as memory. Errors name the path and what the system said.
#ifndef LIMPET_BASE_FILE_H_
#define LIMPET_BASE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace limpet::base {

// "Permission denied" for EACCES, and so on.
std::string ErrnoText(int error);

// The bytes of a regular file, or of one in /proc.
Result<std::string> ReadFile(const std::string& path);

// Writes `path` by way of a temporary file beside it and a rename: at every moment, `path` is either as before or complete.
Status WriteFileAtomically(const std::string& path, std::string_view bytes);

// An open file descriptor that closes itself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Opens a file for reading.
Result<FileDescriptor> OpenForReading(const std::string& path);

// A file mapped into memory, read-only. For files that nobody cuts short meanwhile (executables, packed recordings): touching a
// page past a new end of file is fatal. For files that may shrink, read copies instead.
class MappedFile {
 public:
  static Result<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept : data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
    other.size_ = 0;
  }
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  MappedFile(void* data, size_t size) : data_(data), size_(size) {}
  void* data_ = nullptr;  // null for an empty file
  size_t size_ = 0;
};

}  // namespace limpet::base

#endif  // LIMPET_BASE_FILE_H_
