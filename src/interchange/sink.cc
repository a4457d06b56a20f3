#include "interchange/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace limpet::interchange {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 18;
constexpr size_t kMostAtOnce = size_t{1} << 30;  // zlib counts in 32 bits
constexpr int kGzipFormat = 15 + 16;             // the largest window, with gzip's header

}  // namespace

void Sink::EndStream::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;
}

Result<Sink> Sink::Open(const std::string& path, Packing packing) {
  Sink sink;
  sink.path_ = path;
  if (path == "-") {
    sink.path_ = "standard output";
    sink.fd_ = STDOUT_FILENO;
  } else {
    struct stat there = {};
    const bool replaces = stat(path.c_str(), &there) != 0 || S_ISREG(there.st_mode);
    const std::string target = replaces ? fmt::format("{}.{}.part", path, getpid()) : path;
    sink.own_ = base::FileDescriptor(open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!sink.own_.valid()) return Error(fmt::format("cannot write '{}': {}", path, base::ErrnoText(errno)));
    sink.fd_ = sink.own_.get();
    if (replaces) sink.temporary_ = target;
  }
  if (packing == Packing::kGzip) LIMPET_RETURN_IF_ERROR(sink.StartPacking());
  return sink;
}

Sink::~Sink() {
  if (own_.valid() && !temporary_.empty()) unlink(temporary_.c_str());
}

Status Sink::StartPacking() {
  packer_.reset(new z_stream_s());
  const int done = deflateInit2(packer_.get(), Z_BEST_SPEED, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY);
  return done == Z_OK ? Status::Ok() : Error("no memory for packing");
}

void Sink::Write(std::string_view bytes) {
  if (!packer_) return Put(bytes);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMostAtOnce)))
    Pack(bytes.substr(0, kMostAtOnce), Z_NO_FLUSH);
}

void Sink::Pack(std::string_view bytes, int flush) {
  std::array<char, 1 << 16> packed;
  packer_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
  packer_->avail_in = uInt(bytes.size());
  do {
    packer_->next_out = reinterpret_cast<Bytef*>(packed.data());
    packer_->avail_out = uInt(packed.size());
    deflate(packer_.get(), flush);
    Put({packed.data(), packed.size() - packer_->avail_out});
  } while (packer_->avail_out == 0);
}

void Sink::Put(std::string_view bytes) {
  if (!good()) return;
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) Flush();
}

void Sink::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && good()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written >= 0) rest.remove_prefix(size_t(written));
    else if (errno != EINTR) Fail(errno);
  }
  buffer_.clear();
}

void Sink::Fail(int error) {
  if (error == EPIPE) reader_left_ = true;
  else if (error_.empty()) error_ = fmt::format("cannot write '{}': {}", path_, base::ErrnoText(error));
}

Status Sink::Finish() {
  if (packer_) Pack({}, Z_FINISH);
  Flush();
  if (own_.valid() && good() && !temporary_.empty()) {
    if (std::rename(temporary_.c_str(), path_.c_str()) == 0) temporary_.clear();
    else Fail(errno);
  }
  return error_.empty() ? Status::Ok() : Error(error_);
}

}  // namespace limpet::interchange
