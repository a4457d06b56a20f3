#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace limpet::base {
namespace {

Status SystemError(const std::string& what, int error) { return Error(what + ": " + ErrnoText(error)); }

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error(ErrnoText(errno));
    bytes.remove_prefix(size_t(written));
  }
  return Status::Ok();
}

}  // namespace

std::string ErrnoText(int error) { return std::generic_category().message(error); }

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<FileDescriptor> OpenForReading(const std::string& path) {
  // O_NONBLOCK: a named pipe in the place of a file must not hang us.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return SystemError("cannot open " + path, errno);
  FileDescriptor file(fd);
  struct stat info;
  if (fstat(fd, &info) != 0) return SystemError("cannot look at " + path, errno);
  if (S_ISDIR(info.st_mode)) return Error("cannot read " + path + ": it is a directory");
  if (!S_ISREG(info.st_mode)) return Error("cannot read " + path + ": it is not a regular file");
  return file;
}

Result<std::string> ReadFile(const std::string& path) {
  LIMPET_ASSIGN_OR_RETURN(const FileDescriptor file, OpenForReading(path));
  std::string bytes;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t n = read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError("cannot read " + path, errno);
    if (n == 0) return bytes;
    bytes.append(buffer, size_t(n));
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return SystemError("cannot write " + path, errno);
  const FileDescriptor file(fd);
  Status status = WriteAll(fd, bytes);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) status = Error(ErrnoText(errno));
  if (!status.ok()) unlink(temporary.c_str());
  return status.WithContext("cannot write " + path);
}

Result<MappedFile> MappedFile::Open(const std::string& path) {
  LIMPET_ASSIGN_OR_RETURN(const FileDescriptor file, OpenForReading(path));
  struct stat info;
  if (fstat(file.get(), &info) != 0) return SystemError("cannot look at " + path, errno);
  if (info.st_size == 0) return MappedFile(nullptr, 0);
  void* data = mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return SystemError("cannot map " + path, errno);
  return MappedFile(data, size_t(info.st_size));
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace limpet::base
