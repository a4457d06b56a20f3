// Where an export goes: a file, or standard output; as it is, or packed by gzip. Exports may be large, so they are written piece by
// piece; whoever writes need not look at every step: the first error is kept, all that follows is dropped, and Finish() tells it.
//
//     LIMPET_ASSIGN_OR_RETURN(Sink sink, Sink::Open("app.pb.gz", Packing::kGzip));
//     sink.Write(...);
//     return sink.Finish();
//
// A file is written beside its place and renamed by Finish: who finds it, finds it whole. Pipes and devices are written to directly.
#ifndef LIMPET_INTERCHANGE_SINK_H_
#define LIMPET_INTERCHANGE_SINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"

struct z_stream_s;

namespace limpet::interchange {

enum class Packing : uint8_t { kNone, kGzip };

class Sink {
 public:
  // `path` "-" is standard output.
  static Result<Sink> Open(const std::string& path, Packing packing);

  Sink(Sink&&) noexcept = default;
  Sink& operator=(Sink&&) = delete;
  ~Sink();  // without Finish: as if nothing had been written, where that can be

  void Write(std::string_view bytes);
  // False: nothing of what follows will get anywhere; whoever has much to write may stop.
  bool good() const { return error_.empty() && !reader_left_; }

  // A reader that went away (`limpet export ... | head`) is no error; a full disk is one.
  Status Finish();

 private:
  struct EndStream {
    void operator()(z_stream_s* stream) const;
  };
  Sink() = default;
  Status StartPacking();
  void Pack(std::string_view bytes, int flush);
  void Put(std::string_view bytes);  // behind the packing
  void Flush();
  void Fail(int error);

  std::string path_;
  std::string temporary_;  // empty: written to directly
  base::FileDescriptor own_;
  int fd_ = -1;
  std::string buffer_;
  std::unique_ptr<z_stream_s, EndStream> packer_;
  std::string error_;
  bool reader_left_ = false;
};

}  // namespace limpet::interchange

#endif  // LIMPET_INTERCHANGE_SINK_H_
