// p<pid>/requests on disk: how many requests and tasks ran, by the function that answers. The Python package writes it
// (python/limpet/_requests.py); docs/format.md tells it field by field.
//
//     header, 128 records; a record is 1024 bytes and 32 samples
//
// A record counts what has ended. Its samples say when the count was what: at most 32, by rising time; when there is no room for
// another, every second one is dropped, in place.
#ifndef LIMPET_CAPTURE_REQUESTS_FORMAT_H_
#define LIMPET_CAPTURE_REQUESTS_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace limpet::capture {

inline constexpr char kRequestsMagic[8] = {'L', 'I', 'M', 'P', 'R', 'E', 'Q', 'S'};
inline constexpr uint32_t kRequestsVersion = 1;
inline constexpr uint32_t kMaxRequestRecords = 128;
inline constexpr uint32_t kMaxRequestSamples = 32;

struct RequestsHeader {
  char magic[8];  // all zero: nothing was counted
  uint32_t version;
  uint32_t header_size;
  uint32_t record_size;
  uint32_t max_records;
  int32_t pid;
  uint32_t records;
  uint64_t begun;
  uint64_t ended;
  uint64_t unused[2];
};
static_assert(sizeof(RequestsHeader) == 64 && offsetof(RequestsHeader, begun) == 32);

struct RequestSample {
  uint64_t time_ns;  // since start_monotonic_ns
  uint64_t count;
};

struct RequestRecord {
  uint64_t count;
  uint32_t kind;  // RequestKind
  uint32_t first_line;
  uint32_t samples;
  uint32_t unused;
  char name[240];  // this and the next two: up to the first zero byte; what does not fit is cut off
  char file[504];
  char function[256];
  RequestSample sample[kMaxRequestSamples];
};
static_assert(sizeof(RequestRecord) == 1536 && offsetof(RequestRecord, file) == 264 &&
              offsetof(RequestRecord, sample) == 1024);

inline constexpr size_t kRequestsFileSize = sizeof(RequestsHeader) + kMaxRequestRecords * sizeof(RequestRecord);

enum class RequestKind : uint32_t {
  kFunction = 1,  // a function of the program that answers
  kPath = 2,      // a path; a frame called after it is in the stack
  kRest = 3,      // all requests; a frame of its own is in the stack around those whose function is known
};

}  // namespace limpet::capture

#endif  // LIMPET_CAPTURE_REQUESTS_FORMAT_H_
